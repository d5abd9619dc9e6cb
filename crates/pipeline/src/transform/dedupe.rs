//! Resends: the same bytes on the same feed, a bounded way back in the raw log.
//!
//! What a message is depends on nothing but the log: on the last earlier copy in its partition, how many offsets back that
//! lies and how much earlier it was received, by the two records' own word. So a window that is rebuilt from the log's
//! tail, at any point, by any instance, decides as one that was there all along.
//!
//! A dead letter that was appended again is no resend of its first copy, only of an earlier retry of the same letter. What
//! its sender sends later is a resend of it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::sighting::Sighting;

/// How far back a resend is recognised; both must hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// In offsets of the partition.
    pub(crate) messages: usize,
    /// Between the two times of reception.
    pub(crate) time: Duration,
}

/// What a message is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// New.
    New,
    /// A resend.
    Duplicate,
    /// Other bytes under a control id that was used before: a message of its own.
    SameControlId,
}

/// The last messages of one partition: `Reach::messages` of them and the one just seen, some 100 bytes each whatever
/// their size.
pub(crate) struct Window {
    reach: Reach,
    /// Oldest first.
    order: VecDeque<Remembered>,
    /// The retries among them, which are few: offset and digest, oldest first.
    retries: VecDeque<(i64, [u8; 16])>,
    /// The last sighting of each copy, and of each retry: offset and time of reception.
    copies: HashMap<[u8; 16], (i64, i64)>,
    /// The last offset of each identity.
    identities: HashMap<[u8; 8], i64>,
}

/// By what a message is found in the other tables when it is to be forgotten.
struct Remembered {
    offset: i64,
    copy: [u8; 16],
    identity: [u8; 8],
}

impl Window {
    /// An empty one.
    pub(crate) fn new(reach: Reach) -> Window {
        Window {
            reach,
            order: VecDeque::new(),
            retries: VecDeque::new(),
            copies: HashMap::new(),
            identities: HashMap::new(),
        }
    }

    /// How many messages it holds.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Says what a message is, and remembers it. Messages are to be seen in the order of the log.
    pub(crate) fn see(&mut self, sighting: &Sighting) -> Seen {
        self.forget_before(sighting.offset);
        let Sighting {
            offset,
            received_at,
            ..
        } = *sighting;
        let copy = self.copies.insert(sighting.copy, (offset, received_at));
        let identity = self.identities.insert(sighting.identity, offset);
        self.order.push_back(Remembered {
            offset,
            copy: sighting.copy,
            identity: sighting.identity,
        });
        if let Some(retry) = sighting.retry {
            self.retries.push_back((offset, retry));
            return match self.copies.insert(retry, (offset, received_at)) {
                Some((_, before)) if self.within(before, received_at) => Seen::Duplicate,
                _ => Seen::New,
            };
        }
        match (copy, identity) {
            (Some((_, before)), _) if self.within(before, received_at) => Seen::Duplicate,
            // The same bytes, but too long ago: as if they had never been there.
            (Some(_), _) | (None, None) => Seen::New,
            (None, Some(_)) => Seen::SameControlId,
        }
    }

    /// Clocks of instances differ a little: what seems to come before its copy is not far from it.
    fn within(&self, before: i64, after: i64) -> bool {
        let apart = u64::try_from(after.saturating_sub(before)).unwrap_or(0);
        u128::from(apart) <= self.reach.time.as_millis()
    }

    /// Forgets what lies too many offsets before `offset`.
    fn forget_before(&mut self, offset: i64) {
        let reach = i64::try_from(self.reach.messages).unwrap_or(i64::MAX);
        let beyond = |earlier: i64| offset.saturating_sub(earlier) > reach;
        while self
            .order
            .front()
            .is_some_and(|oldest| beyond(oldest.offset))
            && let Some(oldest) = self.order.pop_front()
        {
            self.forget_copy(oldest.offset, &oldest.copy);
            if self.identities.get(&oldest.identity) == Some(&oldest.offset) {
                self.identities.remove(&oldest.identity);
            }
        }
        while self
            .retries
            .front()
            .is_some_and(|(retry, _)| beyond(*retry))
            && let Some((offset, retry)) = self.retries.pop_front()
        {
            self.forget_copy(offset, &retry);
        }
    }

    /// Unless it was seen again since.
    fn forget_copy(&mut self, offset: i64, copy: &[u8; 16]) {
        if self
            .copies
            .get(copy)
            .is_some_and(|(last, _)| *last == offset)
        {
            self.copies.remove(copy);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Reach, Seen, Window};
    use crate::record::{Headers, Record, header};
    use crate::sighting::Sighting;
    use crate::store::{Position, RawRecord};

    const REACH: Reach = Reach {
        messages: 10,
        time: Duration::from_secs(60),
    };

    fn message(offset: i64, feed: &str, control_id: &str, value: &str, second: i64) -> Sighting {
        let headers = Headers::new()
            .with(header::SENDER, "A|B")
            .with(header::CONTROL_ID, control_id)
            .with(header::RECEIVED_AT, (second * 1000).to_string());
        Sighting::of(&RawRecord {
            position: Position {
                partition: 0,
                offset,
            },
            record: Record {
                key: feed.to_owned(),
                value: value.to_owned().into(),
                headers,
            },
        })
    }

    #[test]
    fn tells_resends_from_reused_control_ids() {
        let mut window = Window::new(REACH);
        assert_eq!(window.see(&message(0, "f", "1", "x", 0)), Seen::New);
        assert_eq!(window.see(&message(1, "f", "1", "x", 0)), Seen::Duplicate);
        assert_eq!(
            window.see(&message(2, "f", "1", "y", 0)),
            Seen::SameControlId
        );
        assert_eq!(window.see(&message(3, "f", "1", "x", 0)), Seen::Duplicate);
        assert_eq!(window.see(&message(4, "f", "2", "z", 0)), Seen::New);
        // Which feeds share a partition is chance: they do not meet.
        assert_eq!(window.see(&message(5, "g", "1", "x", 0)), Seen::New);
    }

    #[test]
    fn a_retry_is_new_once_and_what_its_sender_sends_later_is_a_resend_of_it() {
        let retry = |offset, letter: &str| {
            let headers = Headers::new()
                .with(header::SENDER, "A|B")
                .with(header::CONTROL_ID, "1")
                .with(header::LETTER, letter);
            Sighting::of(&RawRecord {
                position: Position {
                    partition: 0,
                    offset,
                },
                record: Record {
                    key: "f".to_owned(),
                    value: "x".into(),
                    headers,
                },
            })
        };
        let mut window = Window::new(REACH);
        assert_eq!(window.see(&message(0, "f", "1", "x", 0)), Seen::New);
        assert_eq!(window.see(&retry(1, "0/7")), Seen::New);
        assert_eq!(window.see(&retry(2, "0/7")), Seen::Duplicate);
        assert_eq!(window.see(&retry(3, "0/8")), Seen::New);
        // The first copy is out of reach by now, the retries are not.
        assert_eq!(window.see(&message(12, "f", "1", "x", 0)), Seen::Duplicate);
        // What is forgotten leaves nothing behind.
        window.see(&message(40, "f", "2", "y", 0));
        assert_eq!((window.len(), window.copies.len()), (1, 1));
    }

    #[test]
    fn recognises_a_resend_up_to_both_bounds_and_not_beyond() {
        for (offset, second, expected) in [
            (10, 60, Seen::Duplicate),
            (11, 60, Seen::New),
            (10, 61, Seen::New),
            (10, -5, Seen::Duplicate),
        ] {
            let mut window = Window::new(REACH);
            window.see(&message(0, "f", "1", "x", 0));
            let seen = window.see(&message(offset, "f", "1", "x", second));
            assert_eq!(seen, expected, "{offset} {second}");
        }
    }

    /// The definition, without any state: the last earlier copy decides.
    fn by_definition(log: &[Sighting], at: usize, reach: Reach) -> Seen {
        let message = &log[at];
        let near = |other: &&Sighting| {
            message.offset - other.offset <= i64::try_from(reach.messages).unwrap_or(i64::MAX)
        };
        let before: Vec<&Sighting> = log[..at].iter().filter(near).collect();
        let last = before.iter().rev().find(|other| other.copy == message.copy);
        match last {
            Some(last)
                if message.received_at - last.received_at
                    <= i64::try_from(reach.time.as_millis()).unwrap_or(i64::MAX) =>
            {
                Seen::Duplicate
            }
            None if before
                .iter()
                .any(|other| other.identity == message.identity) =>
            {
                Seen::SameControlId
            }
            Some(_) | None => Seen::New,
        }
    }

    proptest! {
        #[test]
        fn a_window_rebuilt_from_the_tail_decides_as_one_that_was_there_all_along(
            log in proptest::collection::vec((0_u8..3, 0_u8..3, 1_i64..3, -20_i64..100), 1..60),
            messages in 1_usize..12,
            seconds in 0_u64..90,
            restart in 0_usize..60,
        ) {
            let reach = Reach { messages, time: Duration::from_secs(seconds) };
            let mut offset = 0;
            let log: Vec<Sighting> = log
                .into_iter()
                .map(|(id, value, step, second)| {
                    offset += step;
                    message(offset, "f", &id.to_string(), &value.to_string(), second)
                })
                .collect();
            let restart = restart.min(log.len());
            let (mut steady, mut rebuilt) = (Window::new(reach), Window::new(reach));
            let end = log.get(restart).map_or(offset + 1, |next| next.offset);
            let reach_back = i64::try_from(messages).unwrap_or(i64::MAX);
            for sighting in log[..restart].iter().filter(|one| one.offset >= end - reach_back) {
                rebuilt.see(sighting);
            }
            for (at, sighting) in log.iter().enumerate() {
                let seen = steady.see(sighting);
                prop_assert!(steady.len() <= messages + 1);
                prop_assert_eq!(seen, by_definition(&log, at, reach));
                if at >= restart {
                    prop_assert_eq!(rebuilt.see(sighting), seen);
                }
            }
        }
    }
}
