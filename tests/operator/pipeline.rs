//! A pipeline of a suite's own, and the judgement over all that went through it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use kiln_tests::{Checker, Message, expected_resources, records, settled};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Kubectl, OPERATOR, holds};
use crate::senders::{Senders, Sent};

/// For what was acknowledged to come out.
const SETTLE: Duration = Duration::from_secs(120);
const NAME: &str = "ward";

/// An `Hl7Pipeline` in a namespace of its own. Dropped, it is deleted, and not waited for.
pub(crate) struct Pipeline {
    kubectl: Kubectl,
    pub(crate) namespace: String,
    brokers: String,
    spec: Value,
}

/// A pod of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) name: String,
    /// Its own, of all pods that ever were.
    pub(crate) uid: String,
    pub(crate) node: String,
    pub(crate) ip: String,
    pub(crate) image: String,
    pub(crate) ready: bool,
    /// Whether it is to end.
    pub(crate) leaving: bool,
    /// Whether it takes the connections of an `ActiveStandby`.
    pub(crate) active: bool,
}

impl Pipeline {
    /// With two instances of each role and what `change` makes of the spec. Waits until it has settled.
    pub(crate) fn start(
        cluster: &Cluster,
        suite: &str,
        change: impl FnOnce(&mut Value),
    ) -> Pipeline {
        // What a laptop has for all of them; they take what they need.
        let small = json!({"requests": {"cpu": "50m", "memory": "64Mi"}});
        let mut spec = json!({
            "kafka": {
                "brokers": [cluster.broker.address()],
                "topicPrefix": suite,
                "topics": {"partitions": 3, "replication": 1},
            },
            "listeners": [{"name": "mllp"}],
            "listen": {"replicas": 2, "resources": small},
            "transform": {"replicas": 2, "resources": small},
            "rollout": {"minReadySeconds": 0},
        });
        change(&mut spec);
        let pipeline = Pipeline {
            kubectl: cluster.kubectl.clone(),
            namespace: suite.replace('_', "-"),
            brokers: cluster.broker.address(),
            spec,
        };
        cluster.namespace(&pipeline.namespace);
        pipeline.create();
        pipeline
    }

    /// Applies it, and waits until it has settled.
    pub(crate) fn create(&self) {
        self.kubectl.apply(&json!({
            "apiVersion": "kiln.health/v1alpha1",
            "kind": "Hl7Pipeline",
            "metadata": {"name": NAME, "namespace": self.namespace},
            "spec": self.spec,
        }));
        self.until("has settled", |found| {
            let judged = found["status"]["observedGeneration"] == found["metadata"]["generation"];
            judged && holds(found, "Ready") && is_settled(found)
        });
    }

    /// Changes the spec, as a merge.
    pub(crate) fn patch(&self, spec: &Value) {
        let patch = json!({ "spec": spec }).to_string();
        self.run(&[
            "patch",
            "hl7pipeline",
            NAME,
            "--type=merge",
            "--patch",
            &patch,
        ]);
    }

    /// kubectl in its namespace.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.kubectl
            .run(&[&["--namespace", &self.namespace], arguments].concat())
    }

    /// Waits for something to be so of the resource.
    pub(crate) fn until(&self, what: &str, so: impl FnMut(&Value) -> bool) -> Value {
        let resource = ["hl7pipeline", NAME, "--namespace", &self.namespace];
        let what = format!("{} {what}", self.namespace);
        self.kubectl
            .until(&what, &resource, so)
            .unwrap_or_else(|last| {
                let pods = self.run(&["get", "pods", "--output=wide"]);
                let events = self.run(&["events"]);
                let said = self.kubectl.attempt(&[
                    "logs",
                    "--namespace",
                    OPERATOR,
                    "--tail=20",
                    "--prefix",
                    "--selector=app.kubernetes.io/name=kiln-operator",
                ]);
                let said = said.unwrap_or_else(|error| error);
                panic!("{what}: not in time; {last:#}\n{pods}\n{events}\n{said}")
            })
    }

    /// The pods of a role that are there, by name.
    pub(crate) fn pods(&self, role: &str) -> Vec<Pod> {
        let of = format!(
            "--selector=app.kubernetes.io/instance={NAME},app.kubernetes.io/component={role}"
        );
        let found = self
            .kubectl
            .get(&["pods", "--namespace", &self.namespace, &of]);
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        items
            .iter()
            .map(|pod| Pod {
                name: text(&pod["metadata"]["name"]),
                uid: text(&pod["metadata"]["uid"]),
                node: text(&pod["spec"]["nodeName"]),
                ip: text(&pod["status"]["podIP"]),
                image: text(&pod["spec"]["containers"][0]["image"]),
                ready: holds(pod, "Ready"),
                leaving: !pod["metadata"]["deletionTimestamp"].is_null(),
                active: pod["metadata"]["labels"]["kiln.health/active"] == "true",
            })
            .collect()
    }

    /// Whether two instances of each role are ready, and nothing is leaving.
    pub(crate) fn is_whole(&self) -> bool {
        ["listen", "transform"].into_iter().all(|role| {
            let pods = self.pods(role);
            pods.len() == 2 && pods.iter().all(|pod| pod.ready && !pod.leaving)
        })
    }

    /// A number that an instance measures, by the name of its series in `/metrics`.
    pub(crate) fn measured(&self, pod: &Pod, series: &str) -> f64 {
        let (namespace, name) = (&self.namespace, &pod.name);
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}:8090/proxy/metrics");
        let metrics = self.kubectl.run(&["get", "--raw", &path]);
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Where senders of a listener connect.
    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        let service = format!("{NAME}-{listener}");
        let found = self
            .kubectl
            .get(&["service", &service, "--namespace", &self.namespace]);
        let (ip, port) = (
            &found["spec"]["clusterIP"],
            &found["spec"]["ports"][0]["port"],
        );
        let address = format!("{}:{port}", ip.as_str().unwrap_or_default());
        address.parse().expect("the address of a Service")
    }

    /// Starts senders to the one listener that is there by default, with that pace and patience, and waits until each
    /// has been acknowledged.
    pub(crate) fn senders(&self, feeds: usize, times: (Duration, Duration)) -> Senders {
        let senders = Senders::start(self.address("mllp"), "FEED", feeds, times);
        senders.await_each(2);
        senders
    }

    /// Waits until all that is acknowledged by now has come out.
    pub(crate) fn await_output(&self, senders: &Senders) {
        self.await_output_of(&senders.last());
    }

    /// Waits for the output of messages, the last of their feeds.
    fn await_output_of(&self, control_ids: &[String]) {
        // Every message gives one, and they are fewer than all resources.
        let topic = format!("{}.fhir.MessageHeader", self.prefix());
        records::await_kafka(&self.brokers, &topic, control_ids, SETTLE);
    }

    /// Deletes it, and waits until it is gone: its senders were let go.
    pub(crate) fn delete(&self) {
        self.run(&[
            "delete",
            "hl7pipeline",
            NAME,
            "--timeout=120s",
            "--request-timeout=0",
        ]);
    }

    /// What the suite's name makes of the topics.
    fn prefix(&self) -> String {
        self.namespace.replace('-', "_")
    }

    /// Nothing that was acknowledged is lost, doubled or out of order.
    pub(crate) fn judge(&self, sent: &[Sent]) {
        let started = Instant::now();
        assert!(!sent.is_empty(), "nothing was sent");
        let acknowledged = || sent.iter().filter(|sent| sent.acknowledged.is_some());
        let messages: Vec<Message> = sent.iter().map(|sent| sent.message.clone()).collect();
        let scratch = tempfile::tempdir().expect("a directory");
        let expected = expected_resources(&messages, scratch.path());
        let feed = |sent: &Sent| {
            sent.message
                .control_id
                .rsplit_once('-')
                .map(|(feed, _)| feed.to_owned())
        };
        let last: BTreeMap<Option<String>, &Sent> =
            acknowledged().map(|sent| (feed(sent), sent)).collect();
        let last: Vec<String> = last
            .values()
            .map(|sent| sent.message.control_id.clone())
            .collect();
        self.await_output_of(&last);
        let verdict = settled(SETTLE, || {
            let mut checker = Checker::new();
            for record in &expected {
                checker.expect(record);
            }
            for sent in sent.iter().filter(|sent| sent.acknowledged.is_none()) {
                checker.never_acknowledged(&sent.message.control_id);
            }
            for record in records::kafka(&self.brokers, &self.prefix()) {
                checker.observe(&record);
            }
            checker.verdict()
        });
        assert!(verdict.is_clean(), "{}: {verdict}", self.namespace);
        println!(
            "{}: {} acknowledged messages, {} resources, judged in {:.1} s",
            self.namespace,
            acknowledged().count(),
            expected.len(),
            started.elapsed().as_secs_f64()
        );
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let namespace = ["delete", "namespace", &self.namespace, "--wait=false"];
        // A suite that failed with the API server down has nothing to say here.
        let _ = self.kubectl.attempt(&namespace);
    }
}

/// Whether a rollout has come to its end.
pub(crate) fn is_settled(found: &Value) -> bool {
    let conditions = found["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Progressing" && condition["reason"] == "Settled")
}
