//! What wakes the operator, and the loop around it all.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::ListParams;
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::known::{Known, trim};
use super::look::look;
use super::reconcile::{key, reconcile};
use super::{Context, Error};
use crate::api::{FhirMapping, Hl7Pipeline};

/// Pipelines that are worked on at once; the others wait.
const CONCURRENCY: u16 = 8;
/// A pass begins after so long without a change: what a pass applies comes back as changes, and controllers of the cluster
/// report theirs one by one.
const DEBOUNCE: Duration = Duration::from_millis(250);
/// Pipelines that were woken for another number and wait to be heard; looking waits with them.
const WOKEN_WAITING: usize = 64;
/// What the operator makes has this label; other objects of the cluster are not read.
const MADE_HERE: &str = "app.kubernetes.io/managed-by=kiln-operator";
/// What all instances have.
const INSTANCES: &str = "app.kubernetes.io/name=kiln,app.kubernetes.io/component";
const INSTANCE: &str = "app.kubernetes.io/instance";

/// Which pipelines an operator looks after.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Those of all namespaces.
    Cluster,
    /// Those of one.
    Namespace(String),
}

impl Scope {
    fn api<K>(&self, client: &Client) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match self {
            Scope::Cluster => Api::all(client.clone()),
            Scope::Namespace(name) => Api::namespaced(client.clone(), name),
        }
    }
}

/// Reconciles until `stop`.
pub async fn run(
    context: Arc<Context>,
    scope: &Scope,
    stop: CancellationToken,
) -> Result<(), Error> {
    let client = context.client.clone();
    let pipelines: Api<Hl7Pipeline> = scope.api(&client);
    // A watch would only repeat this error for ever.
    pipelines
        .list(&ListParams::default().limit(1))
        .await
        .map_err(|error| Error::NoDefinitions(Box::new(error)))?;
    let controller = Controller::new(pipelines, watcher::Config::default());
    let known = controller.store();
    let mut controller = controller;
    controller = owns::<Deployment>(controller, scope, &client);
    controller = owns::<Job>(controller, scope, &client);
    controller = owns::<Service>(controller, scope, &client);
    controller = owns::<ConfigMap>(controller, scope, &client);
    controller = owns::<ServiceAccount>(controller, scope, &client);
    controller = owns::<PodDisruptionBudget>(controller, scope, &client);
    controller = owns::<NetworkPolicy>(controller, scope, &client);
    let (mappings, writer) = reflector::store();
    let watched = watcher(
        scope.api::<FhirMapping>(&client),
        watcher::Config::default(),
    )
    .default_backoff()
    .reflect(writer)
    .touched_objects();
    controller = controller.watches_stream(watched, move |mapping| {
        let users: Vec<ObjectRef<Hl7Pipeline>> = known
            .state()
            .iter()
            .filter(|pipeline| uses(pipeline, &mapping))
            .map(|pipeline| ObjectRef::from_obj(pipeline.as_ref()))
            .collect();
        users
    });
    let (pods, writer) = reflector::store();
    let instances = watcher(
        scope.api::<Pod>(&client),
        watcher::Config::default().labels(INSTANCES),
    )
    .default_backoff()
    .modify(trim)
    .reflect(writer)
    .touched_objects();
    controller = controller.watches_stream(instances, |pod| {
        let pipeline = pod.labels().get(INSTANCE)?;
        Some(ObjectRef::new(pipeline).within(&pod.namespace()?))
    });
    let (wake, mut woken) = mpsc::channel(WOKEN_WAITING);
    controller = controller.reconcile_on(stream::poll_fn(move |task| woken.poll_recv(task)));
    let found = Known {
        pipelines: controller.store(),
        mappings,
        pods,
    };
    let looking = look(Arc::clone(&context), found, wake, stop.clone()).boxed();
    let reconciling = controller
        .with_config(
            Config::default()
                .concurrency(CONCURRENCY)
                .debounce(DEBOUNCE),
        )
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(
            reconcile,
            |pipeline, error, context| later(&pipeline, error, &context),
            context,
        )
        .for_each(|pass| async move {
            if let Err(error) = pass {
                tracing::debug!(%error, "a pass ended with an error");
            }
        });
    tokio::join!(looking, reconciling);
    Ok(())
}

/// Wakes the owner when what it owns changes. Only metadata is watched: what the object says is put right by applying it.
fn owns<K>(
    controller: Controller<Hl7Pipeline>,
    scope: &Scope,
    client: &Client,
) -> Controller<Hl7Pipeline>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug
        + Send
        + 'static,
{
    let made_here = watcher::Config::default().labels(MADE_HERE);
    controller.owns(scope.api::<PartialObjectMeta<K>>(client), made_here)
}

fn uses(pipeline: &Hl7Pipeline, mapping: &FhirMapping) -> bool {
    let asked = pipeline.spec.mappings.iter().map(|named| &named.name);
    let status = pipeline.status.iter();
    let in_force = status.flat_map(|status| &status.rollout.mappings);
    pipeline.namespace() == mapping.namespace()
        && asked
            .chain(in_force)
            .any(|name| *name == mapping.name_any())
}

fn later(pipeline: &Hl7Pipeline, error: &Error, context: &Context) -> Action {
    let wait = context.retries.failed(&key(pipeline));
    tracing::warn!(
        %error,
        namespace = pipeline.namespace().unwrap_or_default(),
        pipeline = pipeline.name_any(),
        again_in_milliseconds = wait.as_millis(),
        "the pipeline could not be made as it says"
    );
    Action::requeue(wait)
}
