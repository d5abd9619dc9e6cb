//! Fear: what ails Kafka for a while ails Kiln until somebody comes. Each fault ends in waiting, told to senders as "send
//! again" and to operators in words, and when Kafka has recovered all goes on by itself: same processes, nothing lost, twice
//! or out of order.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kiln_tests::{
    Broker, Feed, Host, Kiln, Message, Sender, Traffic, Verdict, await_until, expected_resources,
    records, settled,
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
        self.serve_on(&Host::loopback(), instance);
    }

    fn serve_on(&mut self, host: &Host, instance: &str) {
        let number = self.instances.len();
        let directory = self.directory.path().join(number.to_string());
        fs::create_dir_all(&directory).expect("a directory");
        let (addresses, replication) = (self.addresses().join("\", \""), self.brokers.len());
        let config = format!(
            "name: faults\ninstance: {instance}\nstore:\n  kafka:\n    brokers: [\"{addresses}\"]\n    \
             topics: {{ create: true, partitions: 2, replication: {replication} }}\n"
        );
        self.instances
            .push(Kiln::serve_on(host, &directory, &config));
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

/// A series of how far transform is behind.
fn lag(unit: &str) -> String {
    format!("kiln_transform_lag_{unit}{{lane=\"interactive\"}}")
}

fn assert_acknowledged(traffic: Traffic) {
    let sent = traffic.finish();
    assert!(sent.iter().all(|sent| sent.ack.is_some()));
}

/// An answer that says: send it again.
fn assert_send_again(sender: &mut Sender, message: &Message) {
    let answer = sender
        .exchange(&message.bytes)
        .expect("an answer, on a connection that stays");
    assert_eq!(answer.code, "AE");
    // ERR-3 of table 0357: could not be performed at the storage level.
    assert!(answer.err[2].starts_with("206^"), "{:?}", answer.err);
}

fn deliver(sender: &mut Sender, messages: &[Message]) {
    let start = Instant::now();
    for message in messages {
        let sent = sender.deliver(message, || start.elapsed() > LIMIT);
        assert!(sent.ack.is_some(), "{} in time", sent.control_id);
    }
}

#[test]
fn without_enough_in_sync_replicas_senders_are_told_to_send_again_until_there_are() {
    let mut site = Site::brokers(3);
    site.serve("one");
    let messages = Feed::new("INSYNC").messages(6);
    let mut sender = Sender::among(site.mllp(), PATIENCE);
    deliver(&mut sender, &messages[..3]);
    for broker in &mut site.brokers[1..] {
        broker.kill();
    }
    assert_send_again(&mut sender, &messages[3]);
    for broker in &mut site.brokers[1..] {
        broker.start_again();
    }
    deliver(&mut sender, &messages[3..]);
    site.assert_clean(&messages);
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
fn what_a_quota_holds_back_comes_later() {
    let every_client = ["--entity-type", "clients", "--entity-default"];
    let mut site = Site::brokers(1);
    site.serve("one");
    // A message and what it gives are more than 10 KB, those of all feeds more than two minutes' worth.
    site.brokers[0].set(&every_client, "producer_byte_rate=20000");
    let feeds = feeds();
    let traffic = Traffic::among(&site.mllp(), &feeds, PATIENCE, LIMIT);
    await_until("that transform is held back", LIMIT, || {
        let behind: f64 = site.instances[0].metric(&lag("seconds"))?;
        (behind >= 10.0).then_some(())
    });
    site.brokers[0].unset(&every_client, "producer_byte_rate");
    assert_acknowledged(traffic);
    site.assert_clean(&feeds.concat());
}

#[test]
fn how_far_transform_is_behind_is_told_while_a_topic_takes_nothing() {
    let patients = [
        "--entity-type",
        "topics",
        "--entity-name",
        "faults.fhir.Patient",
    ];
    let mut site = Site::brokers(1);
    site.serve("one");
    let messages = Feed::new("BEHIND").messages(8);
    let mut sender = Sender::among(site.mllp(), PATIENCE);
    let (taken, held) = messages.split_at(3);
    deliver(&mut sender, taken);
    site.assert_clean(taken);
    site.brokers[0].set(&patients, "max.message.bytes=200");
    let start = Instant::now();
    deliver(&mut sender, held);
    await_until("as many as are held", LIMIT, || {
        let behind: usize = site.instances[0].metric(&lag("messages"))?;
        (behind == held.len()).then_some(())
    });
    let seconds = await_until("some seconds", LIMIT, || {
        let seconds: f64 = site.instances[0].metric(&lag("seconds"))?;
        (seconds >= 5.0).then_some(seconds)
    });
    assert!(seconds <= start.elapsed().as_secs_f64());
    site.brokers[0].unset(&patients, "max.message.bytes");
    site.assert_clean(&messages);
    for name in ["messages", "seconds"] {
        await_until("no lag", LIMIT, || {
            let behind: f64 = site.instances[0].metric(&lag(name))?;
            (behind == 0.0).then_some(())
        });
    }
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_stand_still() {
    let mut site = Site::brokers(1);
    let host = Host::loopback().with_clock(site.directory.path());
    site.serve_on(&host, "one");
    let feed = Feed::new("CLOCK");
    let mut messages = Vec::new();
    let mut sender = Sender::among(site.mllp(), PATIENCE);
    let mut time = || {
        let message = feed.message(u32::try_from(messages.len()).expect("a place"));
        let sent = sender.deliver(&message, || false);
        messages.push(message);
        let mut time = sent.ack.expect("an acknowledgement").time;
        // To the second.
        time.truncate(14);
        time
    };
    let today = time()[..8].to_owned();
    host.set_clock(86_400);
    // Three times as long as transform is without a look at the clock.
    let mut seconds = BTreeSet::new();
    await_until("three seconds of tomorrow", LIMIT, || {
        let time = time();
        (time[..8] != today).then(|| seconds.insert(time));
        (seconds.len() > 3).then_some(())
    });
    host.set_clock(0);
    await_until("today again", LIMIT, || {
        (time()[..8] == today).then_some(())
    });
    await_until("a log line about the clock", LIMIT, || {
        let log = site.instances[0].log();
        log.contains("the clock was set back by 86400 s")
            .then_some(())
    });
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
