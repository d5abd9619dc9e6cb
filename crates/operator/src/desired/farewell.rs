//! What deletes the topics of a pipeline that is deleted with `deletionPolicy: Delete`.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::Names;
use super::pod::job_pod;
use super::workload::Workload;
use super::{Impossible, Object, Observed, Settings, config, foundation};
use crate::api::Hl7Pipeline;

/// A pod that failed is followed by another so often: a broker that is away comes back in minutes.
const TRIES_AGAIN: i32 = 4;
/// How long all tries together may take, in seconds.
const DEADLINE_SECONDS: i64 = 900;

/// Name of the Job that deletes a pipeline's topics.
pub fn farewell_job(pipeline: &str) -> String {
    format!("{pipeline}-delete-topics")
}

/// The Job, behind all that its pod needs, in the order in which they are to be applied. No instance may run meanwhile.
pub fn farewell(pipeline: &Hl7Pipeline, settings: &Settings) -> Result<Vec<Object>, Impossible> {
    let names = Names::of(pipeline).ok_or(Impossible::Nameless)?;
    let text = config::render(pipeline, &names)?;
    let mut objects = foundation(pipeline, &names, settings, &text)?;
    let workload = Workload {
        pipeline,
        names: &names,
        // Without maps: a mapping that is gone must not hold the Job back.
        observed: &Observed::default(),
        settings,
        config: &text,
    };
    let confirm = config::pipeline_name(pipeline, &names);
    let arguments = ["topics", "delete", "--confirm", confirm];
    objects.push(Object::new(&Job {
        metadata: names.metadata(farewell_job(&names.pipeline)),
        spec: Some(JobSpec {
            backoff_limit: Some(TRIES_AGAIN),
            active_deadline_seconds: Some(DEADLINE_SECONDS),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(names.task("topics")),
                    ..ObjectMeta::default()
                }),
                spec: Some(job_pod(&workload, &arguments)),
            },
            ..JobSpec::default()
        }),
        status: None,
    })?);
    Ok(objects)
}
