//! The control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, in this process's own network.

use std::path::Path;
use std::time::Duration;

use kiln_tests::await_until;

use super::credentials::Credentials;
use super::kubectl::Kubectl;
use super::program::{Program, flags};

/// For a program to come up on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(120);
const PORT: u16 = 6443;
/// Of the Services.
pub(crate) const SERVICES: &str = "10.96.0.0/16";

/// A running control plane. Dropped, it is killed.
pub(crate) struct Control {
    api: Program,
    /// Whether the API server was killed.
    silent: bool,
    others: Vec<Program>,
}

/// Where the API server answers at an address.
pub(crate) fn server(address: &str) -> String {
    format!("https://{address}:{PORT}")
}

impl Control {
    /// Starts it at an address of this machine, and waits until it answers.
    pub(crate) fn start(directory: &Path, address: &str, credentials: &Credentials) -> Control {
        let server = server(address);
        credentials.server("api", &[address, "10.96.0.1", "kubernetes.default.svc"]);
        credentials.key("accounts");
        for (name, user) in [
            ("controllers", "system:kube-controller-manager"),
            ("scheduler", "system:kube-scheduler"),
            ("kube-proxy", "system:kube-proxy"),
        ] {
            credentials.user(name, user, None, &server);
        }
        for name in ["admin", "api-to-nodes"] {
            credentials.user(name, name, Some("system:masters"), &server);
        }
        let etcd = "http://127.0.0.1:2379";
        let peer = "http://127.0.0.1:2380";
        let state = directory.join("etcd").display().to_string();
        let path = |file: &str| credentials.path(file);
        let mut others = vec![Program::start(
            flags(
                "etcd",
                &[
                    ("data-dir", &state),
                    // The machine does not lose its power, only its nodes do.
                    ("unsafe-no-fsync", "true"),
                    ("listen-client-urls", etcd),
                    ("advertise-client-urls", etcd),
                    ("listen-peer-urls", peer),
                    ("initial-advertise-peer-urls", peer),
                    ("initial-cluster", &format!("default={peer}")),
                    ("log-level", "warn"),
                ],
            ),
            directory,
            "etcd",
        )];
        let mut api = Program::start(
            flags(
                "kube-apiserver",
                &[
                    ("etcd-servers", etcd),
                    ("advertise-address", address),
                    ("secure-port", &PORT.to_string()),
                    ("authorization-mode", "Node,RBAC"),
                    ("enable-admission-plugins", "NodeRestriction"),
                    ("client-ca-file", &path("authority.crt")),
                    ("tls-cert-file", &path("api.crt")),
                    ("tls-private-key-file", &path("api.key")),
                    ("kubelet-client-certificate", &path("api-to-nodes.crt")),
                    ("kubelet-client-key", &path("api-to-nodes.key")),
                    ("kubelet-preferred-address-types", "InternalIP"),
                    ("service-account-issuer", "https://kubernetes.default.svc"),
                    ("service-account-key-file", &path("accounts.pub")),
                    ("service-account-signing-key-file", &path("accounts.key")),
                    ("service-cluster-ip-range", SERVICES),
                ],
            ),
            directory,
            "kube-apiserver",
        );
        let kubectl = Kubectl::new(&path("admin.kubeconfig"));
        let up = || {
            assert!(!api.has_ended(), "{}", api.said());
            kubectl.attempt(&["get", "--raw", "/readyz"]).ok()
        };
        await_until("the API server", START_WITHIN, up);
        let (controllers, scheduler) =
            (path("controllers.kubeconfig"), path("scheduler.kubeconfig"));
        others.push(Program::start(
            flags(
                "kube-controller-manager",
                &[
                    ("kubeconfig", &controllers),
                    ("authentication-kubeconfig", &controllers),
                    ("authorization-kubeconfig", &controllers),
                    ("bind-address", "127.0.0.1"),
                    ("leader-elect", "false"),
                    ("use-service-account-credentials", "true"),
                    ("service-account-private-key-file", &path("accounts.key")),
                    ("root-ca-file", &path("authority.crt")),
                    ("client-ca-file", &path("authority.crt")),
                    ("cluster-signing-cert-file", &path("authority.crt")),
                    ("cluster-signing-key-file", &path("authority.key")),
                ],
            ),
            directory,
            "kube-controller-manager",
        ));
        others.push(Program::start(
            flags(
                "kube-scheduler",
                &[
                    ("kubeconfig", &scheduler),
                    ("authentication-kubeconfig", &scheduler),
                    ("authorization-kubeconfig", &scheduler),
                    ("bind-address", "127.0.0.1"),
                    ("leader-elect", "false"),
                ],
            ),
            directory,
            "kube-scheduler",
        ));
        let account = ["get", "serviceaccount", "default", "--namespace", "default"];
        await_until("the controllers", START_WITHIN, || {
            kubectl.attempt(&account).ok()
        });
        Control {
            api,
            silent: false,
            others,
        }
    }

    /// SIGKILL to the API server: nobody learns anything, and nothing can be changed.
    pub(crate) fn kill_api(&mut self) {
        self.silent = true;
        self.api.kill();
    }

    /// It comes again, with all that it knew.
    pub(crate) fn start_api_again(&mut self) {
        self.silent = false;
        self.api.start_again();
    }

    /// All that should run does.
    pub(crate) fn restore(&mut self) {
        if self.silent {
            self.start_api_again();
        }
    }

    /// The end of each program's log.
    pub(crate) fn said(&self) -> String {
        let others = self.others.iter().map(Program::said);
        [self.api.said()].into_iter().chain(others).collect()
    }
}
