//! What the cluster holds.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, Resource as _};

use super::{Context, Error, Instances};
use crate::api::{FhirMapping, Hl7Pipeline};
use crate::desired::{Observed, Role, selector};

/// What the desired state depends on.
pub(super) async fn observe(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
) -> Result<Observed, Error> {
    let mut observed = Observed {
        pod_monitors: context.pod_monitors,
        ..Observed::default()
    };
    let api: Api<FhirMapping> = Api::namespaced(context.client.clone(), namespace);
    for reference in &pipeline.spec.mappings {
        let found = api
            .get_opt(&reference.name)
            .await
            .map_err(|source| Error::api(format!("read FhirMapping {}", reference.name), source))?;
        if let Some(mapping) = found {
            observed
                .mappings
                .insert(reference.name.clone(), mapping.spec.config_map.name);
        }
    }
    Ok(observed)
}

/// The instances of a role as its Deployment counts them; of `wanted` none when there is no Deployment.
pub(super) async fn instances(
    client: &Client,
    namespace: &str,
    pipeline: &str,
    role: Role,
    wanted: i32,
) -> Result<Instances, Error> {
    let name = format!("{pipeline}-{}", role.word());
    let api: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let deployment = api
        .get_opt(&name)
        .await
        .map_err(|source| Error::api(format!("read Deployment {name}"), source))?;
    let Some(deployment) = deployment else {
        return Ok(Instances {
            wanted,
            ..Instances::default()
        });
    };
    let seen = deployment.metadata.generation;
    let wanted = deployment.spec.replicas.unwrap_or(wanted);
    let status = deployment.status.unwrap_or_default();
    let stuck = status
        .conditions
        .iter()
        .flatten()
        .find(|condition| {
            condition.type_.as_deref() == Some("Progressing")
                && condition.status.as_deref() == Some("False")
        })
        .and_then(|condition| condition.message.clone());
    Ok(Instances {
        wanted,
        replicas: status.replicas.unwrap_or(0),
        ready: status.ready_replicas.unwrap_or(0),
        updated: status.updated_replicas.unwrap_or(0),
        judged: status.observed_generation >= seen,
        stuck,
    })
}

/// The pods of a role, those that are leaving included, in the order of their names.
pub(super) async fn pods(
    client: &Client,
    namespace: &str,
    pipeline: &str,
    role: Role,
) -> Result<Vec<Pod>, Error> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let mut pods = api
        .list(&ListParams::default().labels(&selector(pipeline, role)))
        .await
        .map_err(|source| Error::api("list the pods", source))?
        .items;
    pods.sort_by_key(kube::ResourceExt::name_any);
    Ok(pods)
}

/// Whether the pod serves and is not leaving.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    !is_leaving(pod)
        && conditions
            .into_iter()
            .flatten()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Whether the pod is to end.
pub(super) fn is_leaving(pod: &Pod) -> bool {
    pod.meta().deletion_timestamp.is_some()
}
