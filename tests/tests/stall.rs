//! Fear: the broker hangs, and a sender is told yes for what is not kept, or is told nothing at all.

use std::time::{Duration, Instant};

use kiln_tests::{Broker, Feed, Kiln, Sender, Verdict, expected_resources, records, settled};

/// For a broker that goes on, and what was acknowledged to come out.
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn a_broker_that_hangs_is_answered_for_with_send_again_and_nothing_is_repeated() {
    let directory = tempfile::tempdir().expect("a directory");
    let jars = Broker::jars();
    let broker = Broker::start(&directory.path().join("broker"), &jars);
    let config = format!(
        "name: stall\nstore:\n  kafka:\n    brokers: [\"{}\"]\n    topics:\n      create: true\n      partitions: 2\n      replication: 1\n",
        broker.address()
    );
    let feed = Feed::new("STALL");
    let messages: Vec<_> = (0..3).map(|place| feed.message(place)).collect();
    let expected = expected_resources(&messages, directory.path());
    let kiln = Kiln::serve(directory.path(), &config);
    let mut sender = Sender::new(kiln.mllp());
    let start = Instant::now();
    let give_up = || start.elapsed() > LIMIT;

    assert!(sender.deliver(&messages[0], give_up).ack.is_some());
    broker.pause();
    // The sender's own patience is longer than the 20 s of confirmTimeoutSeconds: silence would fail here.
    let answer = sender
        .exchange(&messages[1].bytes)
        .expect("an answer, on a connection that stays");
    assert_eq!(answer.code, "AE");
    assert_eq!(answer.control_id, messages[1].control_id);
    // ERR-3 of table 0357: could not be performed at the storage level.
    assert!(answer.err[2].starts_with("206^"), "{:?}", answer.err);
    broker.resume();
    // The first copy may have been kept after all, once the broker went on: the second must not come out beside it.
    for message in &messages[1..] {
        let sent = sender.deliver(message, give_up);
        assert!(sent.ack.is_some(), "{} in time", sent.control_id);
    }
    let after = settled(LIMIT, || {
        Verdict::of(&expected, &records::kafka(&broker.address(), "stall"))
    });
    assert!(after.is_clean(), "{after}");
}
