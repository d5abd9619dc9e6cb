//! What a round runs on: one store, the Kiln instances over it, each on a host of its own, and the paths to them.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;

use kiln_tests::{Broker, Disk, Host, Kiln, Network, Record, records};

use crate::fault::{Calamity, Fault};
use crate::proxy::{Proxy, Weather};

const BROKERS: usize = 3;
const INSTANCES: usize = 2;

/// Where messages and outputs are kept.
enum Home {
    Embedded {
        data: PathBuf,
        disk: Disk,
    },
    Kafka {
        brokers: Vec<Broker>,
        hosts: Vec<Host>,
        disks: Vec<Disk>,
    },
}

// Fields are dropped in their order: processes before what they run on.
pub(crate) struct Setup {
    paths: Vec<Proxy>,
    instances: Vec<Kiln>,
    hosts: Vec<Host>,
    home: Home,
    network: Network,
    revived: usize,
}

impl Setup {
    /// One instance on the embedded store.
    pub(crate) fn embedded(directory: &Path, limits: &str) -> Setup {
        let network = Network::new(1);
        let data = directory.join("data");
        let home = Home::Embedded {
            disk: Disk::mount(&data),
            data: data.clone(),
        };
        let store = format!(
            "store:\n  embedded:\n    directory: {}\n{limits}",
            data.display()
        );
        Setup::over(directory, home, &store, network.hosts().to_vec(), network)
    }

    /// Instances of one pipeline on Kafka.
    pub(crate) fn kafka(directory: &Path, jars: &Path) -> Setup {
        let network = Network::new(u8::try_from(BROKERS + INSTANCES).unwrap_or(u8::MAX));
        let (hosts, instances) = network.hosts().split_at(BROKERS);
        let (hosts, instances) = (hosts.to_vec(), instances.to_vec());
        let disks = (1..=BROKERS)
            .map(|number| Disk::mount(&directory.join(number.to_string()).join("logs")))
            .collect();
        let brokers = Broker::cluster(&hosts, directory, jars);
        let addresses: Vec<String> = brokers
            .iter()
            .map(|broker| format!("\"{}\"", broker.address()))
            .collect();
        let store = format!(
            "store:\n  kafka:\n    brokers: [{}]\n    \
             topics: {{ create: true, partitions: 3, replication: {BROKERS} }}",
            addresses.join(", ")
        );
        let home = Home::Kafka {
            brokers,
            hosts,
            disks,
        };
        Setup::over(directory, home, &store, instances, network)
    }

    fn over(
        directory: &Path,
        home: Home,
        store: &str,
        hosts: Vec<Host>,
        network: Network,
    ) -> Setup {
        let (mut instances, mut clocked) = (Vec::new(), Vec::new());
        for (number, host) in hosts.into_iter().enumerate() {
            let name = format!("i{number}");
            let directory = directory.join(&name);
            fs::create_dir_all(&directory).expect("a directory");
            let host = host.with_clock(&directory);
            let config = format!("name: chaos\ninstance: {name}\n{store}");
            instances.push(Kiln::serve_on(&host, &directory, &config));
            clocked.push(host);
        }
        let paths = instances
            .iter()
            .map(|kiln| Proxy::to(kiln.mllp()))
            .collect();
        Setup {
            paths,
            instances,
            hosts: clocked,
            home,
            network,
            revived: 0,
        }
    }

    /// How many instances and brokers there are.
    pub(crate) fn size(&self) -> (usize, usize) {
        let brokers = match &self.home {
            Home::Embedded { .. } => 0,
            Home::Kafka { brokers, .. } => brokers.len(),
        };
        (self.instances.len(), brokers)
    }

    /// The paths that senders take.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.paths.iter().map(Proxy::address).collect()
    }

    /// Where the instances listen themselves.
    pub(crate) fn direct(&self) -> Vec<SocketAddr> {
        self.instances.iter().map(Kiln::mllp).collect()
    }

    /// What was emitted so far, as read by others.
    pub(crate) fn emitted(&self) -> Vec<Record> {
        match &self.home {
            Home::Embedded { data, .. } => records::embedded(data),
            Home::Kafka { brokers, .. } => {
                let all: Vec<String> = brokers.iter().map(Broker::address).collect();
                records::kafka(&all.join(","), "chaos")
            }
        }
    }

    /// Starts instances and brokers again that have left by themselves, as any supervisor does.
    pub(crate) fn revive(&mut self) {
        for kiln in &mut self.instances {
            if kiln.left().is_some() {
                kiln.start_again();
                self.revived += 1;
            }
        }
        if let Home::Kafka { brokers, .. } = &mut self.home {
            for broker in brokers {
                if broker.has_left() {
                    broker.start_again();
                    self.revived += 1;
                }
            }
        }
    }

    /// How often that was done.
    pub(crate) fn revived(&self) -> usize {
        self.revived
    }

    /// What each instance says of its readiness and of its transform, for whoever looks into a violation.
    pub(crate) fn diagnosis(&self) -> String {
        let mut lines = String::new();
        for (number, kiln) in self.instances.iter().enumerate() {
            let said = |path| {
                kiln.http_get(path)
                    .map_or_else(String::new, |(_, body)| body)
            };
            let _ = writeln!(lines, "i{number} {}", said("/readyz"));
            for metric in said("/metrics").lines() {
                if metric.starts_with("kiln_transform") && !metric.contains("bucket") {
                    let _ = writeln!(lines, "i{number} {metric}");
                }
            }
        }
        lines
    }

    /// Lets it come, last and pass.
    pub(crate) fn suffer(&mut self, calamity: &Calamity) {
        for fault in &calamity.faults {
            self.begin(fault);
        }
        thread::sleep(calamity.lasts);
        for fault in &calamity.faults {
            self.end(fault);
        }
    }

    fn begin(&mut self, fault: &Fault) {
        match *fault {
            Fault::KillKiln(at) => self.instances[at].kill(),
            Fault::PauseKiln(at) => self.instances[at].pause(),
            Fault::Clock(at, seconds) => self.hosts[at].set_clock(seconds),
            Fault::Path(at, weather) => self.paths[at].set(weather),
            Fault::CutKiln(at) => self.network.cut(&self.hosts[at]),
            Fault::SlowKiln(at) => self.network.slow(&self.hosts[at]),
            Fault::FillDisk => self.disk().fill(),
            Fault::KillBroker(at) => self.broker(at).kill(),
            Fault::PauseBroker(at) => self.broker(at).pause(),
            Fault::CutBroker(at) => self.network.cut(self.broker_host(at)),
            Fault::SlowBroker(at) => self.network.slow(self.broker_host(at)),
            Fault::FillBroker(at) => self.broker_disk(at).fill(),
            Fault::Part(at, broker) => self.network.part(&self.hosts[at], self.broker_host(broker)),
        }
    }

    fn end(&mut self, fault: &Fault) {
        match *fault {
            Fault::KillKiln(at) => self.instances[at].start_again(),
            Fault::PauseKiln(at) => self.instances[at].resume(),
            Fault::Clock(at, _) => self.hosts[at].set_clock(0),
            Fault::Path(at, _) => self.paths[at].set(Weather::Fair),
            Fault::CutKiln(at) => self.network.heal(&self.hosts[at]),
            Fault::SlowKiln(at) => self.network.quicken(&self.hosts[at]),
            Fault::FillDisk => self.disk().free(),
            Fault::KillBroker(at) => self.broker(at).start_again(),
            Fault::PauseBroker(at) => self.broker(at).resume(),
            Fault::CutBroker(at) => self.network.heal(self.broker_host(at)),
            Fault::SlowBroker(at) => self.network.quicken(self.broker_host(at)),
            Fault::FillBroker(at) => self.broker_disk(at).free(),
            Fault::Part(at, broker) => self.network.join(&self.hosts[at], self.broker_host(broker)),
        }
    }

    fn disk(&self) -> &Disk {
        match &self.home {
            Home::Embedded { disk, .. } => disk,
            Home::Kafka { .. } => panic!("no disk of an instance to harm"),
        }
    }

    fn broker(&mut self, at: usize) -> &mut Broker {
        match &mut self.home {
            Home::Embedded { .. } => panic!("no broker to harm"),
            Home::Kafka { brokers, .. } => &mut brokers[at],
        }
    }

    fn broker_host(&self, at: usize) -> &Host {
        match &self.home {
            Home::Embedded { .. } => panic!("no broker to harm"),
            Home::Kafka { hosts, .. } => &hosts[at],
        }
    }

    fn broker_disk(&self, at: usize) -> &Disk {
        match &self.home {
            Home::Embedded { .. } => panic!("no broker to harm"),
            Home::Kafka { disks, .. } => &disks[at],
        }
    }
}
