//! Apache Kafka brokers (`KRaft`, broker and controller in one process) that can be killed.

use std::env;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::Process;
use crate::{Host, await_until};

/// From the start of the process until it answers a question for its metadata.
const READY: Duration = Duration::from_secs(240);
/// The cluster's id: any 16 bytes in base64url.
const CLUSTER: &str = "S2lsbkVuZFRvRW5kVGVzdA";

/// The ids of the brokers' directories: any 16 bytes in base64url.
const DIRECTORIES: [&str; 3] = [
    "S2lsbkRpcmVjdG9yeTAwMQ",
    "S2lsbkRpcmVjdG9yeTAwMg",
    "S2lsbkRpcmVjdG9yeTAwMw",
];

/// A broker of a cluster, before it runs.
struct Node<'a> {
    host: &'a Host,
    number: usize,
    id: &'static str,
    address: SocketAddr,
    controller: SocketAddr,
}

/// A running broker. Dropped, it is killed.
#[derive(Debug)]
pub struct Broker {
    process: Process,
    directory: PathBuf,
    jars: PathBuf,
    address: SocketAddr,
}

impl Broker {
    /// The directory of Kafka's jars, which `cargo xtask` names.
    ///
    /// # Panics
    /// When it did not.
    pub fn jars() -> PathBuf {
        env::var_os("KILN_KAFKA_LIB")
            .expect("KILN_KAFKA_LIB must name the directory of Kafka's jars; run `cargo xtask test e2e` or `cargo xtask chaos`")
            .into()
    }

    /// Formats `directory`, starts a broker from Kafka's `jars` on free loopback ports and waits until it answers.
    ///
    /// # Panics
    /// When the broker does not come up.
    pub fn start(directory: &Path, jars: &Path) -> Broker {
        let mut brokers = Broker::cluster(&[Host::loopback()], directory, jars);
        brokers.remove(0)
    }

    /// The same with a broker of one cluster on each of at most three hosts: every topic of as many replicas as there are
    /// brokers can be written while one of three is away. The directory of each is named by its number, from 1; in `logs` there is
    /// what it keeps.
    ///
    /// # Panics
    /// When a broker does not come up.
    pub fn cluster(hosts: &[Host], directory: &Path, jars: &Path) -> Vec<Broker> {
        let nodes: Vec<Node<'_>> = hosts
            .iter()
            .zip(DIRECTORIES)
            .zip(1..)
            .map(|((host, id), number)| Node {
                host,
                number,
                id,
                address: host.address(9092),
                controller: host.address(9093),
            })
            .collect();
        let started: Vec<Broker> = nodes
            .iter()
            .map(|node| {
                let directory = directory.join(node.number.to_string());
                format(&directory, jars, node, &nodes);
                let mut broker = java(node.host, &directory, jars);
                broker
                    .arg("kafka.Kafka")
                    .arg(directory.join("server.properties"));
                Broker {
                    process: Process::start(broker),
                    directory,
                    jars: jars.to_owned(),
                    address: node.address,
                }
            })
            .collect();
        for broker in &started {
            broker.await_ready(hosts.len());
        }
        started
    }

    /// `host:port`, the same after a restart.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Changes a setting of the running cluster as operators do, with Kafka's `ConfigCommand`: of all its clients
    /// (`["--entity-type", "clients", "--entity-default"]`) or of a topic.
    pub fn set(&self, of: &[&str], setting: &str) {
        self.configure(of, ["--add-config", setting]);
    }

    /// Takes it back: the default holds again.
    pub fn unset(&self, of: &[&str], name: &str) {
        self.configure(of, ["--delete-config", name]);
    }

    fn configure(&self, of: &[&str], change: [&str; 2]) {
        let status = java(&Host::loopback(), &self.directory, &self.jars)
            .args(["kafka.admin.ConfigCommand", "--bootstrap-server"])
            .arg(self.address())
            .arg("--alter")
            .args(of)
            .args(change)
            .status()
            .expect("java is missing; run `cargo xtask setup`");
        assert!(status.success(), "the cluster must take {change:?}");
    }

    /// A planned restart, as in a rolling upgrade: SIGTERM, on which it hands over what it leads, and a new process. Waits until
    /// it knows of so many brokers again.
    pub fn restart(&mut self, brokers: usize) {
        self.process.signal("-TERM");
        await_until("the broker to leave", READY, || self.process.left());
        self.start_again();
        self.await_ready(brokers);
    }

    /// SIGKILL, and a new process on the same directory.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.start_again();
        self.await_ready(1);
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// A new process on the same directory. Does not wait until it is ready.
    pub fn start_again(&mut self) {
        self.process.start_again();
    }

    /// Whether it has left by itself, as it does when its disk fails.
    pub fn has_left(&mut self) -> bool {
        self.process.left().is_some()
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn pause(&self) {
        self.process.signal("-STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.signal("-CONT");
    }

    /// Waits until it answers, and knows of so many brokers.
    pub fn await_ready(&self, brokers: usize) {
        await_until("an answer of the broker", READY, || {
            let asked = Command::new("kcat")
                .args(["-b", &self.address(), "-L", "-m", "1"])
                .stdin(Stdio::null())
                .output()
                .expect("kcat is missing; run `cargo xtask setup`");
            let known = String::from_utf8_lossy(&asked.stdout)
                .lines()
                .filter(|line| line.trim_start().starts_with("broker "))
                .count();
            (asked.status.success() && known >= brokers).then_some(())
        });
    }
}

fn java(host: &Host, directory: &Path, jars: &Path) -> Command {
    let log = File::options()
        .create(true)
        .append(true)
        .open(directory.join("broker.log"))
        .expect("a log file");
    let mut java = host.command("java");
    java.args([
        "-Xms256m",
        "-Xmx512m",
        "-cp",
        &format!("{}/*", jars.display()),
    ])
    .arg(format!(
        "-Dlog4j2.configurationFile={}",
        directory.join("log4j2.properties").display()
    ))
    .stdin(Stdio::null())
    .stdout(log.try_clone().expect("a second handle of the log"))
    .stderr(log);
    java
}

fn format(directory: &Path, jars: &Path, node: &Node<'_>, nodes: &[Node<'_>]) {
    fs::create_dir_all(directory).expect("a directory for the broker");
    fs::write(
        directory.join("server.properties"),
        properties(directory, node, nodes),
    )
    .expect("its properties");
    fs::write(directory.join("log4j2.properties"), LOGGING).expect("its logging");
    let controllers: Vec<String> = nodes
        .iter()
        .map(|node| format!("{}@{}:{}", node.number, node.controller, node.id))
        .collect();
    let status = java(node.host, directory, jars)
        .args(["kafka.tools.StorageTool", "format", "-t", CLUSTER])
        .args(["--initial-controllers", &controllers.join(",")])
        .arg("-c")
        .arg(directory.join("server.properties"))
        .status()
        .expect("java is missing; run `cargo xtask setup`");
    assert!(
        status.success(),
        "the broker's directory could not be formatted, see {}",
        directory.display()
    );
}

// Every internal topic has as many replicas as there are brokers, or groups and transactions never come up. The session is
// short, because after a SIGKILL the controller refuses the same node until the old session has ended.
fn properties(directory: &Path, node: &Node<'_>, nodes: &[Node<'_>]) -> String {
    let Node {
        number,
        address,
        controller,
        ..
    } = node;
    let controllers: Vec<String> = nodes
        .iter()
        .map(|node| node.controller.to_string())
        .collect();
    let (controllers, replicas) = (controllers.join(","), nodes.len());
    let in_sync = if replicas > 1 { 2 } else { 1 };
    format!(
        "process.roles=broker,controller\nnode.id={number}\n\
         listeners=PLAINTEXT://{address},CONTROLLER://{controller}\n\
         advertised.listeners=PLAINTEXT://{address},CONTROLLER://{controller}\n\
         controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers={controllers}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\ninter.broker.listener.name=PLAINTEXT\n\
         log.dirs={}\nauto.create.topics.enable=false\nmin.insync.replicas={in_sync}\n\
         offsets.topic.replication.factor={replicas}\noffsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor={replicas}\ntransaction.state.log.min.isr={in_sync}\ntransaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.replication.factor={replicas}\nshare.coordinator.state.topic.min.isr={in_sync}\n\
         group.initial.rebalance.delay.ms=0\nbroker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=500\n",
        directory.join("logs").display()
    )
}

const LOGGING: &str = "status=error\nappender.c.type=Console\nappender.c.name=c\nappender.c.layout.type=PatternLayout\n\
    appender.c.layout.pattern=[%d] %p %m (%c)%n\nrootLogger.level=WARN\nrootLogger.appenderRef.c.ref=c\n";
