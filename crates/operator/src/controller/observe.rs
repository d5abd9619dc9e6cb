//! What the cluster holds.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, Resource as _, ResourceExt as _};

use super::{Context, Error, Instances};
use crate::api::{FhirMapping, Hl7Pipeline};
use crate::desired::{Observed, Role, ZONE, selector};
use crate::scorecard::Seen;

/// The mappings that the pipeline asks for or has in force, and that are there.
pub(super) async fn mappings(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
) -> Result<Vec<FhirMapping>, Error> {
    let api: Api<FhirMapping> = Api::namespaced(context.client.clone(), namespace);
    let mut mappings = Vec::new();
    let asked = pipeline.spec.mappings.iter().map(|named| &named.name);
    let status = pipeline.status.iter();
    let in_force = status.flat_map(|status| &status.rollout.mappings);
    let names: BTreeSet<&String> = asked.chain(in_force).collect();
    for name in names {
        let found = api
            .get_opt(name)
            .await
            .map_err(|source| Error::api(format!("read FhirMapping {name}"), source))?;
        mappings.extend(found);
    }
    Ok(mappings)
}

/// What the desired state depends on.
pub(super) fn observed(mappings: &[FhirMapping], context: &Context) -> Observed {
    let named = |mapping: &FhirMapping| (mapping.name_any(), mapping.spec.config_map.name.clone());
    Observed {
        mappings: mappings.iter().map(named).collect(),
        pod_monitors: context.pod_monitors,
        ..Observed::default()
    }
}

/// What the scorecard asks of the cluster. `ready` are the instances of listen and of transform.
pub(super) async fn seen(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
    (listen_ready, transform_ready): (i32, i32),
    mappings: &[FhirMapping],
) -> Result<Seen, Error> {
    let name = pipeline.name_any();
    let pods = pods(&context.client, namespace, &name, Role::Listen).await?;
    let ready = pods.iter().filter(|pod| is_ready(pod));
    let refused = mappings.iter().filter(|mapping| {
        let conditions = mapping.status.iter().flat_map(|status| &status.conditions);
        conditions.into_iter().any(|known| known.status == "False")
    });
    Ok(Seen {
        listen_ready,
        transform_ready,
        // Kubernetes copies it from the node.
        zones: ready
            .filter_map(|pod| pod.labels().get(ZONE).cloned())
            .collect(),
        refused_mappings: refused.map(kube::ResourceExt::name_any).collect(),
    })
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
