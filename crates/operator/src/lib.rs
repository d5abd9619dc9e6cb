//! The custom resources of Kiln, in the API group `kiln.health`, version `v1alpha1`.
//!
//! - [`api::Hl7Pipeline`] (short name `hp`): one pipeline from HL7v2 senders to FHIR topics in Kafka.
//! - [`api::FhirMapping`] (short name `fm`): a site's additions to the maps, kept in a ConfigMap.
//!
//! The types are the single source of the files in `crds/`; the comments on their fields are what `kubectl explain` says.
//! What one field can check about itself (a port's range, a broker's form) stands in the schema, and what needs several
//! fields (no port used twice, bounds that fit together) in CEL rules beside it, so that the API server refuses a mistake
//! with a sentence before anything runs.
//!
//! [`desired`] says what should exist for a pipeline, as a pure function; [`scaling`] how many instances, by what they measure
//! and by schedules; [`rollout`] whether other maps or another image come into force; [`maps`] what is true of a site's maps; [`topics`] what is said of those on Kafka; [`scorecard`] what would make the pipeline more ready;
//! [`controller`] makes it so and tells in the status what it found; [`plugin`] shows that. This crate knows Kubernetes and
//! nothing of HL7 or FHIR.
//!
//! ```
//! use kiln_operator::api::Hl7Pipeline;
//! use kube::Resource;
//!
//! let pipeline: Hl7Pipeline = serde_json::from_value(serde_json::json!({
//!     "apiVersion": "kiln.health/v1alpha1",
//!     "kind": "Hl7Pipeline",
//!     "metadata": {"name": "st-elsewhere"},
//!     "spec": {
//!         "kafka": {"brokers": ["kafka-0.kafka:9093"]},
//!         "listeners": [{"name": "adt", "port": 2575, "feed": "adt"}],
//!     },
//! }))?;
//! assert_eq!(Hl7Pipeline::kind(&()), "Hl7Pipeline");
//! assert_eq!(pipeline.spec.listen.replicas, 2);
//! # Ok::<(), serde_json::Error>(())
//! ```

#![allow(
    unreachable_pub,
    reason = "the derive of KubeSchema repeats a public struct inside a function"
)]
#![allow(
    clippy::doc_markdown,
    reason = "the comments are the texts of kubectl explain, which shows markdown as it is"
)]
#![allow(
    clippy::duplicated_attributes,
    reason = "two printer columns of one type are no duplicates"
)]

pub mod api;
pub mod controller;
pub mod desired;
pub mod maps;
pub mod plugin;
pub mod rollout;
pub mod scaling;
pub mod scorecard;
pub mod topics;
