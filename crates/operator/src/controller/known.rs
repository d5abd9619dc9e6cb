//! What the watches know, so that looks ask the API server nothing.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::runtime::reflector::Store;

use crate::api::{FhirMapping, Hl7Pipeline};
use crate::desired::{Role, is_instance};

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
}

/// Leaves of an instance what is asked of it here: its labels, address and state.
pub(super) fn trim(pod: &mut Pod) {
    pod.spec = None;
    pod.metadata.managed_fields = None;
    pod.metadata.annotations = None;
}
