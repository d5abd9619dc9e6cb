//! The `PodMonitor` that leads a Prometheus to the instances, where the cluster knows that kind.

use kube::core::{ApiResource, GroupVersionKind};
use serde_json::json;

use super::names::Names;
use super::object::Object;
use super::pod::HTTP;

/// The kind, as the API server is asked for it.
pub(super) fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(
        "monitoring.coreos.com",
        "v1",
        "PodMonitor",
    ))
}

pub(super) fn monitor(names: &Names) -> Object {
    Object {
        resource: resource(),
        manifest: json!({
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PodMonitor",
            "metadata": names.metadata(names.account()),
            "spec": {
                "selector": {"matchLabels": names.all()},
                "podMetricsEndpoints": [{"port": HTTP, "path": "/metrics"}],
            },
        }),
    }
}
