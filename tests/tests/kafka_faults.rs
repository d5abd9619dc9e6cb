//! Fear: what ails Kafka for a while ails Kiln until somebody comes. Each fault ends in waiting,
//! told to operators in words, and when it has passed all goes on by itself: same processes, nothing lost, twice or out of
//! order.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use kiln_tests::{
    Broker, Feed, Host, Kiln, Message, Traffic, Verdict, await_until, expected_resources, records,
    settled,
};

/// Enough that some lie in either partition: an instance without work would not learn that it is fenced.
const FEEDS: u32 = 8;
const MESSAGES_A_FEED: u32 = 30;
const PATIENCE: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(240);

/// A cluster and instances over it.
struct Site {
    directory: tempfile::TempDir,
    brokers: Vec<Broker>,
    instances: Vec<Kiln>,
}

impl Site {
    fn brokers(count: usize) -> Site {
        let directory = tempfile::tempdir().expect("a directory");
        let jars = Broker::jars();
        let hosts = vec![Host::loopback(); count];
        let brokers = Broker::cluster(&hosts, &directory.path().join("brokers"), &jars);
        Site {
            directory,
            brokers,
            instances: Vec::new(),
        }
    }

    /// Starts an instance of that name.
    fn serve(&mut self, instance: &str) {
        let number = self.instances.len();
        let directory = self.directory.path().join(number.to_string());
        fs::create_dir_all(&directory).expect("a directory");
        let (addresses, replication) = (self.addresses().join("\", \""), self.brokers.len());
        let config = format!(
            "name: faults\ninstance: {instance}\nstore:\n  kafka:\n    brokers: [\"{addresses}\"]\n    \
             topics: {{ create: true, partitions: 2, replication: {replication} }}\n"
        );
        self.instances.push(Kiln::serve(&directory, &config));
    }

    fn addresses(&self) -> Vec<String> {
        self.brokers.iter().map(Broker::address).collect()
    }

    fn mllp(&self) -> Vec<SocketAddr> {
        self.instances.iter().map(Kiln::mllp).collect()
    }

    fn scratch(&self) -> PathBuf {
        self.directory.path().join("expected")
    }

    /// That these messages, all acknowledged, come out as they must, of processes that never left.
    fn assert_clean(&mut self, messages: &[Message]) {
        let expected = expected_resources(messages, &self.scratch());
        let found = settled(LIMIT, || {
            Verdict::of(
                &expected,
                &records::kafka(&self.addresses().join(","), "faults"),
            )
        });
        assert!(found.is_clean(), "{found}");
        for kiln in &mut self.instances {
            assert_eq!(kiln.left(), None);
            await_until("readyz", LIMIT, || {
                (kiln.http_status("/readyz") == Some(200)).then_some(())
            });
        }
    }
}

fn feeds() -> Vec<Vec<Message>> {
    (0..FEEDS)
        .map(|number| Feed::new(&format!("FAULT{number}")).messages(MESSAGES_A_FEED))
        .collect()
}

fn assert_acknowledged(traffic: Traffic) {
    let sent = traffic.finish();
    assert!(sent.iter().all(|sent| sent.ack.is_some()));
}

#[test]
fn brokers_that_are_restarted_one_after_another_under_load_are_not_noticed_but_for_time() {
    let mut site = Site::brokers(3);
    site.serve("one");
    site.serve("two");
    let feeds = feeds();
    let traffic = Traffic::among(&site.mllp(), &feeds, PATIENCE, LIMIT);
    let messages = feeds.concat();
    for at in 0..site.brokers.len() {
        traffic.reach(messages.len() * (at + 1) / 5, || {});
        site.brokers[at].restart(3);
    }
    assert_acknowledged(traffic);
    site.assert_clean(&messages);
}

#[test]
fn of_two_instances_under_one_name_each_is_fenced_and_says_so_and_nothing_is_doubled() {
    let mut site = Site::brokers(1);
    site.serve("same");
    site.serve("same");
    let feeds = feeds();
    let traffic = Traffic::among(&site.mllp(), &feeds, PATIENCE, LIMIT);
    assert_acknowledged(traffic);
    await_until("a log line about the fence", LIMIT, || {
        let mut logs = site.instances.iter().map(Kiln::log);
        logs.any(|log| log.contains("fenced: another instance took over"))
            .then_some(())
    });
    // Somebody reads it, and gives the second a name of its own: here, it leaves.
    site.instances.truncate(1);
    site.assert_clean(&feeds.concat());
}
