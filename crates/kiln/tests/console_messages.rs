//! The console's messages, over the embedded store of a running `kiln serve`.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use support::http::{Answer, get, post};
use support::{Served, fixture, kiln, text};

const ADMISSION: &str = "adt-a01-admit-medical.hl7";

fn sent(served: &Served, name: &str) {
    let sent = kiln()
        .args(["send", "--to", &served.address])
        .arg(fixture(name))
        .output()
        .unwrap();
    assert!(sent.status.success(), "{}", text(&sent.stderr));
}

/// Where the first link of a page leads that begins so.
fn link(page: &Answer, start: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("href=\"{start}")).unwrap();
    let rest = rest.split('"').next().unwrap().replace("&amp;", "&");
    format!("{start}{rest}")
}

/// Asks until the page says so.
fn until(served: &Served, path: &str, wanted: &str) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = get(&served.http, path);
        if page.body.contains(wanted) {
            return page;
        }
        assert!(Instant::now() < deadline, "{}", page.body);
    }
}

#[test]
fn a_message_is_found_by_what_identifies_it() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    sent(&served, ADMISSION);
    sent(&served, "oru-r01-blood-count.hl7");
    let page = get(&served.http, "/messages");
    assert!(page.body.contains("2 found"), "{}", page.body);
    for query in [
        "control_id=LGH0002",
        "type=ADT%5EA01",
        "until=2100-01-01T00:00&type=ADT%5EA01",
    ] {
        let page = get(&served.http, &format!("/messages?{query}"));
        assert!(page.body.contains("One found."), "{query}: {}", page.body);
        assert!(page.body.contains("LGH0002"), "{query}");
    }
    for query in ["control_id=LGH9", "since=2100-01-01T00:00", "lane=bulk"] {
        let page = get(&served.http, &format!("/messages?{query}"));
        assert!(page.body.contains("None found."), "{query}: {}", page.body);
    }
    let page = get(&served.http, "/messages?since=yesterday");
    assert_eq!(page.status, 400);
    assert!(page.body.contains("From: a time such as"), "{}", page.body);
    let page = get(&served.http, "/messages/message?at=0/99");
    assert_eq!(page.status, 400);
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn a_message_is_masked_until_somebody_says_why_and_tells_what_became_of_it() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    sent(&served, ADMISSION);
    let found = get(&served.http, "/messages?control_id=LGH0002");
    let at = link(&found, "/messages/message?");
    let masked = until(&served, &at, "Emitted by maps");
    assert!(masked.body.contains("1 Patient"), "{}", masked.body);
    assert!(masked.body.contains("PV1|"), "{}", masked.body);
    assert!(!masked.body.contains("Oddvar"));
    let disclosures = served.directory.join("disclosures/AuditEvent.ndjson");
    assert!(!disclosures.exists());

    let place = [
        ("form_token", masked.form_token()),
        ("lane", "interactive"),
        ("at", "0/0"),
    ];
    let said = [("purpose", "ticket 4711"), ("by", "Ida Marlow")];
    let open = post(
        &served.http,
        "/messages/message",
        &[&place[..], &said].concat(),
    );
    assert!(open.body.contains("Oddvar^Maren"), "{}", open.body);
    assert!(
        open.body.contains("&quot;resourceType&quot;"),
        "{}",
        open.body
    );
    let event = std::fs::read_to_string(&disclosures).unwrap();
    assert!(!event.contains("Oddvar"));
    let event: serde_json::Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["purposeOfEvent"][0]["text"], "ticket 4711");
    assert_eq!(event["entity"][0]["detail"][0]["valueString"], "raw/0/0");
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn a_message_is_replayed_behind_what_was_emitted() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    sent(&served, ADMISSION);
    let at = "/messages/message?at=0/0";
    let before = until(&served, at, "Emitted by maps");
    let lines = || {
        let file = served.directory.join("fhir/Patient.ndjson");
        std::fs::read_to_string(file).unwrap().lines().count()
    };
    assert_eq!(lines(), 1);
    let place = [("form_token", before.form_token()), ("at", "0/0")];
    let unasked = post(&served.http, "/messages/replay", &place[1..]);
    assert_eq!(unasked.status, 403);
    let replayed = post(&served.http, "/messages/replay", &place);
    assert!(
        replayed.body.contains("were emitted behind"),
        "{}",
        replayed.body
    );
    assert_eq!(lines(), 2);
    let after = get(&served.http, at);
    assert!(
        after.body.contains("Emitted by the replay console"),
        "{}",
        after.body
    );
    assert_eq!(served.terminate(), Some(0));
}
