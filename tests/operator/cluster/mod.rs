//! A Kubernetes of three nodes and a Kafka beside it, with the operator installed by its chart: one for all suites.
//!
//! Everything is in a network of its own ([`Network`]): each node is a host, Kafka is one, and this process, with the control
//! plane and the senders, is the router between them. A kube-proxy here makes it what stands before a cluster, a load balancer
//! that knows what the API server knows: senders connect to the addresses of Services.

mod cgroup;
mod control;
mod credentials;
mod kubectl;
mod node;
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use kiln_tests::{Broker, Network, await_until, ip};
use serde_json::{Value, json};

use self::control::{Control, SERVICES, server};
use self::credentials::Credentials;
pub(crate) use self::kubectl::Kubectl;
use self::node::{Node, Shared, given, pods};
use self::program::{Program, flags};

/// What instances run, and what they run after an upgrade: the same bytes under another name.
pub(crate) const IMAGE: &str = concat!("ghcr.io/kiln-health/kiln:", env!("CARGO_PKG_VERSION"));
pub(crate) const NEXT_IMAGE: &str = "ghcr.io/kiln-health/kiln:next";
/// Where the operator runs.
pub(crate) const OPERATOR: &str = "kiln-system";
const NODES: usize = 3;
/// For nodes, pods and rollouts on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_secs(180);

/// The running cluster. It ends with the process: `cargo xtask test operator` runs the suites as the first process of a
/// namespace, with which all others end.
pub(crate) struct Cluster {
    pub(crate) kubectl: Kubectl,
    pub(crate) broker: Broker,
    control: Control,
    nodes: Vec<Node>,
    network: Network,
    directory: PathBuf,
    _balancer: Program,
}

/// The cluster, for one suite at a time. One that failed may have left something dark: the next finds all alight.
pub(crate) fn cluster() -> MutexGuard<'static, Cluster> {
    static CLUSTER: OnceLock<Mutex<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Mutex::new(Cluster::start()));
    let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
    cluster.restore();
    cluster
}

impl Cluster {
    fn start() -> Cluster {
        let directory = PathBuf::from(given("KILN_TEST_DIRECTORY"));
        let network = Network::new(u8::try_from(NODES + 1).expect("few"));
        let router = network.router().to_string();
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("a router");
        for (number, host) in (1..).zip(network.hosts()) {
            let route = ["-n", host.namespace(), "route", "add", "default", "via"];
            ip(&[&route[..], &[&router]].concat());
            if number <= NODES {
                let (to, via) = (pods(number), host.ip().to_string());
                ip(&["route", "add", &to, "via", &via]);
            }
        }
        // Wherever it leads: what is sent to a Service is sent elsewhere before.
        let nowhere = network.hosts()[NODES].ip().to_string();
        ip(&["route", "add", SERVICES, "via", &nowhere]);
        let credentials = directory.join("credentials");
        let shared = Shared {
            states: directory.join("nodes"),
            credentials: credentials.clone(),
        };
        let credentials = Credentials::new(&credentials);
        let control = Control::start(&directory, &router, &credentials);
        let mut nodes = Vec::new();
        for (number, host) in (1..=NODES).zip(network.hosts()) {
            let name = node::name(number);
            let user = format!("system:node:{name}");
            credentials.user(&name, &user, Some("system:nodes"), &server(&router));
            nodes.push(Node::start(&shared, number, host));
        }
        let balancer = Program::start(
            flags(
                "kube-proxy",
                &[
                    ("kubeconfig", &credentials.path("kube-proxy.kubeconfig")),
                    // It waits for the node that it is told it runs on.
                    ("hostname-override", &node::name(1)),
                    ("proxy-mode", "nftables"),
                    ("bind-address", "127.0.0.1"),
                    ("conntrack-max-per-core", "0"),
                ],
            ),
            &directory,
            "kube-proxy",
        );
        let brokers = [network.hosts()[NODES].clone()];
        let broker = Broker::cluster(&brokers, &directory.join("kafka"), &Broker::jars()).remove(0);
        let cluster = Cluster {
            kubectl: Kubectl::new(&credentials.path("admin.kubeconfig")),
            broker,
            control,
            nodes,
            network,
            directory,
            _balancer: balancer,
        };
        cluster.await_nodes();
        cluster.namespace(OPERATOR);
        let chart = ["install", "kiln", "charts/kiln", "--namespace", OPERATOR];
        cluster.helm(&[&chart[..], &["--wait", "--timeout=180s"]].concat());
        cluster
    }

    /// A namespace that takes only what the restricted standard allows.
    pub(crate) fn namespace(&self, name: &str) {
        self.kubectl.apply(&json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        }));
    }

    /// Helm, with nothing of this user's.
    pub(crate) fn helm(&self, arguments: &[&str]) {
        let home = self.directory.join("helm");
        let mut helm = Command::new("helm");
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            helm.env(variable, &home);
        }
        let output = helm
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .args(arguments)
            .env(
                "KUBECONFIG",
                self.directory.join("credentials/admin.kubeconfig"),
            )
            .stdin(Stdio::null())
            .output()
            .expect("helm is missing; run `cargo xtask test operator`");
        assert!(
            output.status.success(),
            "helm {}: {}\n{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr),
            self.said(),
        );
    }

    /// Changes values of the installed chart, and waits until the operators run as they say.
    pub(crate) fn upgrade(&self, values: &[&str]) {
        let chart = ["upgrade", "kiln", "charts/kiln", "--namespace", OPERATOR];
        self.helm(&[&chart[..], &["--wait", "--timeout=180s"], values].concat());
    }

    /// SIGKILL to every operator.
    pub(crate) fn kill_operators(&self) {
        let of = "--selector=app.kubernetes.io/name=kiln-operator";
        let found = self.kubectl.get(&["pods", "--namespace", OPERATOR, of]);
        for pod in found["items"].as_array().into_iter().flatten() {
            kill(pod["metadata"]["uid"].as_str().unwrap_or_default());
        }
    }

    /// Takes everything off a node as people do before they work on it.
    pub(crate) fn drain(&self, node: &str) {
        self.kubectl
            .run(&["drain", node, "--request-timeout=0", "--timeout=180s"]);
    }

    /// A node's power goes: nothing that it has begun ends, and nobody is told. Gives when.
    pub(crate) fn power_off(&mut self, name: &str) -> Instant {
        let (network, node) = self.at(name);
        network.cut(&node.host);
        let at = Instant::now();
        node.kill();
        at
    }

    /// It comes back, with its disk.
    pub(crate) fn power_on(&mut self, name: &str) {
        let (network, node) = self.at(name);
        node.start_again();
        network.heal(&node.host);
    }

    /// A node's cable is pulled: it goes on, and nobody hears of it.
    pub(crate) fn cut(&mut self, name: &str) {
        let (network, node) = self.at(name);
        network.cut(&node.host);
        node.parted = true;
    }

    /// And put in again.
    pub(crate) fn heal(&mut self, name: &str) {
        let (network, node) = self.at(name);
        network.heal(&node.host);
        node.parted = false;
    }

    /// The API server's process is killed.
    pub(crate) fn kill_api(&mut self) {
        self.control.kill_api();
    }

    /// And started again; it answers.
    pub(crate) fn start_api_again(&mut self) {
        self.control.start_api_again();
        await_until("the API server", WITHIN, || {
            self.kubectl.attempt(&["get", "--raw", "/readyz"]).ok()
        });
    }

    /// Whether a node's kubelet is heard.
    pub(crate) fn is_ready(&self, name: &str) -> bool {
        let Ok(found) = self
            .kubectl
            .attempt(&["get", "node", name, "--output=json"])
        else {
            return false;
        };
        let node: Value = serde_json::from_str(&found).expect("kubectl must print JSON");
        holds(&node, "Ready")
    }

    fn at(&mut self, name: &str) -> (&Network, &mut Node) {
        let node = self.nodes.iter_mut().find(|node| node.name == name);
        (&self.network, node.expect("a node of the cluster"))
    }

    /// All that should be alight is.
    pub(crate) fn restore(&mut self) {
        self.control.restore();
        for node in &mut self.nodes {
            if node.dark {
                node.start_again();
                self.network.heal(&node.host);
            } else if node.parted {
                self.network.heal(&node.host);
                node.parted = false;
            }
        }
        self.await_nodes();
        self.kubectl.run(&["uncordon", "node1", "node2", "node3"]);
    }

    fn await_nodes(&self) {
        for number in 1..=NODES {
            let name = node::name(number);
            await_until(&format!("{name} to be ready"), WITHIN, || {
                self.is_ready(&name).then_some(())
            });
        }
    }

    /// What the control plane said last, for a failure.
    pub(crate) fn said(&self) -> String {
        self.control.said()
    }
}

/// SIGKILL to what runs in a pod, named by its uid.
pub(crate) fn kill(uid: &str) {
    // The groups of a node lie below those of this process.
    let within = format!("/pod{uid}/");
    let of_pod = |process: &Path| {
        let groups = std::fs::read_to_string(process.join("cgroup")).unwrap_or_default();
        let program = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
        groups.contains(&within) && program.starts_with("kiln")
    };
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let found: Vec<PathBuf> = processes
        .map(|entry| entry.path())
        .filter(|path| of_pod(path))
        .collect();
    assert!(!found.is_empty(), "nothing runs in pod {uid}");
    for process in found {
        let id = process.file_name().expect("a process id");
        let killed = Command::new("kill").arg("-KILL").arg(id).status();
        assert!(killed.expect("the command kill").success());
    }
}

/// Whether a condition of an object is true.
pub(crate) fn holds(object: &Value, kind: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == kind && condition["status"] == "True")
}
