//! Names of topics.

use serde::Serialize;

use crate::config::Lane;
use crate::store::{Selection, Stream, Target};

/// What a topic holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Holds {
    /// Raw messages of a lane.
    Raw,
    /// Dead letters and what was decided about them.
    Dead,
    /// Audit events.
    Audit,
    /// Resources of a type, or Bundles.
    Fhir,
}

/// The brokers' clock: that of an instance that is wrong must not have records refused or deleted early.
const TIMESTAMPS: (&str, &str) = ("message.timestamp.type", "LogAppendTime");
/// Compaction leaves one record of a key, and the key of a raw message is its feed.
const CLEANUP: (&str, &str) = ("cleanup.policy", "delete");

impl Holds {
    /// The settings that such a topic is made with, and should keep. Readers of FHIR may choose to compact it.
    pub(crate) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Holds::Raw | Holds::Dead | Holds::Audit => &[TIMESTAMPS, CLEANUP],
            Holds::Fhir => &[TIMESTAMPS],
        }
    }
}

/// A topic's place in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) holds: Holds,
    /// Whether it belongs to a shadow of the pipeline.
    pub(super) shadow: bool,
}

/// Where a topic stands in a pipeline; none: it is of none of its.
pub(super) fn place(topic: &str, pipeline: &str) -> Option<Place> {
    let rest = topic.strip_prefix(pipeline)?.strip_prefix('.')?;
    let of = |holds, shadow| Some(Place { holds, shadow });
    if matches!(rest, "hl7v2" | "bulk.hl7v2") {
        return of(Holds::Raw, false);
    }
    if let Some(holds) = held(rest) {
        return of(holds, false);
    }
    let (shadow, rest) = rest.split_once('.')?;
    // No shadow is named as the pipeline's own topics begin.
    if matches!(shadow, "fhir" | "bulk") {
        return None;
    }
    of(held(rest)?, true)
}

/// What an output's topic holds, by the last part of its name.
fn held(name: &str) -> Option<Holds> {
    match name {
        "dead" => Some(Holds::Dead),
        "audit" => Some(Holds::Audit),
        "fhir" => Some(Holds::Fhir),
        _ => {
            let resource_type = name.strip_prefix("fhir.")?;
            let is_type = resource_type.starts_with(|first: char| first.is_ascii_uppercase())
                && resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
            is_type.then_some(Holds::Fhir)
        }
    }
}

/// The topics that a pipeline is never without.
pub(crate) fn needed(pipeline: &str, bulk: bool) -> Vec<String> {
    let mut needed = vec![raw(pipeline)];
    if bulk {
        needed.push(raw(&lane(pipeline, Lane::Bulk)));
    }
    needed.extend([Target::Dead, Target::Audit].map(|target| output(pipeline, &target)));
    needed
}

/// The raw log of a [`lane`].
pub(super) fn raw(lane: &str) -> String {
    format!("{lane}.hl7v2")
}

/// The first part of the names in a lane: topic, group, transactional ids. No pipeline has a dot in its name.
pub(super) fn lane(pipeline: &str, lane: Lane) -> String {
    match lane {
        Lane::Interactive => pipeline.to_owned(),
        Lane::Bulk => format!("{pipeline}.bulk"),
    }
}

/// The topic of an output.
pub(super) fn output(pipeline: &str, target: &Target) -> String {
    match target {
        Target::Resource(resource_type) => format!("{pipeline}.fhir.{resource_type}"),
        Target::Bundle => format!("{pipeline}.fhir"),
        Target::Dead => format!("{pipeline}.dead"),
        Target::Audit => format!("{pipeline}.audit"),
    }
}

/// Whether a topic belongs to what is to be read.
pub(super) fn selected(topic: &str, pipeline: &str, selection: &Selection) -> bool {
    match (selection.stream, &selection.resource_type) {
        (Stream::Dead, _) => topic == output(pipeline, &Target::Dead),
        (Stream::Audit, _) => topic == output(pipeline, &Target::Audit),
        (Stream::Fhir, Some(wanted)) if wanted == "Bundle" => {
            topic == output(pipeline, &Target::Bundle)
        }
        (Stream::Fhir, Some(wanted)) => {
            topic == output(pipeline, &Target::Resource(wanted.clone()))
        }
        (Stream::Fhir, None) => {
            let all = output(pipeline, &Target::Bundle);
            topic
                .strip_prefix(&all)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_of_the_pipeline_whose_name_it_begins_with() {
        let of = |holds, shadow| Some(Place { holds, shadow });
        for (topic, expected) in [
            ("north.hl7v2", of(Holds::Raw, false)),
            ("north.bulk.hl7v2", of(Holds::Raw, false)),
            ("north.dead", of(Holds::Dead, false)),
            ("north.audit", of(Holds::Audit, false)),
            ("north.fhir", of(Holds::Fhir, false)),
            ("north.fhir.Patient", of(Holds::Fhir, false)),
            ("north.new-maps.fhir.Patient", of(Holds::Fhir, true)),
            ("north.new-maps.dead", of(Holds::Dead, true)),
            ("north.fhir.dead", None),
            ("north.bulk.dead", None),
            ("north.new-maps.hl7v2", None),
            ("north.orders", None),
            ("north", None),
            ("northern.hl7v2", None),
            ("south.north.hl7v2", None),
            ("north.fhir.Patient.copy", None),
        ] {
            assert_eq!(place(topic, "north"), expected, "{topic}");
        }
    }

    #[test]
    fn what_kiln_names_it_knows_again() {
        let patient = Target::Resource("Patient".to_owned());
        for target in [Target::Dead, Target::Audit, Target::Bundle, patient] {
            assert!(place(&output("north", &target), "north").is_some());
            assert!(place(&output("north.shadow", &target), "north").is_some());
        }
        for topic in needed("north", true) {
            assert!(place(&topic, "north").is_some(), "{topic}");
        }
    }
}
