//! Resends: the same sender, control id and bytes within the window of one partition.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::record::{Record, header};

/// First 16 bytes of SHA-256 over the message.
type Fingerprint = [u8; 16];

/// What identifies a message to its sender.
type Identity = (String, String);

/// What a message is to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// New.
    New,
    /// A resend.
    Duplicate,
    /// Other bytes under a control id that was used before: a message of its own.
    SameControlId,
}

/// The last messages of one partition, bounded in count.
#[derive(Default)]
pub(super) struct Window {
    bound: usize,
    order: VecDeque<(Identity, Fingerprint)>,
    known: HashMap<Identity, Vec<Fingerprint>>,
}

impl Window {
    pub(super) fn new(bound: usize) -> Window {
        Window {
            bound,
            ..Window::default()
        }
    }

    /// Says what a message is, and remembers it.
    pub(super) fn see(&mut self, record: &Record) -> Seen {
        let identity = (
            record.header(header::SENDER).to_owned(),
            record.header(header::CONTROL_ID).to_owned(),
        );
        let digest = Sha256::digest(&record.value);
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(&digest[..16]);
        let known = self.known.entry(identity.clone()).or_default();
        if known.contains(&fingerprint) {
            return Seen::Duplicate;
        }
        let seen = if known.is_empty() {
            Seen::New
        } else {
            Seen::SameControlId
        };
        known.push(fingerprint);
        self.order.push_back((identity, fingerprint));
        if self.order.len() > self.bound {
            self.forget_oldest();
        }
        seen
    }

    fn forget_oldest(&mut self) {
        let Some((identity, fingerprint)) = self.order.pop_front() else {
            return;
        };
        if let Some(known) = self.known.get_mut(&identity) {
            known.retain(|other| *other != fingerprint);
            if known.is_empty() {
                self.known.remove(&identity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, Window};
    use crate::record::{Headers, Record, header};

    fn message(control_id: &str, value: &'static str) -> Record {
        let headers = Headers::new()
            .with(header::SENDER, "A|B")
            .with(header::CONTROL_ID, control_id);
        Record {
            key: String::new(),
            value: value.into(),
            headers,
        }
    }

    #[test]
    fn tells_resends_from_reused_control_ids() {
        let mut window = Window::new(10);
        assert_eq!(window.see(&message("1", "x")), Seen::New);
        assert_eq!(window.see(&message("1", "x")), Seen::Duplicate);
        assert_eq!(window.see(&message("1", "y")), Seen::SameControlId);
        assert_eq!(window.see(&message("2", "x")), Seen::New);
    }

    #[test]
    fn forgets_what_lies_beyond_the_bound() {
        let mut window = Window::new(2);
        for id in ["1", "2", "3"] {
            assert_eq!(window.see(&message(id, "x")), Seen::New);
        }
        assert_eq!(window.see(&message("2", "x")), Seen::Duplicate);
        assert_eq!(window.see(&message("1", "x")), Seen::New);
    }
}
