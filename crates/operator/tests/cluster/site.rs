//! A namespace of its own for each test, with the definitions and the operator's rights in place.
#![allow(dead_code, reason = "each suite uses some of it")]

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use k8s_openapi::api::core::v1::{Namespace, Pod, ResourceQuota};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kiln_operator::api::{FhirMapping, Hl7Pipeline, definitions};
use kiln_operator::controller::{Context, Scope, reconcile, run};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{DynamicObject, NamespaceResourceScope};
use kube::{Api, Client, Config, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequestLayer;

use super::calls::Calls;
use super::instance::Instance;
use crate::support::settings;

const WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What the operator's chart binds to its account.
const RULES: &str = include_str!("../../../../charts/kiln/files/rules.yaml");
const ACCOUNT: &str = "system:serviceaccount:kiln-system:kiln-operator";

/// One test's namespace.
pub(crate) struct Site {
    admin: Client,
    operator: Client,
    calls: Calls,
    namespace: String,
}

/// An operator that works on a site.
pub(crate) struct Operator {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Operator {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

/// Makes the namespace.
pub(crate) async fn site(name: &str) -> Site {
    static PREPARED: OnceCell<()> = OnceCell::const_new();
    let admin = client(None, &Calls::default()).await;
    PREPARED.get_or_init(|| prepare(admin.clone())).await;
    let namespace = Namespace {
        metadata: kube::api::ObjectMeta {
            generate_name: Some(format!("{name}-")),
            ..kube::api::ObjectMeta::default()
        },
        ..Namespace::default()
    };
    let made = Api::<Namespace>::all(admin.clone())
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
    let calls = Calls::default();
    Site {
        operator: client(Some(ACCOUNT), &calls).await,
        admin,
        calls,
        namespace: made.name_any(),
    }
}

async fn client(user: Option<&str>, calls: &Calls) -> Client {
    let path = std::env::var("KILN_TEST_KUBECONFIG")
        .expect("KILN_TEST_KUBECONFIG names no file; run `cargo xtask test operator`");
    let mut kubeconfig = Kubeconfig::read_from(path).unwrap();
    for named in &mut kubeconfig.auth_infos {
        if let Some(info) = &mut named.auth_info {
            info.impersonate = user.map(str::to_owned);
        }
    }
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .unwrap();
    let calls = calls.clone();
    let noting = MapRequestLayer::new(move |request: Request<Body>| {
        calls.note(&request);
        request
    });
    let builder = ClientBuilder::try_from(config).unwrap();
    builder.with_layer(&noting).build()
}

/// Waits for the API server, then puts definitions and rights into it.
async fn prepare(admin: Client) {
    let definitions_api: Api<CustomResourceDefinition> = Api::all(admin.clone());
    until("the API server answers", || async {
        definitions_api.list(&ListParams::default()).await.is_ok()
    })
    .await;
    let parameters = PatchParams::apply("test").force();
    for definition in definitions() {
        let name = definition.object.name_any();
        let patch = Patch::Apply(&definition.object);
        definitions_api
            .patch(&name, &parameters, &patch)
            .await
            .unwrap();
        until("the definition is established", || async {
            let found = definitions_api.get(&name).await.unwrap();
            let status = serde_json::to_value(found.status).unwrap();
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            conditions
                .iter()
                .any(|known| known["type"] == "Established" && known["status"] == "True")
        })
        .await;
    }
    let rules: Vec<PolicyRule> = serde_saphyr::from_str(RULES).unwrap();
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "kiln-operator"}, "rules": rules,
    });
    Api::<ClusterRole>::all(admin.clone())
        .patch("kiln-operator", &parameters, &Patch::Apply(role))
        .await
        .unwrap();
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "kiln-operator"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "kiln-operator"},
        "subjects": [{"kind": "ServiceAccount", "name": "kiln-operator", "namespace": "kiln-system"}],
    });
    Api::<ClusterRoleBinding>::all(admin)
        .patch("kiln-operator", &parameters, &Patch::Apply(binding))
        .await
        .unwrap();
    // The API server makes the rights that every account has after it begins to answer.
    let operator = client(Some(ACCOUNT), &Calls::default()).await;
    until("accounts may ask what there is", || async {
        operator.list_api_groups().await.is_ok()
    })
    .await;
}

/// Looks until it is so.
async fn until<F: Future<Output = bool>>(what: &str, so: impl FnMut() -> F) {
    until_within(WITHIN, what, so).await;
}

async fn until_within<F: Future<Output = bool>>(
    within: Duration,
    what: &str,
    mut so: impl FnMut() -> F,
) {
    let looking = async {
        while !so().await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    assert!(
        tokio::time::timeout(within, looking).await.is_ok(),
        "not within {within:?}: {what}"
    );
}

impl Site {
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// May do everything.
    pub(crate) fn admin_client(&self) -> Client {
        self.admin.clone()
    }

    /// May do what the operator's account may.
    pub(crate) fn operator_client(&self) -> Client {
        self.operator.clone()
    }

    /// All objects of a kind in the namespace, for the administrator.
    pub(crate) fn all<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.admin.clone(), &self.namespace)
    }

    pub(crate) async fn until<F: Future<Output = bool>>(&self, what: &str, so: impl FnMut() -> F) {
        until(what, so).await;
    }

    pub(crate) async fn until_within<F: Future<Output = bool>>(
        &self,
        within: Duration,
        what: &str,
        so: impl FnMut() -> F,
    ) {
        until_within(within, what, so).await;
    }

    /// What the operator asked the API server.
    pub(crate) fn calls(&self) -> &Calls {
        &self.calls
    }

    async fn context(&self) -> Arc<Context> {
        let context = Context::new(self.operator.clone(), settings(), "test".to_owned());
        Arc::new(context.await.unwrap())
    }

    /// Starts an operator for this namespace, with the rights of its account.
    pub(crate) async fn operate(&self) -> Operator {
        let context = self.context().await;
        let scope = Scope::Namespace(self.namespace.clone());
        let stop = CancellationToken::new();
        let token = stop.clone();
        let running = tokio::spawn(async move { run(context, &scope, token).await.unwrap() });
        Operator { stop, running }
    }

    /// One pass over a pipeline as it is now.
    pub(crate) async fn pass(&self, name: &str) {
        let pipeline = self.all::<Hl7Pipeline>().get(name).await.unwrap();
        reconcile(Arc::new(pipeline), self.context().await)
            .await
            .unwrap();
    }

    pub(crate) async fn create(&self, name: &str, spec: &Value) -> Result<(), kube::Error> {
        let resource = kube::core::ApiResource::erase::<Hl7Pipeline>(&());
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.admin.clone(), &self.namespace, &resource);
        // As written: the API server fills in what is left out, not the types.
        let object = DynamicObject::new(name, &resource).data(json!({"spec": without_null(spec)}));
        api.create(&PostParams::default(), &object)
            .await
            .map(|_| ())
    }

    pub(crate) async fn change(&self, name: &str, change: &Value) -> Result<(), kube::Error> {
        self.all::<Hl7Pipeline>()
            .patch(name, &PatchParams::default(), &Patch::Merge(change))
            .await
            .map(|_| ())
    }

    /// A `FhirMapping` that names a `ConfigMap`.
    pub(crate) async fn map(&self, name: &str, config_map: &str) {
        let mapping: FhirMapping = serde_json::from_value(json!({
            "apiVersion": "kiln.health/v1alpha1", "kind": "FhirMapping",
            "metadata": {"name": name}, "spec": {"configMap": {"name": config_map}},
        }))
        .unwrap();
        self.all::<FhirMapping>()
            .create(&PostParams::default(), &mapping)
            .await
            .unwrap();
    }

    /// Bounds how many objects of a kind there may be.
    pub(crate) async fn quota(&self, kind: &str, count: &str) {
        let quota = json!({
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": "quota"}, "spec": {"hard": {kind: count}},
        });
        let quotas: Api<ResourceQuota> = self.all();
        quotas
            .patch(
                "quota",
                &PatchParams::apply("test").force(),
                &Patch::Apply(quota),
            )
            .await
            .unwrap();
        until("the quota is counted", || async {
            let status = serde_json::to_value(quotas.get("quota").await.unwrap().status).unwrap();
            status["hard"][kind] == count && status["used"][kind].is_string()
        })
        .await;
    }

    /// Awaits a condition's reason; its message.
    pub(crate) async fn condition(&self, name: &str, kind: &str, reason: &str) -> String {
        let api: Api<Hl7Pipeline> = self.all();
        let message = std::cell::RefCell::new(String::new());
        until(&format!("{kind} says {reason}"), || async {
            let status = api.get(name).await.unwrap().status.unwrap_or_default();
            let found = status
                .conditions
                .into_iter()
                .find(|known| known.type_ == kind && known.reason == reason);
            found.is_some_and(|known| {
                *message.borrow_mut() = known.message;
                true
            })
        })
        .await;
        message.into_inner()
    }

    /// The pods of a role, once there are so many.
    pub(crate) async fn pods(&self, pipeline: &str, role: &str, count: usize) -> Vec<Pod> {
        let api: Api<Pod> = self.all();
        let selector =
            format!("app.kubernetes.io/instance={pipeline},app.kubernetes.io/component={role}");
        let listed = ListParams::default().labels(&selector);
        until(&format!("{count} pods of {role}"), || async {
            api.list(&listed).await.unwrap().items.len() == count
        })
        .await;
        api.list(&listed).await.unwrap().items
    }

    /// Awaits so many pods of a role and says of them what a kubelet would.
    pub(crate) async fn pods_are(&self, pipeline: &str, role: &str, count: usize, ready: bool) {
        for pod in self.pods(pipeline, role, count).await {
            self.pod_is(&pod.name_any(), ready).await;
        }
    }

    pub(crate) async fn pod_is(&self, name: &str, ready: bool) {
        let status = if ready { "True" } else { "False" };
        let patch = json!({"status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ]}});
        self.all::<Pod>()
            .patch_status(name, &PatchParams::default(), &Patch::Strategic(patch))
            .await
            .unwrap();
    }

    /// Awaits so many pods of a role, and lets an instance answer for each that has none yet.
    pub(crate) async fn instances(
        &self,
        (pipeline, role): (&str, &str),
        count: usize,
        answer: impl Fn(u64) -> String + Clone + Send + 'static,
    ) -> Vec<Instance> {
        let mut instances = Vec::new();
        for pod in self.pods(pipeline, role, count).await {
            let status = pod.status.clone().unwrap_or_default();
            if status.pod_ip.is_some() {
                continue;
            }
            let instance = Instance::start(answer.clone()).await;
            let at = instance.address.to_string();
            let patch = json!({"status": {"podIP": at, "podIPs": [{"ip": at}]}});
            self.all::<Pod>()
                .patch_status(
                    &pod.name_any(),
                    &PatchParams::default(),
                    &Patch::Strategic(patch),
                )
                .await
                .unwrap();
            self.pod_is(&pod.name_any(), true).await;
            instances.push(instance);
        }
        instances
    }

    /// The reasons of the Events about a pipeline.
    pub(crate) async fn events(&self, name: &str) -> Vec<String> {
        let events = self
            .all::<Event>()
            .list(&ListParams::default())
            .await
            .unwrap();
        events
            .into_iter()
            .filter(|event| {
                event.regarding.as_ref().is_some_and(|about| {
                    about.kind.as_deref() == Some("Hl7Pipeline")
                        && about.name.as_deref() == Some(name)
                })
            })
            .filter_map(|event| event.reason)
            .collect()
    }

    /// All that the namespace holds of the kinds that the operator writes or makes others write, as JSON, by kind.
    pub(crate) async fn everything(&self) -> BTreeMap<String, String> {
        use k8s_openapi::api::{apps, batch, core};
        let mut all = BTreeMap::new();
        self.all_of::<Hl7Pipeline>(&mut all).await;
        self.all_of::<FhirMapping>(&mut all).await;
        self.all_of::<Event>(&mut all).await;
        self.all_of::<core::v1::ConfigMap>(&mut all).await;
        self.all_of::<core::v1::Service>(&mut all).await;
        self.all_of::<core::v1::Pod>(&mut all).await;
        self.all_of::<apps::v1::Deployment>(&mut all).await;
        self.all_of::<batch::v1::Job>(&mut all).await;
        all
    }

    async fn all_of<K>(&self, all: &mut BTreeMap<String, String>)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + serde::Serialize
            + std::fmt::Debug,
    {
        let found = self.all::<K>().list(&ListParams::default()).await.unwrap();
        assert!(
            !found.items.is_empty() || K::kind(&()) == "Job",
            "no {}",
            K::kind(&())
        );
        let text = serde_json::to_string(&found.items).unwrap();
        all.insert(K::kind(&()).into_owned(), text);
    }

    /// The version of everything that the operator writes for a pipeline, and of its own resource.
    pub(crate) async fn versions(&self, name: &str) -> BTreeMap<String, String> {
        let mut versions = self
            .versions_of(&format!("app.kubernetes.io/instance={name}"))
            .await;
        if let Some(pipeline) = self.all::<Hl7Pipeline>().get_opt(name).await.unwrap() {
            versions.insert(
                "Hl7Pipeline".to_owned(),
                pipeline.resource_version().unwrap_or_default(),
            );
        }
        versions
    }

    /// The version of everything that the operator writes, and of all pipelines.
    pub(crate) async fn all_versions(&self) -> BTreeMap<String, String> {
        let mut versions = self
            .versions_of("app.kubernetes.io/managed-by=kiln-operator")
            .await;
        self.note::<Hl7Pipeline>(&ListParams::default(), &mut versions)
            .await;
        versions
    }

    async fn versions_of(&self, labels: &str) -> BTreeMap<String, String> {
        use k8s_openapi::api::{apps, core, networking, policy};
        let mut versions = BTreeMap::new();
        let listed = ListParams::default().labels(labels);
        self.note::<apps::v1::Deployment>(&listed, &mut versions)
            .await;
        self.note::<core::v1::Service>(&listed, &mut versions).await;
        self.note::<core::v1::ConfigMap>(&listed, &mut versions)
            .await;
        self.note::<core::v1::ServiceAccount>(&listed, &mut versions)
            .await;
        self.note::<policy::v1::PodDisruptionBudget>(&listed, &mut versions)
            .await;
        self.note::<networking::v1::NetworkPolicy>(&listed, &mut versions)
            .await;
        versions
    }

    async fn note<K>(&self, listed: &ListParams, versions: &mut BTreeMap<String, String>)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug,
    {
        for object in self.all::<K>().list(listed).await.unwrap() {
            versions.insert(
                format!("{} {}", K::kind(&()), object.name_any()),
                object.resource_version().unwrap_or_default(),
            );
        }
    }
}

fn without_null(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(fields) = spec.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    spec
}
