//! The harness can fail: a checker that finds nothing wrong with a wrong output, or a sender that forgets, would prove
//! nothing about Kiln.
#![allow(clippy::unwrap_used)]

use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use kiln_tests::{Ack, Checker, Feed, Record, Sender, read_frame, write_frame};
use proptest::prelude::*;
use serde_json::json;

fn record(control_id: &str, resource_type: &str, id: &str) -> Record {
    Record::of(
        control_id,
        &json!({ "resourceType": resource_type, "id": id }),
    )
}

fn expecting(places: &[u32]) -> Checker {
    let mut checker = Checker::new();
    for place in places {
        checker.expect(&record(
            &format!("A-{place}"),
            "Patient",
            &format!("p{place}"),
        ));
        checker.expect(&record(
            &format!("A-{place}"),
            "Encounter",
            &format!("e{place}"),
        ));
    }
    checker
}

fn observe(checker: &mut Checker, places: &[u32]) {
    for kind in ["Patient", "Encounter"] {
        for place in places {
            let id = format!("{}{place}", kind[..1].to_lowercase());
            checker.observe(&record(&format!("A-{place}"), kind, &id));
        }
    }
}

#[test]
fn all_once_and_in_order_is_clean() {
    let mut checker = expecting(&[1, 2, 3]);
    observe(&mut checker, &[1, 2, 3]);
    assert!(checker.verdict().is_clean(), "{}", checker.verdict());
}

#[test]
fn what_is_lost_is_named() {
    let mut checker = expecting(&[1, 2, 3]);
    observe(&mut checker, &[1, 3]);
    assert_eq!(
        checker.verdict().lost,
        ["A-2 Encounter/e2", "A-2 Patient/p2"]
    );
}

#[test]
fn what_is_doubled_is_named() {
    let mut checker = expecting(&[1, 2]);
    observe(&mut checker, &[1, 2, 2]);
    assert_eq!(
        checker.verdict().doubled,
        ["A-2 Encounter/e2", "A-2 Patient/p2"]
    );
    assert_eq!(checker.verdict().reordered, [""; 0]);
}

#[test]
fn an_overtaken_message_is_named() {
    let mut checker = expecting(&[1, 2, 3]);
    observe(&mut checker, &[1, 3, 2]);
    assert_eq!(
        checker.verdict().reordered,
        ["A-2 Patient/p2", "A-2 Encounter/e2"]
    );
}

#[test]
fn what_nobody_sent_is_named() {
    let mut checker = expecting(&[1]);
    observe(&mut checker, &[1, 9]);
    assert_eq!(
        checker.verdict().unknown,
        ["A-9 Encounter/e9", "A-9 Patient/p9"]
    );
}

#[test]
fn a_message_without_acknowledgement_comes_whole_or_not_at_all() {
    let mut checker = expecting(&[1, 2]);
    checker.never_acknowledged("A-2");
    observe(&mut checker, &[1]);
    assert!(checker.verdict().is_clean(), "{}", checker.verdict());
    checker.observe(&record("A-2", "Patient", "p2"));
    assert_eq!(checker.verdict().lost, ["A-2 Encounter/e2"]);
}

#[test]
fn what_a_merge_retired_and_a_message_before_it_uses_again_is_named() {
    let patient = |control_id: &str, active: bool| {
        let resource = json!({ "resourceType": "Patient", "id": "old", "active": active });
        Record::of(control_id, &resource)
    };
    let (update, merge) = (patient("A-1", true), patient("A-2", false));
    let mut checker = Checker::new();
    for record in [&update, &merge] {
        checker.expect(record);
        checker.observe(record);
    }
    assert!(checker.verdict().is_clean(), "{}", checker.verdict());
    checker.observe(&update);
    assert_eq!(checker.verdict().revived, ["A-1 Patient/old"]);
}

proptest! {
    #[test]
    fn feeds_may_interleave_as_they_like(order in Just((0..20_u32).collect::<Vec<_>>()).prop_shuffle()) {
        // Twenty feeds of one message each: whichever comes first, none is out of order.
        let mut checker = Checker::new();
        for feed in 0..20 {
            checker.expect(&record(&format!("F{feed}-1"), "Patient", "p"));
        }
        for feed in order {
            checker.observe(&record(&format!("F{feed}-1"), "Patient", "p"));
        }
        prop_assert!(checker.verdict().is_clean());
    }
}

fn past(limit: Duration) -> impl Fn() -> bool {
    let deadline = Instant::now() + limit;
    move || Instant::now() >= deadline
}

fn answer(stream: &mut TcpStream, code: &str, control_id: &str) {
    let text =
        format!("MSH|^~\\&|KILN|HUB|A|HILLTOP|20260301||ACK|1|P|2.5.1\rMSA|{code}|{control_id}\r");
    write_frame(stream, text.as_bytes()).unwrap();
}

#[test]
fn a_sender_repeats_until_it_is_acknowledged() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let receiver = thread::spawn(move || {
        let mut received = Vec::new();
        // First: the acknowledgement is lost. Then: refused. Then: accepted, on the same connection.
        let (mut stream, _) = listener.accept().unwrap();
        received.push(read_frame(&mut stream).unwrap());
        drop(stream);
        let (mut stream, _) = listener.accept().unwrap();
        for code in ["AE", "AA"] {
            received.push(read_frame(&mut stream).unwrap());
            answer(&mut stream, code, "A-1");
        }
        received
    });
    let message = Feed::new("A").message(1);
    let sent = Sender::new(address).deliver(&message, past(Duration::from_secs(20)));
    assert_eq!(sent.attempts, 3);
    assert_eq!(sent.ack.unwrap().code, "AA");
    assert_eq!(receiver.join().unwrap(), vec![message.bytes; 3]);
}

#[test]
fn a_sender_gives_up_at_its_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sent =
        Sender::new(address).deliver(&Feed::new("A").message(1), past(Duration::from_millis(300)));
    assert_eq!((sent.attempts, sent.ack), (0, None));
}

#[test]
fn acknowledgements_are_read_as_the_standard_has_them() {
    let ack = Ack::read(
        b"MSH|^~\\&|K|H|A|H|20260301||ACK^A01^ACK|1|P|2.5.1\rMSA|AE|A-1\rERR||PID^1^3|101|E\r",
    )
    .unwrap();
    assert_eq!((ack.code.as_str(), ack.control_id.as_str()), ("AE", "A-1"));
    assert_eq!(ack.err, ["", "PID^1^3", "101", "E"]);
    assert!(!ack.is_positive());
    assert_eq!(Ack::read(b"MSH|^~\\&|K"), None);
}
