//! Names and labels of a pipeline's objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use kube::Resource as _;

use crate::api::Hl7Pipeline;

/// The label, with value `true`, of the instance of listen that takes all connections (`ActiveStandby`).
pub const ACTIVE: &str = "kiln.health/active";

/// The label of an instance that is not like the others: what it tries.
pub const TRACK: &str = "kiln.health/track";

/// The label of an instance that tries something: the id of the trial.
pub const TRIAL: &str = "kiln.health/trial";

const NAME: &str = "app.kubernetes.io/name";
const INSTANCE: &str = "app.kubernetes.io/instance";
const COMPONENT: &str = "app.kubernetes.io/component";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What an instance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes messages.
    Listen,
    /// Turns them into FHIR.
    Transform,
}

impl Role {
    /// Both roles.
    pub const ALL: [Role; 2] = [Role::Listen, Role::Transform];

    /// The word for it: in names, labels and `KILN_ROLES`.
    pub fn word(self) -> &'static str {
        match self {
            Role::Listen => "listen",
            Role::Transform => "transform",
        }
    }
}

/// The selector of a role's instances, as `kubectl get pods -l` takes it.
pub fn selector(pipeline: &str, role: Role) -> String {
    format!(
        "{NAME}=kiln,{INSTANCE}={pipeline},{COMPONENT}={}",
        role.word()
    )
}

/// Whether these are the labels of an instance of that role.
pub fn is_instance(labels: &BTreeMap<String, String>, pipeline: &str, role: Role) -> bool {
    is_task(labels, pipeline, role.word())
}

/// The names of the Deployments that a trial may have left: in shadow, and canaries.
pub fn trial_deployments(pipeline: &str) -> [String; 3] {
    [
        format!("{pipeline}-shadow"),
        format!("{pipeline}-listen-canary"),
        format!("{pipeline}-transform-canary"),
    ]
}

/// Whether these are the labels of a pod of the pipeline with that component.
pub fn is_task(labels: &BTreeMap<String, String>, pipeline: &str, component: &str) -> bool {
    [(NAME, "kiln"), (INSTANCE, pipeline), (COMPONENT, component)]
        .iter()
        .all(|(label, value)| labels.get(*label).is_some_and(|known| known == value))
}

/// The selector of everything that the operator made for a pipeline.
pub(super) fn owned(pipeline: &str) -> String {
    format!("{MANAGED_BY}=kiln-operator,{INSTANCE}={pipeline}")
}

/// Makes the names and labels of one pipeline's objects.
pub(super) struct Names {
    pub(super) pipeline: String,
    pub(super) namespace: String,
    owner: OwnerReference,
}

impl Names {
    /// None: the resource was not read from the API server.
    pub(super) fn of(pipeline: &Hl7Pipeline) -> Option<Names> {
        Some(Names {
            pipeline: pipeline.meta().name.clone()?,
            namespace: pipeline.meta().namespace.clone()?,
            owner: pipeline.controller_owner_ref(&())?,
        })
    }

    pub(super) fn account(&self) -> String {
        self.pipeline.clone()
    }

    pub(super) fn config(&self) -> String {
        format!("{}-config", self.pipeline)
    }

    pub(super) fn of_role(&self, role: Role) -> String {
        format!("{}-{}", self.pipeline, role.word())
    }

    pub(super) fn shadow(&self) -> String {
        format!("{}-shadow", self.pipeline)
    }

    pub(super) fn canary(&self, role: Role) -> String {
        format!("{}-{}-canary", self.pipeline, role.word())
    }

    pub(super) fn service(&self, listener: &str) -> String {
        format!("{}-{listener}", self.pipeline)
    }

    pub(super) fn policy(&self, of: &str) -> String {
        format!("{}-{of}", self.pipeline)
    }

    /// Metadata of an object that the pipeline owns.
    pub(super) fn metadata(&self, name: String) -> ObjectMeta {
        let mut labels = self.all();
        labels.insert(MANAGED_BY.to_owned(), "kiln-operator".to_owned());
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.clone()),
            labels: Some(labels),
            owner_references: Some(vec![self.owner.clone()]),
            ..ObjectMeta::default()
        }
    }

    /// Labels that all instances have and nothing else.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (NAME.to_owned(), "kiln".to_owned()),
            (INSTANCE.to_owned(), self.pipeline.clone()),
        ])
    }

    /// Labels that the instances of a role have and nothing else.
    pub(super) fn role(&self, role: Role) -> BTreeMap<String, String> {
        let mut labels = self.all();
        labels.insert(COMPONENT.to_owned(), role.word().to_owned());
        labels
    }

    /// Labels of a pod that does one thing and ends: those of all instances, so that the same NetworkPolicies hold, and of
    /// no role.
    pub(super) fn task(&self, task: &str) -> BTreeMap<String, String> {
        let mut labels = self.all();
        labels.insert(COMPONENT.to_owned(), task.to_owned());
        labels
    }

    /// Selects the instances of a role.
    pub(super) fn select(&self, role: Role) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.role(role)),
            ..LabelSelector::default()
        }
    }
}
