//! One Apache Kafka broker (`KRaft`, broker and controller in one process), on loopback, that can be killed.

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
        fs::create_dir_all(directory).expect("a directory for the broker");
        let (address, controller) = (free_address(), free_address());
        fs::write(
            directory.join("server.properties"),
            properties(directory, address, controller),
        )
        .expect("its properties");
        fs::write(directory.join("log4j2.properties"), LOGGING).expect("its logging");
        let status = java(directory, jars)
            .args([
                "kafka.tools.StorageTool",
                "format",
                "--standalone",
                "-t",
                CLUSTER,
                "-c",
            ])
            .arg(directory.join("server.properties"))
            .status()
            .expect("java is missing; run `cargo xtask setup`");
        assert!(
            status.success(),
            "the broker's directory could not be formatted, see {}",
            directory.display()
        );
        let broker = Broker {
            child: run(directory, jars),
            directory: directory.to_owned(),
            jars: jars.to_owned(),
            address,
        };
        broker.await_ready();
        broker
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
        self.await_ready();
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

    fn await_ready(&self) {
        await_until("an answer of the broker", READY, || {
            let asked = Command::new("kcat")
                .args(["-b", &self.address(), "-L", "-m", "1"])
                .stdin(Stdio::null())
                .output()
                .expect("kcat is missing; run `cargo xtask setup`");
            asked.status.success().then_some(())
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

// One broker: every internal topic has one replica, or groups and transactions never come up. The session is short,
// because after a SIGKILL the controller refuses the same node until the old session has ended.
fn properties(directory: &Path, address: SocketAddr, controller: SocketAddr) -> String {
    assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
    format!(
        "process.roles=broker,controller\nnode.id=1\n\
         listeners=PLAINTEXT://{address},CONTROLLER://{controller}\nadvertised.listeners=PLAINTEXT://{address}\n\
         controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers={controller}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\ninter.broker.listener.name=PLAINTEXT\n\
         log.dirs={}\nauto.create.topics.enable=false\n\
         offsets.topic.replication.factor=1\noffsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\ntransaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\nbroker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=500\n",
        directory.join("logs").display()
    )
}

const LOGGING: &str = "status=error\nappender.c.type=Console\nappender.c.name=c\nappender.c.layout.type=PatternLayout\n\
    appender.c.layout.pattern=[%d] %p %m (%c)%n\nrootLogger.level=WARN\nrootLogger.appenderRef.c.ref=c\n";
