//! What a command and the process that has the directory say to each other: JSON in frames, each behind its length.

use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::config::Lane;
use crate::record::Record;
use crate::store::{Batch, BatchLimits, Output, ReplayJob};

/// Longest frame: the longest message that a listener may take, and what surrounds it.
const WIRE_BYTES: usize = 512 * 1024 * 1024;

/// What the command says. First of all [`Request::Decide`] or [`Request::Replay`]; each has a reply but the parts of a
/// commit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// To decide about dead letters.
    Decide,
    /// To read a lane's log beside transform.
    Replay {
        lane: Lane,
        job: ReplayJob,
        tail: usize,
    },
    /// The next messages, of a replay.
    Next(BatchLimits),
    /// Back to the committed position, of a replay.
    Rewind,
    /// A part of the commit to come: a raw message.
    Raw(Lane, Record),
    /// A part of the commit to come: an output.
    Output(Output),
    /// Commits the parts, of a replay with its position.
    Commit,
}

/// What the process says to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Done,
    Batch { batch: Batch, unread: u64 },
    Failed(String),
}

/// One end of the line.
pub(super) struct Wire(Framed<UnixStream, LengthDelimitedCodec>);

impl Wire {
    pub(super) fn over(stream: UnixStream) -> Wire {
        let codec = LengthDelimitedCodec::builder()
            .max_frame_length(WIRE_BYTES)
            .new_codec();
        Wire(Framed::new(stream, codec))
    }

    pub(super) async fn say(&mut self, word: &impl Serialize) -> io::Result<()> {
        self.0.send(Bytes::from(serde_json::to_vec(word)?)).await
    }

    /// What the other end says next; none when it has left.
    pub(super) async fn hear<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        match self.0.next().await {
            None => Ok(None),
            Some(frame) => Ok(Some(serde_json::from_slice(&frame?)?)),
        }
    }
}
