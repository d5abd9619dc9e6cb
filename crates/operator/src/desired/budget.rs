//! How many instances may be taken away at once by who drains nodes.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::names::{Names, Role};

/// One at a time. Instances that are not ready may always go: keeping them would hold up a drain and help nobody.
pub(super) fn budget(role: Role, names: &Names) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: names.metadata(names.of_role(role)),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(names.select(role)),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
