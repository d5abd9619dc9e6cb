//! Writing what is desired, and taking away what no longer is.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use super::{Error, MANAGER};
use crate::api::Hl7Pipeline;
use crate::desired::{Object, belongs_to};

/// An object that the API server did not take.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) source: kube::Error,
}

/// Applies every object, in order. Fields that the operator sets and another has changed are put back; fields that it does
/// not set are left alone. What is already so is not written.
pub(super) async fn apply(
    client: &Client,
    namespace: &str,
    objects: &[Object],
) -> Result<(), Refusal> {
    let parameters = PatchParams::apply(MANAGER).force();
    for object in objects {
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), namespace, &object.resource);
        api.patch(object.name(), &parameters, &Patch::Apply(&object.manifest))
            .await
            .map_err(|source| Refusal {
                kind: object.resource.kind.clone(),
                name: object.name().to_owned(),
                source,
            })?;
    }
    Ok(())
}

/// Ends the instances of a Deployment; false when there is none.
pub(super) async fn retire(client: &Client, namespace: &str, name: &str) -> Result<bool, Error> {
    let api: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let none = Patch::Merge(json!({"spec": {"replicas": 0}}));
    match api.patch(name, &parameters, &none).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(source) => Err(Error::api(format!("end Deployment {name}"), source)),
    }
}

/// Deletes the Services of listeners that the spec no longer has: the only objects whose names depend on it.
pub(super) async fn prune(
    client: &Client,
    namespace: &str,
    pipeline: &Hl7Pipeline,
    objects: &[Object],
) -> Result<(), Error> {
    let wanted: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object.resource.kind == "Service")
        .map(Object::name)
        .collect();
    let api: Api<Service> = Api::namespaced(client.clone(), namespace);
    let found = api
        .list(&ListParams::default().labels(&belongs_to(pipeline)))
        .await
        .map_err(|source| Error::api("list the Services", source))?;
    for service in found {
        let name = service.name_any();
        let ours = service
            .owner_references()
            .iter()
            .any(|owner| Some(&owner.uid) == pipeline.metadata.uid.as_ref());
        if !ours || wanted.contains(name.as_str()) {
            continue;
        }
        match api.delete(&name, &DeleteParams::default()).await {
            Ok(_) => tracing::info!(service = name, "the listener is gone, and its Service too"),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(source) => return Err(Error::api(format!("delete Service {name}"), source)),
        }
    }
    Ok(())
}
