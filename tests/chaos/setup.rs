//! What a round runs on: one store, the Kiln instances over it, and the paths to them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;

use kiln_tests::{Broker, Kiln, Record, records};

use crate::fault::Fault;
use crate::proxy::{Proxy, Weather};

/// Where messages and outputs are kept.
pub(crate) enum Home<'a> {
    Embedded(PathBuf),
    /// The brokers, and the pipeline's name.
    Kafka(&'a mut [Broker], String),
}

pub(crate) struct Setup<'a> {
    home: Home<'a>,
    instances: Vec<Kiln>,
    paths: Vec<Proxy>,
}

impl<'a> Setup<'a> {
    /// One instance on the embedded store.
    pub(crate) fn embedded(directory: &Path, limits: &str) -> Setup<'a> {
        let data = directory.join("data");
        let config = format!(
            "store:\n  embedded:\n    directory: {}\n{limits}",
            data.display()
        );
        Setup::over(Home::Embedded(data), vec![Kiln::serve(directory, &config)])
    }

    /// So many instances of one pipeline on Kafka.
    pub(crate) fn kafka(
        directory: &Path,
        brokers: &'a mut [Broker],
        name: &str,
        instances: usize,
    ) -> Setup<'a> {
        let replicas = brokers.len();
        let addresses = addresses(brokers);
        let serve = |instance: usize| {
            let directory = directory.join(instance.to_string());
            fs::create_dir_all(&directory).expect("a directory");
            let config = format!(
                "name: {name}\ninstance: i{instance}\nstore:\n  kafka:\n    brokers: [{addresses}]\n    \
                 topics: {{ create: true, partitions: 3, replication: {replicas} }}"
            );
            Kiln::serve(&directory, &config)
        };
        let instances = (0..instances).map(serve).collect();
        Setup::over(Home::Kafka(brokers, name.to_owned()), instances)
    }

    fn over(home: Home<'a>, instances: Vec<Kiln>) -> Setup<'a> {
        let paths = instances
            .iter()
            .map(|kiln| Proxy::to(kiln.mllp()))
            .collect();
        Setup {
            home,
            instances,
            paths,
        }
    }

    /// How many instances and brokers there are.
    pub(crate) fn size(&self) -> (usize, usize) {
        let brokers = match &self.home {
            Home::Embedded(_) => 0,
            Home::Kafka(brokers, _) => brokers.len(),
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
            Home::Embedded(data) => records::embedded(data),
            Home::Kafka(brokers, name) => records::kafka(&bootstrap(brokers), name),
        }
    }

    /// Does it, and undoes what passes.
    pub(crate) fn suffer(&mut self, fault: &Fault) {
        match fault {
            Fault::KillKiln(at) => self.instances[*at].kill_and_restart(),
            Fault::PauseKiln(at, lasts) => {
                self.instances[*at].pause();
                thread::sleep(*lasts);
                self.instances[*at].resume();
            }
            Fault::Path(at, weather, lasts) => {
                self.paths[*at].set(*weather);
                thread::sleep(*lasts);
                self.paths[*at].set(Weather::Fair);
            }
            Fault::KillBroker(at) => self.broker(*at).kill_and_restart(),
            Fault::PauseBroker(at, lasts) => {
                self.broker(*at).pause();
                thread::sleep(*lasts);
                self.broker(*at).resume();
            }
        }
    }

    fn broker(&mut self, at: usize) -> &mut Broker {
        match &mut self.home {
            Home::Embedded(_) => panic!("no broker to harm"),
            Home::Kafka(brokers, _) => &mut brokers[at],
        }
    }
}

/// As YAML has them.
fn addresses(brokers: &[Broker]) -> String {
    let quoted: Vec<String> = brokers
        .iter()
        .map(|broker| format!("\"{}\"", broker.address()))
        .collect();
    quoted.join(", ")
}

fn bootstrap(brokers: &[Broker]) -> String {
    let all: Vec<String> = brokers.iter().map(Broker::address).collect();
    all.join(",")
}
