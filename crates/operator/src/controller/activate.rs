//! `ActiveStandby`: which instance takes all connections.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use super::observe::{is_ready, pods};
use super::{Error, MANAGER};
use crate::desired::{ACTIVE, Role};

/// Keeps the active instance while it is ready; else the first that is ready takes over. The old one loses the traffic before
/// the new one gets it. None is ready: all stays as it is, so that one that comes back goes on.
pub(super) async fn activate(
    client: &Client,
    namespace: &str,
    pipeline: &str,
) -> Result<Option<String>, Error> {
    let pods = pods(client, namespace, pipeline, Role::Listen).await?;
    let Some(chosen) = choose(&pods) else {
        return Ok(None);
    };
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let label = |value: serde_json::Value| json!({"metadata": {"labels": {ACTIVE: value}}});
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    for pod in pods.iter().filter(|pod| is_active(pod)) {
        let name = pod.name_any();
        if name == chosen {
            return Ok(None);
        }
        let patch = Patch::Merge(label(serde_json::Value::Null));
        match api.patch(&name, &parameters, &patch).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(source) => return Err(Error::api(format!("take the traffic off {name}"), source)),
        }
    }
    api.patch(&chosen, &parameters, &Patch::Merge(label(json!("true"))))
        .await
        .map_err(|source| Error::api(format!("lead the traffic to {chosen}"), source))?;
    Ok(Some(chosen))
}

fn choose(pods: &[Pod]) -> Option<String> {
    let ready = || pods.iter().filter(|pod| is_ready(pod));
    ready()
        .find(|pod| is_active(pod))
        .or_else(|| ready().next())
        .map(kube::ResourceExt::name_any)
}

fn is_active(pod: &Pod) -> bool {
    pod.labels()
        .get(ACTIVE)
        .is_some_and(|value| value == "true")
}
