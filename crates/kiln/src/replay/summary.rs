//! What a replay did.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use kiln_pipeline::record::header;
use kiln_pipeline::replay::{Became, Replayed};
use kiln_pipeline::store::Target;
use serde_json::json;

/// Counts of this run.
pub(super) struct Summary {
    job: String,
    read: u64,
    replayed: u64,
    resources: u64,
    dropped: u64,
    dead: BTreeMap<&'static str, u64>,
    /// When the last message was received.
    reached: Timestamp,
}

impl Summary {
    pub(super) fn new(job: String) -> Summary {
        Summary {
            job,
            read: 0,
            replayed: 0,
            resources: 0,
            dropped: 0,
            dead: BTreeMap::new(),
            reached: Timestamp::default(),
        }
    }

    pub(super) fn add(&mut self, messages: &[Replayed], read: usize) {
        self.read += read as u64;
        for message in messages {
            self.replayed += 1;
            let emitted = message.outputs.iter();
            let emitted = emitted.filter(|output| output.target != Target::Dead);
            self.resources += emitted.count() as u64;
            match &message.became {
                Became::Resources => {}
                Became::Dropped(_) => self.dropped += 1,
                Became::Dead(reason) => *self.dead.entry(reason).or_default() += 1,
            }
            let received = message.raw.record.header(header::RECEIVED_AT).parse();
            if let Ok(at) = Timestamp::from_millisecond(received.unwrap_or(0)) {
                self.reached = self.reached.max(at);
            }
        }
    }

    /// Whether there were messages that gave no FHIR.
    pub(super) fn failed(&self) -> bool {
        !self.dead.is_empty()
    }

    pub(super) fn progress(&self) -> String {
        format!(
            "{} messages read, {} replayed, received up to {}",
            self.read,
            self.replayed,
            self.reached.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    }

    /// The counts in words.
    pub(super) fn counted(&self) -> String {
        format!(
            "{} messages read, {} replayed: {} outputs, {} dropped by filters",
            self.read, self.replayed, self.resources, self.dropped
        )
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{} (job {})\n", self.counted(), self.job);
        if self.read == 0 {
            text.push_str("Nothing is left of this job; --job NAME begins another.\n");
        }
        for (reason, count) in &self.dead {
            let _ = writeln!(text, "{count} could not be converted: {reason}");
        }
        text
    }

    pub(super) fn json(&self) -> String {
        let object = json!({
            "job": self.job,
            "read": self.read,
            "replayed": self.replayed,
            "outputs": self.resources,
            "dropped": self.dropped,
            "failed": self.dead,
        });
        format!("{object}\n")
    }
}
