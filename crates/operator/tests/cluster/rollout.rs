//! Other mappings and another image are tried before they come into force.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kiln_operator::api::{Hl7Pipeline, RolloutStatus, Stage};
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use super::instance::Instance;
use super::site::{Site, site};
use crate::support::least;

const OLD: &str = "registry.example.org/kiln:1";
const NEW: &str = "registry.example.org/kiln:2";

async fn rollout(site: &Site) -> RolloutStatus {
    let pipelines: Api<Hl7Pipeline> = site.all();
    let found = pipelines.get("elsewhere").await.unwrap();
    found.status.unwrap_or_default().rollout
}

async fn deployment(site: &Site, name: &str) -> Option<Deployment> {
    let deployments: Api<Deployment> = site.all();
    deployments.get_opt(name).await.unwrap()
}

/// The names of each `ConfigMap` of maps in the pods of a Deployment.
fn maps(deployment: &Deployment) -> Vec<String> {
    let pod = deployment.spec.template.spec.clone().unwrap();
    let volumes = pod.volumes.unwrap_or_default().into_iter();
    let maps = volumes.filter_map(|volume| volume.config_map);
    let maps = maps.map(|source| source.name);
    maps.filter(|name| name != "elsewhere-config").collect()
}

fn image(deployment: &Deployment) -> String {
    let pod = deployment.spec.template.spec.clone().unwrap();
    pod.containers[0].image.clone().unwrap()
}

/// A pipeline with a mapping in force, and another that is asked for.
async fn with_another_mapping(site: &Site, shadow: Value) -> Instance {
    site.map("site", "site-maps").await;
    site.map("site-2", "site-maps-2").await;
    let mut spec = least();
    spec["mappings"] = json!([{"name": "site"}]);
    spec["rollout"] = json!({"shadow": shadow, "watchSeconds": 0});
    site.create("elsewhere", &spec).await.unwrap();
    site.condition("elsewhere", "RolledOut", "InForce").await;
    let other = json!({"spec": {"mappings": [{"name": "site-2"}]}});
    site.change("elsewhere", &other).await.unwrap();
    site.condition("elsewhere", "RolledOut", "Trying").await;
    let role = ("elsewhere", "shadow");
    let mut instances = site.instances(role, 1, |_| String::new()).await;
    let in_shadow = deployment(site, "elsewhere-shadow").await.unwrap();
    assert_eq!(maps(&in_shadow), ["site-maps", "site-maps-2"]);
    let running = deployment(site, "elsewhere-transform").await.unwrap();
    assert_eq!(maps(&running), ["site-maps"]);
    instances.remove(0)
}

fn compared(messages: u32, differing: u32, failing: u32) -> Value {
    json!({
        "reading": true, "messages": messages, "differing": differing, "failing": failing, "otherChanges": 0,
        "changes": [{"kind": "changed", "element": "Patient.gender", "count": differing}],
    })
}

#[tokio::test]
async fn a_bad_mapping_is_rolled_back_and_never_reaches_an_instance() {
    let site = site("bad-mapping-rolled-back").await;
    let operator = site.operate().await;
    let shadow =
        with_another_mapping(&site, json!({"leastMessages": 100, "leastSeconds": 0})).await;
    shadow.differs(&compared(40, 2, 0));
    site.until("its differences show by element", || async {
        let trial = rollout(&site).await.trial;
        trial.is_some_and(|trial| {
            trial.stage == Stage::Shadow
                && trial.messages == 40
                && trial.changes[0].element == "Patient.gender"
        })
    })
    .await;
    shadow.differs(&compared(50, 2, 1));
    let why = site.condition("elsewhere", "RolledOut", "RolledBack").await;
    assert_eq!(
        why,
        "mappings site-2 rolled back: 1 of 50 messages failed, over 0 in a thousand"
    );
    site.until("the shadow ends", || async {
        let left = deployment(&site, "elsewhere-shadow").await.unwrap();
        left.spec.replicas == Some(0)
    })
    .await;
    let running = deployment(&site, "elsewhere-transform").await.unwrap();
    assert_eq!(maps(&running), ["site-maps"]);
    let events = site.events("elsewhere").await;
    assert!(events.contains(&"RolledBack".to_owned()), "{events:?}");
    operator.stop().await;
}

#[tokio::test]
async fn a_mapping_that_is_good_enough_comes_into_force_by_itself() {
    let site = site("good-mapping-promoted").await;
    let operator = site.operate().await;
    let shadow =
        with_another_mapping(&site, json!({"leastMessages": 100, "leastSeconds": 0})).await;
    shadow.differs(&compared(100, 100, 0));
    site.condition("elsewhere", "RolledOut", "InForce").await;
    site.until("all instances are to have it", || async {
        let running = deployment(&site, "elsewhere-transform").await.unwrap();
        maps(&running) == ["site-maps-2"]
    })
    .await;
    let state = rollout(&site).await;
    assert_eq!(
        state.history[0].reason,
        "100 messages, 0 failed, 100 differ"
    );
    operator.stop().await;
}

/// What an instance says that had so many messages, some of which failed.
fn handled(messages: u32, dead: u32) -> impl Fn(u64) -> String + Clone {
    move |_| {
        format!(
            "kiln_transform_messages_total{{lane=\"interactive\"}} {messages}\n\
             kiln_transform_dead_letters_total{{reason=\"no-map\"}} {dead}\n"
        )
    }
}

async fn with_another_image(site: &Site) {
    let mut spec = least();
    spec["image"] = json!({"name": OLD});
    spec["rollout"] =
        json!({"canary": {"leastMessages": 100, "leastSeconds": 0}, "watchSeconds": 0});
    site.create("elsewhere", &spec).await.unwrap();
    site.condition("elsewhere", "RolledOut", "InForce").await;
    let other = json!({"spec": {"image": {"name": NEW}}});
    site.change("elsewhere", &other).await.unwrap();
    site.condition("elsewhere", "RolledOut", "Trying").await;
    for role in ["listen", "transform"] {
        let canary = deployment(site, &format!("elsewhere-{role}-canary")).await;
        assert_eq!(image(&canary.unwrap()), NEW);
        let running = deployment(site, &format!("elsewhere-{role}")).await;
        assert_eq!(image(&running.unwrap()), OLD);
    }
}

/// Lets an instance answer for each canary.
async fn canaries(
    site: &Site,
    answer: impl Fn(u64) -> String + Clone + Send + 'static,
) -> Vec<Instance> {
    let mut canaries = Vec::new();
    for role in ["listen", "transform"] {
        let others = site.instances(("elsewhere", role), 3, answer.clone()).await;
        canaries.extend(others);
    }
    let pods: Api<Pod> = site.all();
    let tracked = ListParams::default().labels("kiln.health/track=canary");
    assert_eq!(pods.list(&tracked).await.unwrap().items.len(), 2);
    canaries
}

#[tokio::test]
async fn a_canary_is_promoted_to_all_instances() {
    let site = site("canary-promoted").await;
    let operator = site.operate().await;
    with_another_image(&site).await;
    let _instances = canaries(&site, handled(100, 0)).await;
    site.condition("elsewhere", "RolledOut", "InForce").await;
    for role in ["listen", "transform"] {
        let name = format!("elsewhere-{role}");
        site.until("all are to have the image", || async {
            image(&deployment(&site, &name).await.unwrap()) == NEW
        })
        .await;
        let canary = format!("elsewhere-{role}-canary");
        site.until("the canary ends", || async {
            let left = deployment(&site, &canary).await.unwrap();
            left.spec.replicas == Some(0)
        })
        .await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn a_canary_that_ends_by_itself_goes_no_further() {
    let site = site("canary-rolled-back").await;
    let operator = site.operate().await;
    with_another_image(&site).await;
    let pods: Api<Pod> = site.all();
    let tracked = ListParams::default().labels("kiln.health/track=canary");
    site.until("there are canaries", || async {
        pods.list(&tracked).await.unwrap().items.len() == 2
    })
    .await;
    let canary = pods.list(&tracked).await.unwrap().items.remove(0);
    let status = json!({"status": {"phase": "Running", "containerStatuses": [{
        "name": "kiln", "image": NEW, "imageID": "", "ready": false, "restartCount": 1,
    }]}});
    pods.patch_status(
        &canary.name_any(),
        &kube::api::PatchParams::default(),
        &kube::api::Patch::Strategic(status),
    )
    .await
    .unwrap();
    let why = site.condition("elsewhere", "RolledOut", "RolledBack").await;
    assert!(why.ends_with("ended by itself, 1 times"), "{why}");
    let running = deployment(&site, "elsewhere-listen").await.unwrap();
    assert_eq!(image(&running), OLD);
    operator.stop().await;
}
