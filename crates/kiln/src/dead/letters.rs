//! Which letters, and reading them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use clap::Args;
use kiln_pipeline::config::Config;
use kiln_pipeline::dead::{Decided, Decisions, Letter};
use kiln_pipeline::record::header;
use kiln_pipeline::store::{Position, Reader, Selection, Stream};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// By what letters are chosen.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Only with this reason, such as unreadable
    #[arg(long)]
    reason: Option<String>,
    /// Only of this feed
    #[arg(long)]
    feed: Option<String>,
    /// Only of this message type, such as ADT^A01
    #[arg(long = "type", short, value_name = "TYPE")]
    message_type: Option<String>,
}

impl Wanted {
    /// Those of one group.
    pub(crate) fn group(reason: &str, feed: &str, message_type: &str) -> Wanted {
        Wanted {
            reason: Some(reason.to_owned()),
            feed: Some(feed.to_owned()),
            message_type: Some(message_type.to_owned()),
        }
    }

    /// Whichever.
    pub(crate) fn all() -> Wanted {
        Wanted {
            reason: None,
            feed: None,
            message_type: None,
        }
    }

    /// Whether it chooses at all.
    pub(super) fn any(&self) -> bool {
        self.reason.is_some() || self.feed.is_some() || self.message_type.is_some()
    }

    fn takes(&self, letter: &Letter) -> bool {
        let wanted = [
            (header::REASON, &self.reason),
            (header::FEED, &self.feed),
            (header::MESSAGE_TYPE, &self.message_type),
        ];
        wanted.iter().all(|(name, value)| {
            value
                .as_ref()
                .is_none_or(|value| letter.record.header(name) == value)
        })
    }
}

/// Visits the letters that are wanted, those of `ids` when there are any, each with what was decided about it.
pub(crate) async fn visit(
    config: &Config,
    wanted: &Wanted,
    ids: &BTreeSet<Position>,
    stop: &CancellationToken,
    mut each: impl AsyncFnMut(Letter, Option<Decided>) -> Result<ControlFlow<()>, Failure>,
) -> Result<(), Failure> {
    let reading = async {
        // A decision may be read before or after its letter: all of them first.
        let decisions = Decisions::read(&mut open(config).await?)
            .await
            .map_err(Failure::stopped)?;
        let mut reader = open(config).await?;
        while let Some(record) = reader.next().await.map_err(Failure::stopped)? {
            let Some(letter) = Letter::of(reader.position(), record) else {
                continue;
            };
            if !wanted.takes(&letter) || !(ids.is_empty() || ids.contains(&letter.id)) {
                continue;
            }
            let decided = decisions.about(letter.id);
            if each(letter, decided).await?.is_break() {
                break;
            }
        }
        Ok(())
    };
    tokio::select! {
        () = stop.cancelled() => {
            Err(Failure::stopped("interrupted before all dead letters were read"))
        }
        read = reading => read,
    }
}

async fn open(config: &Config) -> Result<Reader, Failure> {
    let selection = Selection {
        stream: Stream::Dead,
        ..Selection::default()
    };
    Reader::open(config, selection)
        .await
        .map_err(Failure::stopped)
}
