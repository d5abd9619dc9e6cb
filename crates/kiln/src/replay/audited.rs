//! What the audit stream has of a replay: who began it and why, and how it ended.

use jiff::Timestamp;
use kiln_pipeline::audit::{Deed, Event, Outcome};
use kiln_pipeline::config::Config;
use kiln_pipeline::store::{self, ReplayInto, ReplayJob};

use super::summary::Summary;
use crate::author::Author;
use crate::failure::Failure;

/// A replay, as it is told of.
pub(crate) struct Audited {
    author: Author,
    /// By what it is known, which messages are chosen, and where its outputs go.
    details: Vec<(&'static str, String)>,
}

impl Audited {
    pub(crate) fn new(
        author: Author,
        job: &ReplayJob,
        diff: bool,
        choice: Vec<(&'static str, String)>,
    ) -> Audited {
        let into = match &job.into {
            _ if diff => "nothing, differences are shown".to_owned(),
            ReplayInto::Same => "same".to_owned(),
            ReplayInto::Shadow(name) => name.clone(),
        };
        let mut details = vec![("replay", job.name.clone()), ("into", into)];
        details.extend(choice);
        Audited { author, details }
    }

    /// Before anything is converted.
    pub(crate) async fn begins(&self, config: &Config) -> Result<(), Failure> {
        self.tell(config, Outcome::Success, "begun").await
    }

    /// However it ended.
    pub(super) async fn ends(
        &self,
        config: &Config,
        summary: &Summary,
        ended: &Result<(), Failure>,
    ) -> Result<(), Failure> {
        let outcome = match ended {
            Ok(()) => Outcome::Success,
            Err(_) => Outcome::Failure,
        };
        let word = if ended.is_ok() { "done" } else { "stopped" };
        let told = format!("{word}: {}", summary.counted());
        self.tell(config, outcome, &told).await
    }

    async fn tell(&self, config: &Config, outcome: Outcome, told: &str) -> Result<(), Failure> {
        let mut event = Event::new(Deed::Replay, Timestamp::now(), &self.author.by);
        event.purpose = self.author.purpose.as_deref();
        event.outcome = outcome;
        event.explained = Some(told);
        let details = self.details.iter();
        event.details = details
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let record = event.record(&config.name);
        let kept = store::disclose(config, vec![record]).await;
        kept.map_err(Failure::stopped)
    }
}
