//! The custom resources: their fields, what the API server refuses, and what `kubectl explain` says of them.

mod availability;
mod definitions;
mod kafka;
mod listener;
mod mapping;
mod output;
mod pipeline;
mod reference;
mod role;
mod rollout;
mod scaling;
mod schedule;
mod scorecard;
mod status;
mod trial;

pub use availability::{Availability, Mode, ZoneSpread};
pub use definitions::{Definition, definitions};
pub use kafka::{Kafka, KafkaTls, Sasl, SaslMechanism, Topics};
pub use listener::{AckWhen, Exposure, ExposureType, Feed, Lane, Listener, ListenerTls};
pub use mapping::{FhirMapping, FhirMappingSpec, FhirMappingStatus};
pub use output::{DeletionPolicy, Layout, Output, Profile};
pub use pipeline::{Hl7Pipeline, Hl7PipelineSpec, Hl7PipelineStatus, Image, Monitoring};
pub use reference::NamedObject;
pub use role::{Amounts, Listen, Resources, Transform};
pub use rollout::{Canary, Promotion, Rollout, Shadow};
pub use scaling::{ListenScaling, TransformScaling};
pub use schedule::{Day, Schedule};
pub use scorecard::{Area, Check, Scorecard};
pub use status::RoleStatus;
pub use trial::{Change, ChangeOutcome, ElementChange, RolloutStatus, Stage, Trial, TrialOf};
