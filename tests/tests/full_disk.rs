//! Fear: the disk of the embedded store is full for a while, and from then on nothing is kept, or what was kept is gone.

use std::time::Duration;

use kiln_tests::{Disk, Feed, Kiln, Sender, Verdict, expected_resources, records, settled};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_full_disk_is_answered_for_with_send_again_and_room_is_used_without_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let disk = Disk::mount(&data);
    let config = format!("store:\n  embedded:\n    directory: {}", data.display());
    let feed = Feed::new("FULL");
    let messages: Vec<_> = (0..80).map(|place| feed.message(place)).collect();
    let expected = expected_resources(&messages, directory.path());
    let mut kiln = Kiln::serve(directory.path(), &config);
    let mut sender = Sender::new(kiln.mllp());

    let (before, after) = messages.split_at(10);
    for message in before {
        let answer = sender.exchange(&message.bytes).expect("an answer");
        assert_eq!(answer.code, "AA");
    }
    disk.fill();
    // The log's file may have some room left within.
    let mut after = after.iter().skip_while(|message| {
        let answer = sender.exchange(&message.bytes).expect("an answer");
        if answer.is_positive() {
            return true;
        }
        assert_eq!(answer.code, "AE");
        // ERR-3 of table 0357: could not be performed at the storage level.
        assert!(answer.err[2].starts_with("206^"), "{:?}", answer.err);
        false
    });
    let first = after.next().expect("a message that did not fit");
    disk.free();
    for message in std::iter::once(first).chain(after) {
        let sent = Sender::new(kiln.mllp()).deliver(message, || false);
        assert!(sent.ack.is_some());
    }
    let found = settled(LIMIT, || Verdict::of(&expected, &records::embedded(&data)));
    assert!(found.is_clean(), "{found}");
    assert_eq!(kiln.left(), None);
}
