//! The operator on a real API server: etcd, kube-apiserver and controller-manager, no nodes. Pods stay pending, and the tests
//! say of them what a kubelet would.
#![allow(clippy::unwrap_used)]

mod cluster {
    pub(crate) mod calls;
    pub(crate) mod instance;
    mod rollout;
    mod scaling;
    pub(crate) mod site;
}
mod support;

use std::time::Duration;

use cluster::site::{Site, site};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Service};
use kiln_operator::api::{FhirMapping, Hl7Pipeline};
use kiln_operator::controller::{Election, LeaseTimes};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use support::{least, most};
use tokio_util::sync::CancellationToken;

/// A change from the least spec, and what the API server says of it.
async fn refused(site: &Site, change: impl FnOnce(&mut Value), words: &str) {
    let mut spec = least();
    change(&mut spec);
    let error = site.create("refused", &spec).await.unwrap_err().to_string();
    assert!(error.contains(words), "{words:?} is not in {error}");
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_the_way_out() {
    let site = site("refused").await;
    let two = |first: Value, second: Value| json!([first, second]);
    refused(
        &site,
        |spec| spec["listeners"] = two(json!({"name": "a"}), json!({"name": "b"})),
        "two listeners have the same port; give each its own",
    )
    .await;
    refused(
        &site,
        |spec| spec["kafka"]["sasl"] = json!({"mechanism": "PLAIN", "secret": {"name": "s"}}),
        "mechanism PLAIN sends the password as it is; add kafka.tls",
    )
    .await;
    refused(
        &site,
        |spec| {
            spec["transform"] = json!({"scaling": {"minReplicas": 1, "maxReplicas": 13}});
        },
        "the instances beyond it would have nothing to read",
    )
    .await;
    refused(
        &site,
        |spec| {
            spec["listen"] = json!({"scaling": {"minReplicas": 1, "maxReplicas": 2, "schedules": [
                {"name": "early", "from": "06:00", "to": "07:00", "minReplicas": 3},
            ]}});
        },
        "a schedule asks for more instances than maxReplicas allows",
    )
    .await;
    refused(
        &site,
        |spec| {
            spec["listeners"][0]["feeds"] =
                json!([{"name": "lab", "allowedCertificates": ["CN=lab"]}]);
        },
        "allowedCertificates of a feed needs tls.clientCaSecret",
    )
    .await;
    refused(
        &site,
        |spec| spec["listeners"][0]["sequenceNumbers"] = json!(true),
        "sequenceNumbers needs feed: numbers are counted in one feed",
    )
    .await;
    refused(
        &site,
        |spec| spec["kafka"]["brokers"] = json!(["kafka"]),
        "spec.kafka.brokers[0]",
    )
    .await;
    let long = "a".repeat(41);
    let error = site.create(&long, &least()).await.unwrap_err().to_string();
    assert!(error.contains("at most 40"), "{error}");
}

#[tokio::test]
async fn what_acknowledged_messages_rest_on_cannot_be_changed() {
    let site = site("unchangeable").await;
    site.create("fixed", &least()).await.unwrap();
    for (change, words) in [
        (
            json!({"spec": {"kafka": {"topicPrefix": "other"}}}),
            "topicPrefix cannot be changed",
        ),
        (
            json!({"spec": {"kafka": {"topics": {"partitions": 24}}}}),
            "partitions cannot be changed",
        ),
    ] {
        let error = site.change("fixed", &change).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_second_pass_writes_nothing() {
    let site = site("idempotent").await;
    site.map("site", "site-maps").await;
    site.map("ward", "ward-maps").await;
    let mut spec = most();
    // The cluster has no such class, and would let no pod through.
    spec["availability"] = json!({"mode": "ActiveStandby", "zones": "Required"});
    let operator = site.operate().await;
    site.create("elsewhere", &spec).await.unwrap();
    site.condition("elsewhere", "Applied", "Applied").await;
    // The Deployments' own controller writes too, until it has counted their pods.
    let deployments: Api<Deployment> = site.all();
    site.until("the pods are counted", || async {
        let found = deployments.list(&ListParams::default()).await.unwrap();
        found.iter().all(|deployment| {
            let counted = deployment.status.clone().unwrap_or_default();
            counted.replicas == deployment.spec.replicas
                && counted.unavailable_replicas == deployment.spec.replicas
        })
    })
    .await;
    site.condition("elsewhere", "Progressing", "RollingOut")
        .await;
    operator.stop().await;
    site.pass("elsewhere").await;
    let before = site.versions("elsewhere").await;
    assert!(before.len() > 10, "{before:#?}");
    site.pass("elsewhere").await;
    site.pass("elsewhere").await;
    assert_eq!(site.versions("elsewhere").await, before);
}

#[tokio::test]
async fn what_others_change_is_put_back() {
    let site = site("drift").await;
    let operator = site.operate().await;
    site.create("elsewhere", &least()).await.unwrap();
    site.condition("elsewhere", "Applied", "Applied").await;

    let deployments: Api<Deployment> = site.all();
    let change = json!({"spec": {"replicas": 7, "template": {"spec": {"automountServiceAccountToken": true}}}});
    let changed = deployments
        .patch(
            "elsewhere-listen",
            &PatchParams::default(),
            &Patch::Merge(change),
        )
        .await
        .unwrap();
    assert_eq!(changed.spec.replicas, Some(7));
    site.until("the Deployment is put back", || async {
        let found = deployments.get("elsewhere-listen").await.unwrap();
        let pod = found.spec.template.spec.unwrap();
        found.spec.replicas == Some(2) && pod.automount_service_account_token == Some(false)
    })
    .await;

    let services: Api<Service> = site.all();
    services
        .delete("elsewhere-mllp", &DeleteParams::default())
        .await
        .unwrap();
    site.until("the Service is made again", || async {
        services.get_opt("elsewhere-mllp").await.unwrap().is_some()
    })
    .await;

    // What the operator does not set is left to others.
    let note = json!({"metadata": {"annotations": {"example.org/owner": "integration team"}}});
    services
        .patch(
            "elsewhere-mllp",
            &PatchParams::default(),
            &Patch::Merge(note),
        )
        .await
        .unwrap();
    site.pass("elsewhere").await;
    let service = services.get("elsewhere-mllp").await.unwrap();
    assert_eq!(
        service.annotations()["example.org/owner"],
        "integration team"
    );
    operator.stop().await;
}

#[tokio::test]
async fn a_listener_that_is_taken_out_loses_its_service_and_no_other_does() {
    let site = site("listeners").await;
    let operator = site.operate().await;
    let services: Api<Service> = site.all();
    let foreign: Service = serde_json::from_value(json!({
        "metadata": {"name": "foreign", "labels": {
            "app.kubernetes.io/managed-by": "kiln-operator", "app.kubernetes.io/instance": "elsewhere",
        }},
        "spec": {"ports": [{"port": 80}]},
    }))
    .unwrap();
    services
        .create(&PostParams::default(), &foreign)
        .await
        .unwrap();
    let mut spec = least();
    spec["listeners"] = json!([{"name": "adt", "port": 2575}, {"name": "lab", "port": 2576}]);
    site.create("elsewhere", &spec).await.unwrap();
    site.condition("elsewhere", "Applied", "Applied").await;
    let only_adt = json!({"spec": {"listeners": [{"name": "adt", "port": 2575}]}});
    site.change("elsewhere", &only_adt).await.unwrap();
    site.until("the Service of lab is gone", || async {
        services.get_opt("elsewhere-lab").await.unwrap().is_none()
    })
    .await;
    assert!(services.get_opt("elsewhere-adt").await.unwrap().is_some());
    assert!(services.get_opt("foreign").await.unwrap().is_some());
    operator.stop().await;
}

#[tokio::test]
async fn the_status_says_what_it_is_and_what_to_do() {
    let site = site("status").await;
    let operator = site.operate().await;
    let mut spec = least();
    spec["mappings"] = json!([{"name": "site"}]);
    site.create("elsewhere", &spec).await.unwrap();
    let message = site.condition("elsewhere", "Applied", "Impossible").await;
    assert!(
        message.contains("there is no FhirMapping `site`"),
        "{message}"
    );
    let message = site.condition("elsewhere", "Ready", "NoListener").await;
    assert!(message.contains("no sender can connect"), "{message}");

    // The mapping that was missed wakes the operator.
    site.map("site", "site-maps").await;
    site.condition("elsewhere", "Applied", "Applied").await;
    site.pods_are("elsewhere", "listen", 2, true).await;
    let message = site
        .condition("elsewhere", "Ready", "NotTransforming")
        .await;
    assert!(message.contains("transformed later"), "{message}");
    site.pods_are("elsewhere", "transform", 2, true).await;
    site.condition("elsewhere", "Ready", "Serving").await;
    site.condition("elsewhere", "Progressing", "Settled").await;
    let events = site.events("elsewhere").await;
    for reason in ["Impossible", "NotTransforming", "Serving"] {
        assert!(events.contains(&reason.to_owned()), "{reason}: {events:?}");
    }

    let pipelines: Api<Hl7Pipeline> = site.all();
    let scale = pipelines.get_scale("elsewhere").await.unwrap();
    let (wanted, now) = (scale.spec.unwrap(), scale.status.unwrap());
    assert_eq!((wanted.replicas, now.replicas), (Some(2), 2));
    assert!(now.selector.unwrap().contains("component=listen"));
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    pipelines
        .patch_scale("elsewhere", &PatchParams::default(), &three)
        .await
        .unwrap();
    site.pods_are("elsewhere", "listen", 3, true).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_mapping_says_whether_it_is_in_force_and_where_it_is_wrong() {
    let site = site("mapping").await;
    let operator = site.operate().await;
    site.map("site", "site-maps").await;
    let mappings: Api<FhirMapping> = site.all();
    let status = || async {
        mappings
            .get("site")
            .await
            .unwrap()
            .status
            .unwrap_or_default()
    };
    let reason = || async {
        let condition = status().await.conditions.into_iter().next();
        condition.map(|known| known.reason).unwrap_or_default()
    };
    site.until("nobody uses it", || async { reason().await == "Unused" })
        .await;
    let mut spec = least();
    spec["mappings"] = json!([{"name": "site"}]);
    site.create("elsewhere", &spec).await.unwrap();
    let instances = site
        .instances(("elsewhere", "listen"), 2, |_| String::new())
        .await;
    let all_say = |rejected: Value| {
        let maps = json!({"mapping": {"version": "3f9a", "rejected": rejected}});
        for instance in &instances {
            instance.says(&maps);
        }
    };
    all_say(Value::Null);
    site.until("it is in force", || async { reason().await == "Compiled" })
        .await;
    assert_eq!(status().await.version.as_deref(), Some("3f9a"));
    all_say(json!(
        "/etc/kiln/overlay/00-site/PID.yaml:7: no element `brithDate`; nearest: birthDate"
    ));
    site.until("it is refused", || async { reason().await == "Refused" })
        .await;
    let condition = status().await.conditions.remove(0);
    assert_eq!(condition.status, "False");
    assert!(
        condition
            .message
            .ends_with("\nPID.yaml:7: no element `brithDate`; nearest: birthDate"),
        "{}",
        condition.message
    );
    operator.stop().await;
}

#[tokio::test]
async fn what_the_api_server_refuses_is_told_and_tried_again() {
    let site = site("quota").await;
    site.quota("services", "0").await;
    let operator = site.operate().await;
    site.create("elsewhere", &least()).await.unwrap();
    let message = site.condition("elsewhere", "Applied", "Refused").await;
    assert!(
        message.contains("Service elsewhere-mllp") && message.contains("exceeded quota"),
        "{message}"
    );
    site.quota("services", "5").await;
    site.condition("elsewhere", "Applied", "Applied").await;
    operator.stop().await;
}

#[tokio::test]
async fn one_instance_takes_the_traffic_and_a_warm_one_takes_over() {
    let site = site("standby").await;
    let operator = site.operate().await;
    let mut spec = least();
    spec["availability"] = json!({"mode": "ActiveStandby"});
    site.create("elsewhere", &spec).await.unwrap();
    site.pods_are("elsewhere", "listen", 2, true).await;
    let pods: Api<Pod> = site.all();
    let active = ListParams::default().labels("kiln.health/active=true");
    let names = || async {
        let found = pods.list(&active).await.unwrap();
        found
            .iter()
            .map(kube::ResourceExt::name_any)
            .collect::<Vec<_>>()
    };
    site.until("one is active", || async { names().await.len() == 1 })
        .await;
    let first = names().await.remove(0);
    site.pod_is(&first, false).await;
    site.until("another is active", || async {
        let now = names().await;
        now.len() == 1 && now[0] != first
    })
    .await;
    let second = names().await.remove(0);
    // The one that comes back waits.
    site.pod_is(&first, true).await;
    site.pass("elsewhere").await;
    assert_eq!(names().await, [second]);
    operator.stop().await;
}

#[tokio::test]
async fn a_deleted_pipeline_lets_its_senders_go_first_and_takes_all_with_it() {
    let site = site("deleted").await;
    let operator = site.operate().await;
    site.create("elsewhere", &least()).await.unwrap();
    site.pods_are("elsewhere", "listen", 2, true).await;
    let pods: Api<Pod> = site.all();
    let listen = ListParams::default().labels("app.kubernetes.io/component=listen");
    // A finalizer of the test stands for messages that are still in hand.
    let busy = pods.list(&listen).await.unwrap().items.remove(0).name_any();
    let hold = |names: Value| Patch::Merge(json!({"metadata": {"finalizers": names}}));
    let parameters = PatchParams::default();
    pods.patch(&busy, &parameters, &hold(json!(["kiln.health/test"])))
        .await
        .unwrap();
    let pipelines: Api<Hl7Pipeline> = site.all();
    pipelines
        .delete("elsewhere", &DeleteParams::default())
        .await
        .unwrap();
    site.until("only the busy instance is left", || async {
        pods.list(&listen).await.unwrap().items.len() == 1
    })
    .await;
    assert!(pipelines.get_opt("elsewhere").await.unwrap().is_some());
    let deployments: Api<Deployment> = site.all();
    assert!(
        deployments
            .get_opt("elsewhere-transform")
            .await
            .unwrap()
            .is_some()
    );
    pods.patch(&busy, &parameters, &hold(Value::Null))
        .await
        .unwrap();
    site.until("the pipeline is gone", || async {
        pipelines.get_opt("elsewhere").await.unwrap().is_none()
    })
    .await;
    site.until("nothing of it is left", || async {
        site.versions("elsewhere").await.is_empty()
    })
    .await;
    operator.stop().await;
}

#[tokio::test]
async fn topics_go_only_when_asked_after_all_instances_and_before_the_pipeline() {
    let site = site("topics-deleted").await;
    let operator = site.operate().await;
    let mut spec = least();
    spec["deletionPolicy"] = json!("Delete");
    site.create("elsewhere", &spec).await.unwrap();
    site.pods_are("elsewhere", "transform", 2, true).await;
    let jobs: Api<Job> = site.all();
    assert!(
        jobs.list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let pipelines: Api<Hl7Pipeline> = site.all();
    pipelines
        .delete("elsewhere", &DeleteParams::default())
        .await
        .unwrap();
    let first = site
        .pods("elsewhere", "topics", 1)
        .await
        .remove(0)
        .name_any();
    let pods: Api<Pod> = site.all();
    for role in ["listen", "transform"] {
        let component = format!("app.kubernetes.io/component={role}");
        let left = pods.list(&ListParams::default().labels(&component)).await;
        assert!(left.unwrap().items.is_empty(), "{role} was to end first");
    }
    // What a Job failed to do holds the pipeline, and is told. Its time is up; its tries would take minutes.
    let late = json!({"spec": {"activeDeadlineSeconds": 1}});
    jobs.patch(
        "elsewhere-delete-topics",
        &PatchParams::default(),
        &Patch::Merge(late),
    )
    .await
    .unwrap();
    site.until("the failure is told", || async {
        let events = site.events("elsewhere").await;
        events.contains(&"TopicsNotDeleted".to_owned())
    })
    .await;
    assert!(pipelines.get_opt("elsewhere").await.unwrap().is_some());
    // Deleted by whoever put it right, it is made anew, and this time it succeeds.
    jobs.delete("elsewhere-delete-topics", &DeleteParams::background())
        .await
        .unwrap();
    site.until("the first is gone", || async {
        pods.get_opt(&first).await.unwrap().is_none()
    })
    .await;
    let second = site
        .pods("elsewhere", "topics", 1)
        .await
        .remove(0)
        .name_any();
    let done = json!({"status": {"phase": "Succeeded"}});
    pods.patch_status(&second, &PatchParams::default(), &Patch::Merge(done))
        .await
        .unwrap();
    site.until("the pipeline is gone", || async {
        pipelines.get_opt("elsewhere").await.unwrap().is_none()
    })
    .await;
    let events = site.events("elsewhere").await;
    assert!(events.contains(&"TopicsDeleted".to_owned()), "{events:?}");
    operator.stop().await;
}

#[tokio::test]
async fn topics_that_are_not_as_asked_are_told_of() {
    let site = site("topics-drifted").await;
    let operator = site.operate().await;
    site.create("elsewhere", &least()).await.unwrap();
    let role = ("elsewhere", "listen");
    let instances = site.instances(role, 2, |_| String::new()).await;
    for instance in &instances {
        instance.says(&json!({"topics": {"drifted": [
            "elsewhere.hl7v2: cleanup.policy is compact, not delete",
        ]}}));
    }
    let message = site
        .condition("elsewhere", "TopicsAsAsked", "Drifted")
        .await;
    assert!(
        message.starts_with("elsewhere.hl7v2: cleanup.policy is compact, not delete; `kiln topics"),
        "{message}"
    );
    // Another operator, which has heard nothing yet, leaves it as it is.
    operator.stop().await;
    site.pass("elsewhere").await;
    site.condition("elsewhere", "TopicsAsAsked", "Drifted")
        .await;
}

/// Stands for what a message says, wherever an instance could name it to the operator without meaning to.
const MARK: &str = "zqmark";

#[tokio::test]
async fn what_a_message_says_reaches_no_object_status_or_event() {
    let site = site("no-content").await;
    let operator = site.operate().await;
    site.map("site", "site-maps").await;
    site.map("site-2", "site-maps-2").await;
    let mut spec = least();
    spec["mappings"] = json!([{"name": "site"}]);
    spec["listen"] = json!({"scaling": {"minReplicas": 2, "maxReplicas": 4}});
    spec["rollout"] = json!({"shadow": {"leastMessages": 100, "leastSeconds": 0}});
    site.create("elsewhere", &spec).await.unwrap();
    site.condition("elsewhere", "RolledOut", "InForce").await;
    let metrics = |_| {
        format!(
            "kiln_listen_ack_seconds_bucket{{listener=\"{MARK}\",le=\"0.4\"}} 100\n\
             kiln_listen_messages_total{{type=\"{MARK}\"}} 100\n{MARK} 1\n"
        )
    };
    let instances = site.instances(("elsewhere", "listen"), 2, metrics).await;
    for instance in &instances {
        instance.says(&json!({
            "ready": false, "reasons": [MARK], MARK: MARK, "topics": {"drifted": [], MARK: MARK},
            "mapping": {"version": "3f9a", "rejected": format!("a line about no file: {MARK}"), MARK: MARK},
        }));
    }
    site.condition("elsewhere", "TopicsAsAsked", "AsAsked")
        .await;
    let other = json!({"spec": {"mappings": [{"name": "site-2"}]}});
    site.change("elsewhere", &other).await.unwrap();
    let shadows = site.instances(("elsewhere", "shadow"), 1, metrics).await;
    shadows[0].differs(&json!({
        "messages": 50, "differing": 1, "failing": 1, MARK: MARK,
        "changes": [{"kind": "changed", "element": "Patient.name.family", "count": 1, "old": MARK, "new": MARK}],
    }));
    site.condition("elsewhere", "RolledOut", "RolledBack").await;
    operator.stop().await;
    for (kind, objects) in site.everything().await {
        let found = objects.to_lowercase().contains(MARK);
        assert!(!found, "{kind}: {objects}");
    }
}

#[tokio::test]
async fn the_operator_may_do_what_it_needs_and_nothing_else() {
    let site = site("rights").await;
    let reviews: Api<SelfSubjectAccessReview> = Api::all(site.operator_client());
    for (allowed, group, resource, verb) in [
        (true, "apps", "deployments", "patch"),
        (true, "", "services", "delete"),
        (true, "batch", "jobs", "create"),
        (false, "batch", "jobs", "delete"),
        (false, "batch", "cronjobs", "create"),
        (true, "kiln.health", "hl7pipelines/status", "patch"),
        (true, "kiln.health", "fhirmappings/status", "patch"),
        (false, "", "secrets", "get"),
        (false, "", "secrets", "list"),
        (false, "", "pods", "create"),
        (false, "", "pods", "delete"),
        (false, "", "pods/exec", "create"),
        (false, "", "nodes", "get"),
        (false, "", "namespaces", "list"),
        (false, "", "configmaps", "delete"),
        (false, "", "serviceaccounts/token", "create"),
        (false, "apps", "deployments", "delete"),
        (false, "apps", "daemonsets", "create"),
        (false, "kiln.health", "hl7pipelines", "create"),
        (false, "kiln.health", "hl7pipelines", "delete"),
        (false, "kiln.health", "fhirmappings", "patch"),
        (false, "networking.k8s.io", "networkpolicies", "delete"),
        (false, "rbac.authorization.k8s.io", "roles", "create"),
        (
            false,
            "rbac.authorization.k8s.io",
            "clusterrolebindings",
            "create",
        ),
    ] {
        let (name, subresource) = match resource.split_once('/') {
            Some((name, subresource)) => (name, Some(subresource.to_owned())),
            None => (resource, None),
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    group: Some(group.to_owned()),
                    resource: Some(name.to_owned()),
                    subresource,
                    verb: Some(verb.to_owned()),
                    namespace: Some(site.namespace().to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let answer = reviews
            .create(&PostParams::default(), &review)
            .await
            .unwrap();
        assert_eq!(
            answer.status.unwrap().allowed,
            allowed,
            "{verb} {group}/{resource}"
        );
    }
}

#[tokio::test]
async fn of_two_operators_one_works_and_the_other_takes_over() {
    let site = site("lease").await;
    let times = LeaseTimes {
        duration: Duration::from_secs(2),
        renew_within: Duration::from_secs(1),
        every: Duration::from_millis(100),
    };
    let candidate = |name: &str| {
        Election::new(
            site.admin_client(),
            site.namespace(),
            "kiln-operator",
            name,
            times,
        )
    };
    let (mut first, mut second) = (candidate("first"), candidate("second"));
    let (stop_first, stop_second) = (CancellationToken::new(), CancellationToken::new());
    assert!(first.lead(&stop_first).await);
    let renewing = tokio::spawn({
        let stop = stop_first.clone();
        async move { first.renew(&stop).await }
    });
    // Longer than the Lease lasts without renewal: it is renewed, so the second waits.
    let waited = tokio::time::timeout(2 * times.duration, second.lead(&stop_second)).await;
    assert!(waited.is_err(), "two operators lead at once");
    // One that stops gives the Lease free at once.
    stop_first.cancel();
    renewing.await.unwrap();
    let waited = tokio::time::timeout(times.duration / 2, second.lead(&stop_second)).await;
    assert!(waited.unwrap());
    // One that is killed never does; the Lease runs out.
    drop(second);
    let mut third = candidate("third");
    let waited = tokio::time::timeout(10 * times.duration, third.lead(&stop_second)).await;
    assert!(waited.unwrap());
}
