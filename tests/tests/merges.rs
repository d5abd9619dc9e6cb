//! Fear: an identifier that a merge has retired is in use again, because a message from before the merge comes out behind it.
//! Two instances on a real broker, one after the other killed with SIGKILL, so that partitions go from one to the other and
//! back while merges lie among updates; a consumer applies every record in its order.

use std::fs;
use std::time::Duration;

use kiln_tests::{Broker, Feed, Kiln, Traffic, Verdict, expected_resources, records, settled};

const FEEDS: usize = 4;
/// A merge in every six.
const MESSAGES_A_FEED: u32 = 120;
const KILLS: usize = 6;
const PATIENCE: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(240);
/// For what was acknowledged to come out.
const SETTLE: Duration = Duration::from_secs(120);

#[test]
fn a_retired_identifier_stays_retired_while_instances_are_killed_and_partitions_move() {
    let directory = tempfile::tempdir().expect("a directory");
    let jars = Broker::jars();
    let broker = Broker::start(&directory.path().join("broker"), &jars);
    let mut instances: Vec<Kiln> = ["one", "two"]
        .iter()
        .map(|instance| {
            let directory = directory.path().join(instance);
            fs::create_dir_all(&directory).expect("a directory");
            let config = format!(
                "name: merges\ninstance: {instance}\nstore:\n  kafka:\n    brokers: [\"{}\"]\n    topics:\n      create: true\n      partitions: 2\n      replication: 1\n",
                broker.address()
            );
            Kiln::serve(&directory, &config)
        })
        .collect();
    let feeds: Vec<_> = (0..FEEDS)
        .map(|number| Feed::new(&format!("MERGE{number}")).messages(MESSAGES_A_FEED))
        .collect();
    let messages = feeds.concat();
    let expected = expected_resources(&messages, directory.path());
    let retired = expected.iter().filter(|record| record.retired).count();
    assert_eq!(retired, messages.len() / 6, "each merge must retire one");

    let addresses: Vec<_> = instances.iter().map(Kiln::mllp).collect();
    let traffic = Traffic::among(&addresses, &feeds, PATIENCE, LIMIT);
    for kill in 0..KILLS {
        traffic.reach(messages.len() * (kill + 1) / (KILLS + 1), || {});
        instances[kill % 2].kill_and_restart();
    }
    let sent = traffic.finish();
    assert!(sent.iter().all(|sent| sent.ack.is_some()));
    let found = settled(SETTLE, || {
        Verdict::of(&expected, &records::kafka(&broker.address(), "merges"))
    });
    assert!(found.is_clean(), "{found}");
}
