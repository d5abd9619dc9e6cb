//! The bulk lane: a backload does not delay messages that someone waits for.

#![allow(clippy::unwrap_used)]

mod support;

use kiln_pipeline::RunningPipeline;
use kiln_pipeline::config::{Config, Lane, ListenerConfig};
use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use support::{Sender, adt, config, field, metric, read_all, start};
use tokio::net::TcpStream;

/// Messages of the backload.
const LOAD: usize = 4000;

/// An interactive listener and one for bulk loads.
fn lanes(directory: &std::path::Path) -> Config {
    let mut config = config(directory);
    config.listeners.push(ListenerConfig {
        name: "load".to_owned(),
        feed: Some("load".to_owned()),
        lane: Lane::Bulk,
        ..config.listeners[0].clone()
    });
    // One message a transaction: a backload takes its time.
    config.limits.batch_messages = 1;
    config
}

async fn load(running: &RunningPipeline, messages: usize) {
    let address = running.listeners()[1].address;
    let mut sender = Sender::over(TcpStream::connect(address).await.unwrap());
    for n in 0..messages {
        sender.frame(&adt(&format!("L{n}"))).await;
    }
    for _ in 0..messages {
        assert_eq!(field(&sender.answer().await.unwrap(), "MSA", 1), "AA");
    }
}

fn transformed(running: &RunningPipeline, lane: &str) -> i64 {
    metric(
        running,
        &format!("kiln_transform_messages_total{{lane=\"{lane}\"}}"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn interactive_messages_get_through_while_a_backload_waits() {
    let directory = tempfile::tempdir().unwrap();
    let mut listen = lanes(directory.path());
    listen.roles.transform = false;
    let running = start(listen).await;
    load(&running, LOAD).await;
    running.shutdown().await.unwrap();

    let running = start(lanes(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for n in 0..3 {
        let answer = sender.send(&adt(&format!("NOW{n}"))).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
    }
    support::until("the interactive messages", || {
        transformed(&running, "interactive") == 3
    })
    .await;
    let loaded = transformed(&running, "bulk");
    running.shutdown().await.unwrap();
    let resources = read_all(directory.path(), Stream::Fhir).await;
    let of = |feed: &str| -> Vec<String> {
        let of_feed = |record: &&kiln_pipeline::record::Record| record.header(header::FEED) == feed;
        let id =
            |record: &kiln_pipeline::record::Record| record.header(header::CONTROL_ID).to_owned();
        resources.iter().filter(of_feed).map(id).collect()
    };
    assert_eq!(of("ADT|NORTH"), ["NOW0", "NOW1", "NOW2"]);
    let expected: Vec<String> = (0..LOAD).map(|n| format!("L{n}")).collect();
    assert_eq!(
        of("load")[..usize::try_from(loaded).unwrap()],
        expected[..usize::try_from(loaded).unwrap()]
    );
}

#[tokio::test]
async fn what_is_left_of_a_load_is_transformed_without_its_listener_too() {
    let directory = tempfile::tempdir().unwrap();
    let mut listen = lanes(directory.path());
    listen.roles.transform = false;
    let running = start(listen).await;
    load(&running, 20).await;
    running.shutdown().await.unwrap();

    let running = start(config(directory.path())).await;
    support::until("the rest of the load", || {
        transformed(&running, "bulk") == 20
    })
    .await;
    running.shutdown().await.unwrap();
    assert_eq!(read_all(directory.path(), Stream::Fhir).await.len(), 20);
    let audit = support::received(directory.path()).await;
    assert_eq!(audit[7].header(header::SOURCE), "bulk/0/7");
}
