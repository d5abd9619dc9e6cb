//! A Kubernetes of its own for tests: etcd, kube-apiserver and kube-controller-manager, built from their Go modules, on
//! loopback, without nodes.

use std::{
    fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{go::Programs, need::run};

const START_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The programs of a cluster, of the control plane first; some ten minutes on two cores.
pub(crate) const PROGRAMS: Programs = Programs {
    module: "tests/operator/kubernetes",
    tags: "",
    // The version that go.mod pins, as the programs show it.
    flags: "-X k8s.io/component-base/version.gitVersion=v1.37.2 \
            -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37",
    packages: &[
        ("etcd", "go.etcd.io/etcd/server/v3"),
        ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        (
            "kube-controller-manager",
            "k8s.io/kubernetes/cmd/kube-controller-manager",
        ),
        ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
        ("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
        ("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
        ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    ],
};

/// What the chart is checked with.
pub(crate) const CHART: Programs = Programs {
    module: "tests/operator/chart",
    tags: "",
    flags: "",
    packages: &[
        ("helm", "helm.sh/helm/v4/cmd/helm"),
        (
            "kubeconform",
            "github.com/yannh/kubeconform/cmd/kubeconform",
        ),
    ],
};

/// A running control plane. It ends with this value.
pub(crate) struct Kubernetes {
    directory: PathBuf,
    running: Vec<Child>,
}

impl Kubernetes {
    /// Starts one that keeps all it has in `directory`.
    pub(crate) fn start(directory: &Path) -> Result<Kubernetes, String> {
        let programs = PROGRAMS.directory()?;
        let mut kubernetes = Kubernetes {
            directory: directory.to_owned(),
            running: Vec::new(),
        };
        kubernetes.credentials()?;
        let [client, peer, api] = free_ports()?;
        let (client, peer) = (
            format!("http://127.0.0.1:{client}"),
            format!("http://127.0.0.1:{peer}"),
        );
        let path = |name: &str| directory.join(name).display().to_string();
        kubernetes.run(
            &programs.join("etcd"),
            &[
                ("data-dir", &path("etcd")),
                ("unsafe-no-fsync", "true"),
                ("listen-client-urls", &client),
                ("advertise-client-urls", &client),
                ("listen-peer-urls", &peer),
                ("initial-advertise-peer-urls", &peer),
                ("initial-cluster", &format!("default={peer}")),
                ("log-level", "warn"),
            ],
        )?;
        kubernetes.run(
            &programs.join("kube-apiserver"),
            &[
                ("etcd-servers", &client),
                ("bind-address", "127.0.0.1"),
                ("advertise-address", "127.0.0.1"),
                ("secure-port", &api.to_string()),
                ("cert-dir", &path("certificates")),
                ("authorization-mode", "RBAC"),
                ("token-auth-file", &path("tokens.csv")),
                ("service-cluster-ip-range", "10.96.0.0/16"),
                ("service-account-issuer", "https://kubernetes.default.svc"),
                ("service-account-key-file", &path("accounts.pem")),
                ("service-account-signing-key-file", &path("accounts.pem")),
                // It would find no endpoint that it may announce on loopback.
                ("endpoint-reconciler-type", "none"),
            ],
        )?;
        kubernetes.await_port(api)?;
        kubernetes.kubeconfig_for(api)?;
        let kubeconfig = kubernetes.kubeconfig().display().to_string();
        kubernetes.run(
            &programs.join("kube-controller-manager"),
            &[
                ("kubeconfig", &kubeconfig),
                ("bind-address", "127.0.0.1"),
                ("secure-port", "0"),
                ("leader-elect", "false"),
                ("service-account-private-key-file", &path("accounts.pem")),
                ("use-service-account-credentials", "true"),
                ("flex-volume-plugin-dir", &path("volume-plugins")),
            ],
        )?;
        Ok(kubernetes)
    }

    /// The administrator's.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.join("kubeconfig")
    }

    fn run(&mut self, program: &Path, flags: &[(&str, &str)]) -> Result<(), String> {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let log = self.directory.join(format!("{name}.log"));
        let output =
            fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let child = Command::new(program)
            .args(
                flags
                    .iter()
                    .map(|(flag, value)| format!("--{flag}={value}")),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        self.running.push(child);
        Ok(())
    }

    /// The administrator's token, and the key that accounts' tokens are signed with.
    fn credentials(&self) -> Result<(), String> {
        create(&self.directory)?;
        run(Command::new("openssl")
            .args(["genrsa", "-out"])
            .arg(self.directory.join("accounts.pem"))
            .arg("2048")
            .stderr(Stdio::null()))?;
        let token = format!("{:032x}", random()?);
        private(&self.directory.join("token"), &token)?;
        let line = format!("{token},admin,admin,system:masters\n");
        private(&self.directory.join("tokens.csv"), &line)
    }

    fn kubeconfig_for(&self, port: u16) -> Result<(), String> {
        // The API server makes its own certificate; the file holds its authority too.
        let authority = self.directory.join("certificates/apiserver.crt");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{name: test, cluster: {{server: \"https://127.0.0.1:{port}\", certificate-authority: {}}}}}]\n\
             users: [{{name: admin, user: {{tokenFile: {}}}}}]\n\
             contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]\n",
            authority.display(),
            self.directory.join("token").display(),
        );
        private(&self.kubeconfig(), &text)
    }

    fn await_port(&mut self, port: u16) -> Result<(), String> {
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = self
                .running
                .iter_mut()
                .any(|child| matches!(child.try_wait(), Ok(Some(_))));
            if ended || started.elapsed() > START_WITHIN {
                return Err(format!(
                    "the API server does not come up; its logs:\n{}",
                    self.logs()
                ));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// The end of each program's log.
    pub(crate) fn logs(&self) -> String {
        use std::fmt::Write as _;
        const LINES: usize = 15;
        let mut text = String::new();
        for name in ["etcd", "kube-apiserver", "kube-controller-manager"] {
            let log = fs::read_to_string(self.directory.join(format!("{name}.log")));
            let log = log.unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let _ = writeln!(text, "-- {name}");
            for line in &lines[lines.len().saturating_sub(LINES)..] {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ports that are free now.
fn free_ports() -> Result<[u16; 3], String> {
    let mut held = Vec::new();
    let mut ports = [0; 3];
    for port in &mut ports {
        let socket = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        *port = socket
            .local_addr()
            .map_err(|error| error.to_string())?
            .port();
        held.push(socket);
    }
    Ok(ports)
}

fn random() -> Result<u128, String> {
    use std::io::Read as _;
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| format!("/dev/urandom: {error}"))?;
    Ok(u128::from_ne_bytes(bytes))
}

fn create(directory: &Path) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))
}

/// A file for this user's eyes.
fn private(path: &Path, text: &str) -> Result<(), String> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| format!("{}: {error}", path.display()))
}
