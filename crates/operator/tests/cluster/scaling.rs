//! The number of instances follows what they measure, and known peaks.

use k8s_openapi::api::apps::v1::Deployment;
use kiln_operator::api::Hl7Pipeline;
use kube::Api;
use serde_json::json;

use super::site::site;
use crate::support::least;

#[tokio::test]
async fn a_known_peak_is_met_and_told() {
    let site = site("scheduled-peak").await;
    let operator = site.operate().await;
    // The two together hold at any time.
    let peak = |name: &str, from: &str, to: &str, zone: &str| json!({"name": name, "from": from, "to": to, "timeZone": zone, "minReplicas": 4});
    let mut spec = least();
    spec["listen"] = json!({"replicas": 2, "scaling": {"minReplicas": 1, "maxReplicas": 6, "schedules": [
        peak("day", "06:00", "22:00", "Europe/Vienna"),
        peak("night", "22:00", "06:00", "Europe/Vienna"),
    ]}});
    site.create("elsewhere", &spec).await.unwrap();
    site.condition("elsewhere", "Applied", "Applied").await;
    let deployments: Api<Deployment> = site.all();
    let replicas = || async {
        deployments
            .get("elsewhere-listen")
            .await
            .unwrap()
            .spec
            .replicas
    };
    assert_eq!(replicas().await, Some(4));
    let pipelines: Api<Hl7Pipeline> = site.all();
    let told = pipelines.get("elsewhere").await.unwrap();
    // The spec stays its author's.
    assert_eq!(told.spec.listen.replicas, 2);
    let listen = told.status.unwrap().listen;
    assert_eq!(listen.desired_replicas, 4);
    assert!(
        listen.reason.starts_with("2 to 4: schedule "),
        "{}",
        listen.reason
    );

    let nowhere = json!({"spec": {"listen": {"scaling": {"schedules": [
        peak("day", "06:00", "22:00", "Europe/Wien"),
    ]}}}});
    site.change("elsewhere", &nowhere).await.unwrap();
    let message = site.condition("elsewhere", "Applied", "Impossible").await;
    assert!(message.contains("no time zone `Europe/Wien`"), "{message}");
    assert_eq!(replicas().await, Some(4));
    operator.stop().await;
}

/// What an instance of listen says that was asked so often: a hundred more acknowledgments each time, all within `le` seconds.
fn acknowledging(le: &'static str, connections: u32) -> impl Fn(u64) -> String + Clone {
    move |asked| {
        let count = 100 * asked;
        format!(
            "kiln_listen_ack_seconds_bucket{{le=\"0.05\"}} 0\n\
             kiln_listen_ack_seconds_bucket{{le=\"{le}\"}} {count}\n\
             kiln_listen_ack_seconds_bucket{{le=\"+Inf\"}} {count}\n\
             kiln_listen_connections {connections}\n\
             kiln_listen_in_flight_messages 0\n"
        )
    }
}

#[tokio::test]
async fn listen_grows_while_senders_wait_and_spreads_their_connections() {
    let site = site("scale-out-on-latency").await;
    let operator = site.operate().await;
    let mut spec = least();
    spec["listen"] = json!({"scaling": {"minReplicas": 2, "maxReplicas": 4}});
    site.create("elsewhere", &spec).await.unwrap();
    let role = ("elsewhere", "listen");
    // The 99th of a hundred is close to 0.4 s, of which the target of 250 ms asks 1.6 times as many.
    let busy = site.instances(role, 2, acknowledging("0.4", 30)).await;
    let pipelines: Api<Hl7Pipeline> = site.all();
    let listen = || async {
        pipelines
            .get("elsewhere")
            .await
            .unwrap()
            .status
            .unwrap()
            .listen
    };
    site.until("there are to be more", || async {
        listen().await.desired_replicas == 4
    })
    .await;
    let reason = listen().await.reason;
    assert!(
        reason.starts_with("2 to 4: ACK p99 39") && reason.contains(" ms over target 250 ms for "),
        "{reason}"
    );
    let idle = site.instances(role, 4, acknowledging("0.1", 0)).await;
    site.until("the busy ones let connections go", || async {
        busy.iter()
            .all(|instance| instance.shed() == ["connections=15"])
    })
    .await;
    assert!(idle.iter().all(|instance| instance.shed().is_empty()));
    site.until("an Event says so", || async {
        site.events("elsewhere")
            .await
            .contains(&"Scaled".to_owned())
    })
    .await;
    operator.stop().await;
}

#[tokio::test]
async fn transform_grows_while_messages_wait() {
    let site = site("scale-out-on-lag").await;
    let operator = site.operate().await;
    let mut spec = least();
    spec["transform"] = json!({"replicas": 1, "scaling": {"minReplicas": 1, "maxReplicas": 6}});
    site.create("elsewhere", &spec).await.unwrap();
    let behind = |_| {
        "kiln_transform_lag_seconds{lane=\"interactive\"} 17.5\n\
         kiln_transform_lag_seconds{lane=\"bulk\"} 90000\n"
            .to_owned()
    };
    let _behind = site.instances(("elsewhere", "transform"), 1, behind).await;
    let deployments: Api<Deployment> = site.all();
    site.until("there are more", || async {
        let found = deployments.get("elsewhere-transform").await.unwrap();
        found.spec.replicas == Some(2)
    })
    .await;
    operator.stop().await;
}

#[tokio::test]
async fn listen_shrinks_by_one_after_a_long_calm() {
    let site = site("scale-in").await;
    let operator = site.operate().await;
    let mut spec = least();
    spec["listen"] = json!({"replicas": 3, "scaling": {"minReplicas": 1, "maxReplicas": 6, "scaleInAfterSeconds": 30}});
    site.create("elsewhere", &spec).await.unwrap();
    let _calm = site
        .instances(("elsewhere", "listen"), 3, acknowledging("0.1", 10))
        .await;
    let deployments: Api<Deployment> = site.all();
    site.until("there is one fewer", || async {
        let found = deployments.get("elsewhere-listen").await.unwrap();
        found.spec.replicas == Some(2)
    })
    .await;
    // The status is written after the instances are.
    let pipelines: Api<Hl7Pipeline> = site.all();
    site.until("the status says why", || async {
        let found = pipelines.get("elsewhere").await.unwrap();
        found.status.is_some_and(|status| {
            let why = "3 to 2: fewer have sufficed for ";
            status.listen.reason.starts_with(why)
        })
    })
    .await;
    operator.stop().await;
}
