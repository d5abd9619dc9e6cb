//! Keeps the status of each `FhirMapping` as instances say of it.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::EventType;
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::json;

use super::instance::Instance;
use super::known::Known;
use super::look::INSTANCES_AT_ONCE;
use super::{Context, Error, MANAGER};
use crate::api::{FhirMapping, FhirMappingStatus, Hl7Pipeline, Stage, Trial};
use crate::desired::{CANDIDATE, OVERLAY, Role, candidate_directory, mapping_directory};
use crate::maps::{Report, Use, Verdict, verdict};

/// The one condition of a mapping.
const VALID: &str = "Valid";

/// Asks the instances of pipelines that have mappings, and writes what is new.
pub(super) async fn look(pipelines: &[Arc<Hl7Pipeline>], known: &Known, context: &Context) {
    let mappings = known.mappings.state();
    if mappings.is_empty() {
        return;
    }
    let mut told = Vec::new();
    for pipeline in pipelines {
        let pods = Role::ALL.map(|role| known.pods(pipeline, role)).concat();
        if !in_force(pipeline).is_empty() {
            let reports = reports(pods, OVERLAY, context).await;
            told.push((pipeline, Place::InForce, reports));
        }
        if let Some(trial) = in_shadow(pipeline) {
            let pods = known.trying(pipeline, &trial.id);
            let reports = reports(pods, CANDIDATE, context).await;
            told.push((pipeline, Place::InShadow, reports));
        }
    }
    told.sort_by_key(|(pipeline, _, _)| pipeline.name_any());
    for mapping in &mappings {
        let uses: Vec<Use> = told
            .iter()
            .filter_map(|(pipeline, place, reports)| used(pipeline, mapping, *place, reports))
            .collect();
        if let Err(error) = tell(mapping, &verdict(&uses), context).await {
            tracing::warn!(%error, mapping = mapping.name_any(), "trying again at the next look");
        }
    }
}

/// Where instances have mappings.
#[derive(Clone, Copy)]
enum Place {
    InForce,
    InShadow,
}

/// The mappings in force; those of the spec where nothing else is known yet.
fn in_force(pipeline: &Hl7Pipeline) -> Vec<String> {
    let known = pipeline.status.as_ref().map(|status| &status.rollout);
    if let Some(known) = known.filter(|known| known.image.is_some()) {
        return known.mappings.clone();
    }
    let asked = pipeline.spec.mappings.iter();
    asked.map(|named| named.name.clone()).collect()
}

fn in_shadow(pipeline: &Hl7Pipeline) -> Option<&Trial> {
    let trial = pipeline.status.as_ref()?.rollout.trial.as_ref()?;
    (trial.stage == Stage::Shadow).then_some(trial)
}

fn used(
    pipeline: &Hl7Pipeline,
    mapping: &FhirMapping,
    place: Place,
    reports: &[Report],
) -> Option<Use> {
    let name = mapping.name_any();
    let named = match place {
        Place::InForce => in_force(pipeline),
        Place::InShadow => in_shadow(pipeline)?.candidate.clone(),
    };
    let at = named.iter().position(|named| *named == name)?;
    (pipeline.namespace() == mapping.namespace()).then(|| Use {
        pipeline: pipeline.name_any(),
        directory: match place {
            Place::InForce => mapping_directory(at, &name),
            Place::InShadow => candidate_directory(at, &name),
        },
        reports: reports.to_vec(),
    })
}

/// What instances say of the maps that they have there.
async fn reports(pods: Vec<Arc<Pod>>, at: &str, context: &Context) -> Vec<Report> {
    stream::iter(pods)
        .map(|pod| async move {
            let answer = match Instance::of(&pod) {
                Some(instance) => context.asking.ready(&instance).await,
                None => None,
            };
            answer.map_or_else(|| last_words(&pod, at), |answer| Report::of_answer(&answer))
        })
        .buffer_unordered(INSTANCES_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// Of an instance that does not answer, what it said when it ended.
fn last_words(pod: &Pod, at: &str) -> Option<Report> {
    let containers = pod.status.as_ref()?.container_statuses.iter().flatten();
    let mut ended = containers.flat_map(|container| {
        let states = [container.state.as_ref(), container.last_state.as_ref()];
        states.into_iter().flatten()
    });
    ended.find_map(|state| {
        let words = state.terminated.as_ref()?.message.as_ref()?;
        Report::of_last_words(words, at)
    })
}

/// Writes the status if it is another, and an Event if its reason is.
async fn tell(mapping: &FhirMapping, verdict: &Verdict, context: &Context) -> Result<(), Error> {
    let before = mapping.status.clone().unwrap_or_default();
    let known = before.conditions.first();
    let known = known.map(|known| known.reason.as_str());
    // Silence is no news of maps that were heard of: their instances may only be slow.
    let heard = known.is_some_and(|known| known != Verdict::Unused.reason());
    if *verdict == Verdict::NotTold && heard {
        return Ok(());
    }
    let status = status(mapping, verdict, &before);
    if status == before {
        return Ok(());
    }
    let namespace = mapping.namespace().ok_or(Error::Nameless)?;
    let api: Api<FhirMapping> = Api::namespaced(context.client.clone(), &namespace);
    let patch = json!({
        "apiVersion": FhirMapping::api_version(&()),
        "kind": FhirMapping::kind(&()),
        "status": status,
    });
    let parameters = PatchParams::apply(MANAGER).force();
    match api
        .patch_status(&mapping.name_any(), &parameters, &Patch::Apply(patch))
        .await
    {
        Ok(_) => {}
        // It was deleted in between.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        Err(source) => {
            return Err(Error::api("write the status of a FhirMapping", source));
        }
    }
    if known.is_none_or(|known| known != verdict.reason()) {
        let importance = match verdict {
            Verdict::Refused { .. } => EventType::Warning,
            _ => EventType::Normal,
        };
        let about = mapping.object_ref(&());
        let event = (importance, verdict.reason(), "Compile");
        context.tell(&about, event, verdict.message()).await;
    }
    Ok(())
}

fn status(
    mapping: &FhirMapping,
    verdict: &Verdict,
    before: &FhirMappingStatus,
) -> FhirMappingStatus {
    let holds = match verdict.holds() {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    };
    let unchanged = before.conditions.iter().find(|known| known.status == holds);
    let since = unchanged.map_or_else(
        || Time(Timestamp::now()),
        |known| known.last_transition_time.clone(),
    );
    FhirMappingStatus {
        conditions: vec![Condition {
            type_: VALID.to_owned(),
            status: holds.to_owned(),
            reason: verdict.reason().to_owned(),
            message: verdict.message(),
            observed_generation: mapping.metadata.generation,
            last_transition_time: since,
        }],
        observed_generation: mapping.metadata.generation,
        version: match verdict {
            Verdict::Compiled { version } => Some(version.clone()),
            _ => before.version.clone(),
        },
    }
}
