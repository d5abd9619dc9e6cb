//! All connections together.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{self, Settings};
use super::feed::Outgoing;
use super::record::Recorder;
use super::report::Report;
use crate::failure::Failure;

/// Outcomes that may wait for the report.
const OUTCOMES_IN_HAND: usize = 1024;

/// Sends everything, each feed over one connection.
pub(crate) async fn send(
    settings: Settings,
    messages: Vec<Outgoing>,
    mut record: Option<Recorder>,
    stop: CancellationToken,
) -> Result<Report, Failure> {
    let mut report = Report::new(messages.len());
    let started = Instant::now();
    let (outcomes, mut arriving) = mpsc::channel(OUTCOMES_IN_HAND);
    let mut connections = JoinSet::new();
    for (number, share) in shares(messages, settings.connections.get())
        .into_iter()
        .enumerate()
    {
        connections.spawn(connection::run(
            number,
            settings.clone(),
            share,
            started,
            outcomes.clone(),
            stop.clone(),
        ));
    }
    drop(outcomes);
    while let Some(outcome) = arriving.recv().await {
        if let Some(record) = &mut record {
            record.write(&outcome)?;
        }
        report.add(outcome);
    }
    while let Some(joined) = connections.join_next().await {
        joined.map_err(|error| Failure::stopped(format!("a connection's task failed: {error}")))?;
    }
    report.finish(started.elapsed());
    Ok(report)
}

/// Deals the feeds out in the order in which they first appear. Empty shares are left out.
fn shares(messages: Vec<Outgoing>, connections: usize) -> Vec<Vec<(usize, Outgoing)>> {
    let mut home: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut shares = Vec::new();
    for (place, message) in messages.into_iter().enumerate() {
        let next = home.len() % connections;
        let share = *home.entry(message.feed.clone()).or_insert(next);
        if share == shares.len() {
            shares.push(Vec::new());
        }
        shares[share].push((place, message));
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(feed: &str) -> Outgoing {
        Outgoing {
            control_id: String::new(),
            message_type: String::new(),
            feed: feed.into(),
            bytes: bytes::Bytes::new(),
        }
    }

    #[test]
    fn a_feed_stays_on_one_connection_in_order() {
        let messages = ["a", "b", "c", "a", "d", "b"].map(message).to_vec();
        let places: Vec<Vec<usize>> = shares(messages, 3)
            .into_iter()
            .map(|share| share.into_iter().map(|(place, _)| place).collect())
            .collect();
        assert_eq!(places, [vec![0, 3, 4], vec![1, 5], vec![2]]);
    }
}
