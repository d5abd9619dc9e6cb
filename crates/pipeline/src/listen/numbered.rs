//! The sequence number protocol (HL7 v2.9 §2.10.1), for feeds that ask for it: each message has the number after the one
//! before it in MSH-13, and each answer says in MSA-4 which number it is about, or which one is expected.
//!
//! | MSH-13 | last accepted | answer | MSA-4 |
//! |---|---|---|---|
//! | n + 1 | n | kept, accept | n + 1 |
//! | any number | none | kept, accept | that number |
//! | n, the same control id | n | accept: the last answer was lost | n + 1 |
//! | any other number | n | error, not kept | n + 1 |
//! | 0, nothing beyond MSH | n, or none | accept: the link starts | n + 1, or -1 |
//! | -1, nothing beyond MSH | | accept: the next number counts, whichever it is | -1 |
//!
//! What was accepted last is in the raw log itself, durable before any answer: a connection looks there once, and again
//! whenever the store did not confirm. Messages are taken one at a time, so that none overtakes one that fails.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use kiln_hl7::{ErrorCode, Message};
use tokio::time::{Instant, timeout_at};

use super::answer::{self, Mode, Outcome, Verdict};
use super::judge::{Fault, Judged, read};
use super::listener::Shared;
use super::take::{Answer, Pending, Queueing, accept, not_kept};
use crate::record::{Record, header};

/// What MSA-4 says when no number is expected: any will do.
const ANY: i64 = -1;

/// What one connection knows of its feed's numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// None: to be looked for in the raw log.
    last: Mutex<Option<Last>>,
}

/// The last message that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Last {
    /// None, or the sender asked to begin anew.
    None,
    /// One with that number and control id.
    Accepted { number: i64, control_id: String },
}

/// What a message's number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is the one that is expected.
    Next,
    /// It is the last one again.
    Again,
    /// It is another.
    OutOfSequence,
}

/// What MSH-13 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Missing,
    NoNumber,
    /// 0: the sender starts the link.
    Start,
    /// -1: the sender begins anew.
    Resynchronise,
    Number(i64),
}

impl Last {
    fn of(record: Option<&Record>) -> Last {
        let number = record.and_then(|record| record.header(header::SEQUENCE_NUMBER).parse().ok());
        match (record, number) {
            (Some(record), Some(number)) => Last::Accepted {
                number,
                control_id: record.header(header::CONTROL_ID).to_owned(),
            },
            _ => Last::None,
        }
    }

    fn expected(&self) -> i64 {
        match self {
            Last::None => ANY,
            Last::Accepted { number, .. } => number.saturating_add(1),
        }
    }

    fn step(&self, given: i64, id: &str) -> Step {
        match self {
            Last::None => Step::Next,
            Last::Accepted { number, .. } if given == number.saturating_add(1) => Step::Next,
            Last::Accepted { number, control_id } if given == *number && id == control_id => {
                Step::Again
            }
            Last::Accepted { .. } => Step::OutOfSequence,
        }
    }
}

impl Numbers {
    fn known(&self) -> Option<Last> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    fn know(&self, known: Option<Last>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// Takes a frame of a feed that numbers its messages.
#[allow(clippy::async_yields_async)] // waits until it is queued, and then until it is durable
pub(super) fn take(
    mut judged: Judged,
    numbers: &Arc<Numbers>,
    shared: &Arc<Shared>,
    framed_at: Instant,
) -> Queueing {
    let bytes = judged.record.value.clone();
    let (given, is_bare) = read(&bytes, |message| {
        message.map_or((Given::Missing, false), |message| {
            (given(message), is_bare(message))
        })
    });
    if matches!(given, Given::Start | Given::Resynchronise) {
        // Such a message needs no type (§2.10.1).
        judged.fault = judged
            .fault
            .filter(|fault| fault.reason != "no-message-type");
        judged.mode = Mode::Original;
    }
    if judged.fault.is_none() {
        judged.fault = fault_of(given, is_bare);
    }
    if judged.fault.is_some() {
        return accept(judged, shared, framed_at, None);
    }
    let (numbers, shared) = (Arc::clone(numbers), Arc::clone(shared));
    Box::pin(async move {
        let deadline = framed_at + shared.listener.confirm_timeout;
        let found = match numbers.known() {
            Some(last) => Ok(last),
            None => look(&judged.record.key, &shared, deadline).await,
        };
        let last = match found {
            Ok(last) => last,
            Err(reason) => {
                return ready(not_kept(reason, judged.mode, &bytes, framed_at, &shared));
            }
        };
        numbers.know(Some(last.clone()));
        let Given::Number(number) = given else {
            if given == Given::Resynchronise {
                numbers.know(Some(Last::None));
            }
            let expected = match given {
                Given::Resynchronise => ANY,
                _ => last.expected(),
            };
            return ready(told(judged.mode, None, &bytes, expected, framed_at));
        };
        let control_id = judged.record.header(header::CONTROL_ID).to_owned();
        match last.step(number, &control_id) {
            Step::Next => {
                judged
                    .record
                    .headers
                    .push(header::SEQUENCE_NUMBER, number.to_string());
                let pending = accept(judged, &shared, framed_at, Some(number)).await;
                let pending: Pending = Box::pin(async move {
                    let answer = pending.await;
                    // What was not confirmed may be in the log all the same.
                    numbers.know(answer.kept.map(|_| Last::Accepted { number, control_id }));
                    answer
                });
                pending
            }
            Step::Again => ready(told(judged.mode, None, &bytes, last.expected(), framed_at)),
            Step::OutOfSequence => {
                let fault = out_of_sequence();
                shared.metrics.refused(fault.reason);
                let expected = last.expected();
                ready(told(judged.mode, Some(&fault), &bytes, expected, framed_at))
            }
        }
    })
}

/// The last message of the feed that was accepted, out of the raw log; else the reason to send again.
async fn look(feed: &str, shared: &Shared, deadline: Instant) -> Result<Last, &'static str> {
    let store = &shared.store;
    let looking = store.last_of(feed, header::SEQUENCE_NUMBER, shared.lookback);
    match timeout_at(deadline, looking).await {
        Ok(Ok(record)) => Ok(Last::of(record.as_ref())),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a feed's last number could not be read");
            Err("store-fault")
        }
        Err(_) => Err("store-timeout"),
    }
}

fn ready(answer: Answer) -> Pending {
    Box::pin(std::future::ready(answer))
}

/// The answer to a message that is not kept: nothing new, or not its turn.
fn told(
    mode: Mode,
    fault: Option<&Fault>,
    bytes: &Bytes,
    expected: i64,
    framed_at: Instant,
) -> Answer {
    let verdict = match fault {
        None => Verdict::ACCEPTED,
        Some(fault) => Verdict::refused(fault.outcome),
    };
    Answer {
        messages: answer::write(mode, verdict, fault, bytes, Some(expected)),
        framed_at,
        kept: None,
        bytes: bytes.len(),
    }
}

fn given(message: &Message<'_>) -> Given {
    let text = message
        .msh()
        .field(13)
        .component(1)
        .text()
        .unwrap_or_default();
    match text.trim() {
        "" | "\"\"" => Given::Missing,
        text => match text.parse() {
            Ok(0) => Given::Start,
            Ok(-1) => Given::Resynchronise,
            Ok(number) if number > 0 => Given::Number(number),
            _ => Given::NoNumber,
        },
    }
}

/// Whether nothing beyond MSH is valued.
fn is_bare(message: &Message<'_>) -> bool {
    message.segments().skip(1).all(|segment| {
        segment
            .fields()
            .all(|field| matches!(field.raw(), b"" | b"\"\""))
    })
}

fn fault_of(given: Given, is_bare: bool) -> Option<Fault> {
    let (reason, detail, code) = match given {
        Given::Missing => (
            "no-sequence-number",
            "MSH-13 (sequence number) is missing, and this feed numbers its messages",
            ErrorCode::RequiredFieldMissing,
        ),
        Given::NoNumber => (
            "no-sequence-number",
            "MSH-13 (sequence number) is no number from -1 on",
            ErrorCode::DataType,
        ),
        Given::Start | Given::Resynchronise if !is_bare => (
            "link-message-with-content",
            "a message with 0 or -1 in MSH-13 is not kept: send its content under its own number",
            ErrorCode::ApplicationInternal,
        ),
        _ => return None,
    };
    Some(Fault {
        reason,
        field: Some(13),
        place: "MSH-13".to_owned(),
        detail: detail.to_owned(),
        code,
        outcome: Outcome::Reject,
    })
}

fn out_of_sequence() -> Fault {
    Fault {
        reason: "out-of-sequence",
        field: Some(13),
        place: "MSH-13".to_owned(),
        detail: "not the number that is expected, see MSA-4".to_owned(),
        code: ErrorCode::ApplicationInternal,
        outcome: Outcome::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::{Last, Step};

    #[test]
    fn a_number_is_held_against_the_last_that_was_accepted() {
        let seven = Last::Accepted {
            number: 7,
            control_id: "A".to_owned(),
        };
        for (last, number, id, step) in [
            (&Last::None, 1, "A", Step::Next),
            (&Last::None, 400, "A", Step::Next),
            (&seven, 8, "B", Step::Next),
            (&seven, 7, "A", Step::Again),
            // The number of another message: nothing may be lost for it.
            (&seven, 7, "B", Step::OutOfSequence),
            (&seven, 6, "A", Step::OutOfSequence),
            (&seven, 9, "A", Step::OutOfSequence),
        ] {
            assert_eq!(last.step(number, id), step, "{last:?} {number} {id}");
        }
        assert_eq!(Last::None.expected(), -1);
        assert_eq!(seven.expected(), 8);
    }
}
