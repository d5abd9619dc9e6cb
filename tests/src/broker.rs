//! Apache Kafka brokers (`KRaft`, broker and controller in one process), on loopback, that can be killed.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{await_until, free_address};

/// From the start of the process until it answers a question for its metadata.
const READY: Duration = Duration::from_secs(90);
/// The cluster's id: any 16 bytes in base64url.
const CLUSTER: &str = "S2lsbkVuZFRvRW5kVGVzdA";

/// The ids of the brokers' directories: any 16 bytes in base64url.
const DIRECTORIES: [&str; 3] = [
    "S2lsbkRpcmVjdG9yeTAwMQ",
    "S2lsbkRpcmVjdG9yeTAwMg",
    "S2lsbkRpcmVjdG9yeTAwMw",
];

/// A broker of a cluster, before it runs.
struct Node {
    number: usize,
    id: &'static str,
    address: SocketAddr,
    controller: SocketAddr,
}

/// A running broker. Dropped, it is killed.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    directory: PathBuf,
    jars: PathBuf,
    address: SocketAddr,
}

impl Broker {
    /// Formats `directory`, starts a broker from Kafka's `jars` on free ports and waits until it answers.
    ///
    /// # Panics
    /// When the broker does not come up.
    pub fn start(directory: &Path, jars: &Path) -> Broker {
        let mut brokers = Broker::cluster(directory, jars, 1);
        brokers.remove(0)
    }

    /// The same with so many brokers, at most three, of one cluster: every topic of as many replicas as there are brokers
    /// can be written while one of three is away.
    ///
    /// # Panics
    /// When a broker does not come up.
    pub fn cluster(directory: &Path, jars: &Path, brokers: usize) -> Vec<Broker> {
        let nodes: Vec<Node> = DIRECTORIES[..brokers]
            .iter()
            .zip(1..)
            .map(|(id, number)| Node {
                number,
                id,
                address: free_address(),
                controller: free_address(),
            })
            .collect();
        let started: Vec<Broker> = nodes
            .iter()
            .map(|node| {
                let directory = directory.join(node.number.to_string());
                format(&directory, jars, node, &nodes);
                Broker {
                    child: run(&directory, jars),
                    directory,
                    jars: jars.to_owned(),
                    address: node.address,
                }
            })
            .collect();
        for broker in &started {
            broker.await_ready(brokers);
        }
        started
    }

    /// `host:port`, the same after a restart.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// SIGKILL, and a new process on the same directory.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("the broker to be reaped");
        self.child = run(&self.directory, &self.jars);
        self.await_ready(1);
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("the command kill");
        assert!(status.success(), "{signal} to the broker");
    }

    /// Waits until it answers, and knows of so many brokers.
    fn await_ready(&self, brokers: usize) {
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

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have left already; reaping is all that matters then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn java(directory: &Path, jars: &Path) -> Command {
    let log = File::options()
        .create(true)
        .append(true)
        .open(directory.join("broker.log"))
        .expect("a log file");
    let mut java = Command::new("java");
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

fn run(directory: &Path, jars: &Path) -> Child {
    java(directory, jars)
        .arg("kafka.Kafka")
        .arg(directory.join("server.properties"))
        .spawn()
        .expect("the broker must start")
}

fn format(directory: &Path, jars: &Path, node: &Node, nodes: &[Node]) {
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
    let status = java(directory, jars)
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
fn properties(directory: &Path, node: &Node, nodes: &[Node]) -> String {
    let Node {
        number,
        address,
        controller,
        ..
    } = node;
    assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
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
