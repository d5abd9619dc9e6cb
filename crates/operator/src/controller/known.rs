//! What the watches know, so that looks ask the API server nothing.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::runtime::reflector::Store;

use crate::api::{FhirMapping, Hl7Pipeline};
use crate::desired::{Role, SHADOW, TRIAL, is_instance, is_task};

/// The objects as last reported.
pub(super) struct Known {
    pub(super) pipelines: Store<Hl7Pipeline>,
    pub(super) mappings: Store<FhirMapping>,
    pub(super) pods: Store<Pod>,
}

impl Known {
    /// The pods of a role.
    pub(super) fn pods(&self, pipeline: &Hl7Pipeline, role: Role) -> Vec<Arc<Pod>> {
        let (namespace, name) = (pipeline.namespace(), pipeline.name_any());
        let mut pods = self.pods.state();
        pods.retain(|pod| pod.namespace() == namespace && is_instance(pod.labels(), &name, role));
        pods
    }

    /// The pods that try something, by the id of the trial.
    pub(super) fn trying(&self, pipeline: &Hl7Pipeline, trial: &str) -> Vec<Arc<Pod>> {
        let (namespace, name) = (pipeline.namespace(), pipeline.name_any());
        let mut pods = self.pods.state();
        pods.retain(|pod| {
            let tries = pod.labels().get(TRIAL).is_some_and(|known| known == trial);
            tries && pod.namespace() == namespace && belongs(pod, &name)
        });
        pods
    }
}

fn belongs(pod: &Pod, pipeline: &str) -> bool {
    let components = Role::ALL.map(Role::word).into_iter().chain([SHADOW]);
    let mut components = components;
    components.any(|component| is_task(pod.labels(), pipeline, component))
}

/// Leaves of an instance what is asked of it here: its labels, address and state.
pub(super) fn trim(pod: &mut Pod) {
    pod.spec = None;
    pod.metadata.managed_fields = None;
    pod.metadata.annotations = None;
}
