//! Fear: a planned stop costs messages. SIGTERM under load: a message is either acknowledged and in the output, or was
//! never acknowledged and its sender knows.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use kiln_tests::{
    Ack, Checker, Feed, Kiln, Traffic, await_until, expected_resources, read_frame, records,
    settled, write_frame,
};

const FEEDS: u32 = 8;
const MESSAGES_A_FEED: u32 = 250;
const LIMIT: Duration = Duration::from_secs(120);
/// For what was acknowledged to come out.
const SETTLE: Duration = Duration::from_secs(60);
const SHUTDOWN: Duration = Duration::from_secs(30);

#[test]
fn a_stop_under_load_leaves_every_message_decided() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let config = format!("store:\n  embedded:\n    directory: {}", data.display());
    let messages = Traffic::messages(FEEDS, MESSAGES_A_FEED);
    let expected = expected_resources(&messages, directory.path());

    let mut kiln = Kiln::serve(directory.path(), &config);
    let traffic = Traffic::start(kiln.mllp(), FEEDS, MESSAGES_A_FEED, LIMIT);
    await_until("load", LIMIT, || {
        (traffic.acknowledged() >= messages.len() / 4).then_some(())
    });
    kiln.signal_term();
    await_until("readyz to say no", SHUTDOWN, || {
        (kiln.http_status("/readyz") != Some(200)).then_some(())
    });
    assert!(
        kiln.wait(SHUTDOWN).success(),
        "kiln must leave with 0 after SIGTERM"
    );
    let sent: BTreeMap<String, bool> = traffic
        .stop()
        .into_iter()
        .map(|sent| (sent.control_id, sent.ack.is_some()))
        .collect();
    assert!(
        sent.len() < messages.len(),
        "the stop must come in the middle"
    );

    // What was acknowledged and not yet transformed lies in the raw log; the next start finishes it.
    let mut kiln = Kiln::serve(directory.path(), &config);
    let verdict = || {
        let mut checker = Checker::new();
        for record in &expected {
            if let Some(acknowledged) = sent.get(&record.control_id) {
                checker.expect(record);
                if !acknowledged {
                    checker.never_acknowledged(&record.control_id);
                }
            }
        }
        for record in records::embedded(&data) {
            checker.observe(&record);
        }
        checker.verdict()
    };
    let after = settled(SETTLE, verdict);
    assert!(after.is_clean(), "{after}");
    assert!(kiln.terminate(SHUTDOWN).success());
    let after = verdict();
    assert!(after.is_clean(), "{after}");
}

#[test]
fn a_message_that_has_begun_is_finished_and_acknowledged_before_a_stop() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let config = format!("store:\n  embedded:\n    directory: {}", data.display());
    let mut kiln = Kiln::serve(directory.path(), &config);
    let feed = Feed::new("BEGUN");
    let connect = || {
        let stream = TcpStream::connect(kiln.mllp()).expect("a connection");
        stream.set_read_timeout(Some(SHUTDOWN)).expect("a bound");
        stream
    };
    let (mut idle, mut busy) = (connect(), connect());
    for (stream, place) in [(&mut idle, 0), (&mut busy, 1)] {
        write_frame(stream, &feed.message(place).bytes).expect("to be sent");
        let ack = Ack::read(&read_frame(stream).expect("an answer")).expect("an acknowledgement");
        assert_eq!(ack.code, "AA");
    }

    let message = feed.message(2);
    let mut frame = Vec::new();
    write_frame(&mut frame, &message.bytes).expect("a frame");
    let (head, rest) = frame.split_at(frame.len() / 2);
    busy.write_all(head).expect("to be sent");
    kiln.signal_term();
    assert_eq!(idle.read(&mut [0]).expect("an orderly end"), 0);
    busy.write_all(rest).expect("to be sent");
    let ack = Ack::read(&read_frame(&mut busy).expect("an answer")).expect("an acknowledgement");
    assert_eq!(
        (ack.code, ack.control_id),
        ("AA".to_owned(), message.control_id.clone())
    );
    assert_eq!(busy.read(&mut [0]).expect("an orderly end"), 0);
    assert!(kiln.wait(SHUTDOWN).success());

    // The log has it, whether or not there was time to transform it.
    let _kiln = Kiln::serve(directory.path(), &config);
    await_until("its resources", SETTLE, || {
        let all = records::embedded(&data);
        all.iter()
            .any(|record| record.control_id == message.control_id)
            .then_some(())
    });
}
