//! What should exist in the cluster for a pipeline: a pure function of the resource and of what was observed.
//!
//! Nothing here talks to the API server. The controller applies what comes out, whole and in order, so that a second pass
//! with the same inputs writes nothing.

mod budget;
mod config;
mod farewell;
mod monitor;
mod names;
mod network;
mod object;
mod pod;
mod service;
mod trial;
mod workload;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::Resource as _;

use crate::api::Hl7Pipeline;
use crate::scaling::UnknownZone;

pub use farewell::{farewell, farewell_job};
pub use names::{ACTIVE, Role, TRACK, TRIAL, is_instance, is_task, selector, trial_deployments};
pub use object::Object;
pub use pod::paths::{CANDIDATE, OVERLAY, candidate_directory, mapping_directory};
pub use pod::{HTTP_PORT, ZONE};
pub use trial::{CANARY, SHADOW, trial};

/// What holds for all pipelines of one operator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Image of an instance where the pipeline names none.
    pub image: String,
    /// Namespace of the operator, whose pods may ask instances to drain and to shed connections.
    pub namespace: String,
}

/// What the cluster holds that the desired state depends on.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The ConfigMap of every `FhirMapping` that the pipeline asks for or has in force, by the mapping's name.
    pub mappings: BTreeMap<String, String>,
    /// How many instances of listen scaling chose; none: it has not yet.
    pub listen: Option<i32>,
    /// The same of transform.
    pub transform: Option<i32>,
    /// Whether the cluster knows `PodMonitor`s.
    pub pod_monitors: bool,
}

/// Why no desired state can be made. What runs is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// A mapping is named that is not there.
    #[error(
        "mappings[{at}]: there is no FhirMapping `{name}` in this namespace; make it, or take the name out"
    )]
    NoMapping {
        /// Its place in the list.
        at: usize,
        /// Its name.
        name: String,
    },
    /// A schedule's time zone is not known.
    #[error(transparent)]
    NoZone(#[from] UnknownZone),
    /// The resource was not read from the API server.
    #[error("the resource has no name, namespace or uid; read it from the API server")]
    Nameless,
    /// An object cannot be written as JSON or YAML.
    #[error("an object cannot be written: {0}")]
    Unwritable(String),
}

/// Everything that should exist for the pipeline, in the order in which it is to be applied.
pub fn desired(
    pipeline: &Hl7Pipeline,
    observed: &Observed,
    settings: &Settings,
) -> Result<Vec<Object>, Impossible> {
    possible(pipeline, observed)?;
    let names = names::Names::of(pipeline).ok_or(Impossible::Nameless)?;
    let config = config::render(pipeline, &names)?;
    let mut objects = foundation(pipeline, &names, settings, &config)?;
    for service in service::services(pipeline, &names) {
        objects.push(Object::new(&service)?);
    }
    for role in Role::ALL {
        objects.push(Object::new(&budget::budget(role, &names))?);
        let workload = workload::Workload {
            pipeline,
            names: &names,
            observed,
            settings,
            config: &config,
        };
        objects.push(Object::new(&workload.deployment(role))?);
    }
    if observed.pod_monitors {
        objects.push(monitor::monitor(&names));
    }
    Ok(objects)
}

/// What every pod of the pipeline needs: its account, `kiln.yaml`, and the way to Kafka.
fn foundation(
    pipeline: &Hl7Pipeline,
    names: &names::Names,
    settings: &Settings,
    config: &str,
) -> Result<Vec<Object>, Impossible> {
    let mut objects = vec![
        Object::new(&account(names))?,
        Object::new(&ConfigMap {
            metadata: names.metadata(names.config()),
            data: Some([(config::FILE.to_owned(), config.to_owned())].into()),
            ..ConfigMap::default()
        })?,
    ];
    for policy in network::policies(pipeline, names, settings) {
        objects.push(Object::new(&policy)?);
    }
    Ok(objects)
}

/// Whether what the spec asks for can be had.
pub fn possible(pipeline: &Hl7Pipeline, observed: &Observed) -> Result<(), Impossible> {
    for (at, mapping) in pipeline.spec.mappings.iter().enumerate() {
        if !observed.mappings.contains_key(&mapping.name) {
            let name = mapping.name.clone();
            return Err(Impossible::NoMapping { at, name });
        }
    }
    Ok(())
}

/// The account of the instances. They never ask the API server, so it has no rights and no token is mounted.
fn account(names: &names::Names) -> ServiceAccount {
    ServiceAccount {
        metadata: names.metadata(names.account()),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// How many instances of a role there should be: what scaling chose within its bounds, else what the spec says.
pub fn replicas(pipeline: &Hl7Pipeline, role: Role, chosen: Option<i32>) -> i32 {
    let spec = &pipeline.spec;
    let (fixed, bounds) = match role {
        Role::Listen => {
            let scaling = spec.listen.scaling.as_ref();
            let bounds = scaling.map(|scaling| (scaling.min_replicas, scaling.max_replicas));
            (spec.listen.replicas, bounds)
        }
        Role::Transform => {
            let scaling = spec.transform.scaling.as_ref();
            let bounds = scaling.map(|scaling| (scaling.min_replicas, scaling.max_replicas));
            (spec.transform.replicas, bounds)
        }
    };
    match bounds {
        // The API server keeps min below max; `max().min()` cannot panic where `clamp` would.
        Some((least, most)) => chosen.unwrap_or(fixed).max(least).min(most),
        None => fixed,
    }
}

/// The names of the objects of a kind that belong to the pipeline, so that what is no longer desired can be found.
pub fn belongs_to(pipeline: &Hl7Pipeline) -> String {
    let name = pipeline.meta().name.as_deref().unwrap_or_default();
    names::owned(name)
}
