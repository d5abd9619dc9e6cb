//! Names of topics.

use crate::config::Lane;
use crate::store::{Selection, Stream, Target};

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
