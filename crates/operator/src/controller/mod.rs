//! Keeps the cluster as the pipelines say: watches, applies what [`desired`](crate::desired) says, and tells in the status
//! what it found.
//!
//! ```text
//!             a pipeline, something it owns, a mapping it names, or one of its pods changed
//!                                              │
//!   finalizer ──▶ observe ──▶ step of the rollout ──▶ desired ──▶ apply, prune ──▶ activate ──▶ judge ──▶ status, Events
//!       │                        │ impossible                             ▲
//!       │ being deleted          └────────────────────────────────────────┘
//!       └──▶ drain listen ──▶ with deletionPolicy Delete: end transform, delete topics ──▶ let go
//!
//!   every few seconds: ask the instances ──▶ decide how many ──▶ another number wakes the pipeline
//!                                        ├──▶ are the maps in force? ──▶ status of each FhirMapping
//!                                        ├──▶ are the topics as asked? ──▶ another answer wakes the pipeline
//!                                        └──▶ what is seen of what is tried? ──▶ the pipeline is judged again
//! ```
//!
//! Every step may be repeated at any time, so that an operator that is killed between two of them harms nothing. A pipeline
//! runs on without an operator.

mod activate;
mod apply;
mod error;
mod instance;
mod judge;
mod known;
mod lease;
mod leave;
mod look;
mod mapping;
mod observe;
mod reconcile;
mod retry;
mod scale;
mod topics;
mod trial;
mod watch;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use crate::desired::Settings;

pub use error::Error;
pub use judge::{Instances, Outcome, conditions};
pub use lease::{Election, LeaseTimes};
pub use reconcile::reconcile;
pub use watch::{Scope, run};

/// Name of the operator as the manager of fields and the source of Events.
pub const MANAGER: &str = "kiln-operator";

/// What reconciling needs beside the pipeline.
pub struct Context {
    client: Client,
    settings: Settings,
    pod_monitors: bool,
    recorder: Recorder,
    retries: retry::Retries,
    numbers: scale::Numbers,
    topics: topics::Heard,
    trials: trial::Trials,
    asking: instance::Asking,
}

impl Context {
    /// Asks the cluster what it knows. `instance` names this operator among its like, in Events.
    pub async fn new(
        client: Client,
        settings: Settings,
        instance: String,
    ) -> Result<Context, Error> {
        let groups = client
            .list_api_groups()
            .await
            .map_err(|source| Error::api("list the API groups", source))?;
        let pod_monitors = groups
            .groups
            .iter()
            .any(|group| group.name == "monitoring.coreos.com");
        let reporter = Reporter {
            controller: MANAGER.to_owned(),
            instance: Some(instance),
        };
        Ok(Context {
            recorder: Recorder::new(client.clone(), reporter),
            client,
            settings,
            pod_monitors,
            retries: retry::Retries::default(),
            numbers: scale::Numbers::default(),
            topics: topics::Heard::default(),
            trials: trial::Trials::default(),
            asking: instance::Asking::new(),
        })
    }

    /// Writes an Event. It is a courtesy: when it cannot be written, the log says so and work goes on.
    async fn tell(
        &self,
        about: &ObjectReference,
        (importance, reason, action): (EventType, &str, &str),
        note: String,
    ) {
        // What the API allows.
        const MAX_NOTE_BYTES: usize = 1000;
        let mut note = note;
        while note.len() > MAX_NOTE_BYTES {
            note.pop();
        }
        let event = Event {
            type_: importance,
            reason: reason.to_owned(),
            note: Some(note),
            action: action.to_owned(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, about).await {
            tracing::warn!(%error, about = about.name, "an Event could not be written");
        }
    }
}
