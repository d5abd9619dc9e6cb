//! What became of one message.

use std::time::Duration;

use super::acknowledgment::Answer;

/// One message and its end.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Its place among those to send, 0-based.
    pub(crate) place: usize,
    pub(crate) control_id: String,
    pub(crate) message_type: String,
    pub(crate) connection: usize,
    pub(crate) attempts: u32,
    pub(crate) end: End,
}

#[derive(Clone, Debug)]
pub(crate) enum End {
    /// Answered; the time is that of the last attempt, from the first byte sent to the whole answer.
    Answered { answer: Answer, latency: Duration },
    /// No answer after all retries.
    Unanswered { error: String },
}
