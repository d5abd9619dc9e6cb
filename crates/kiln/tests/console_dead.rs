//! The console's dead letters, over the embedded store of a running `kiln serve`.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use support::http::{Answer, form, get, post};
use support::{Served, fixture, kiln, text};

/// A dead letter, once it is there.
fn with_letter(root: &std::path::Path) -> (Served, Answer) {
    let served = Served::start(root);
    let sent = kiln()
        .args(["send", "--to", &served.address])
        .arg(fixture("qbp-q22-find-candidates.hl7"))
        .output()
        .unwrap();
    assert!(sent.status.success(), "{}", text(&sent.stderr));
    let page = until(&served, "One waits for a decision");
    (served, page)
}

fn until(served: &Served, wanted: &str) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = get(&served.http, "/dead");
        if page.body.contains(wanted) {
            return page;
        }
        assert!(Instant::now() < deadline, "{}", page.body);
    }
}

/// The fields of the first form that names a cause.
fn fields(page: &Answer) -> Vec<(&'static str, String)> {
    ["reason", "feed", "type"]
        .map(|name| {
            let start = format!("name=\"{name}\" value=\"");
            let (_, rest) = page.body.split_once(&start).unwrap();
            let value = rest.split('"').next().unwrap();
            (name, value.replace("&amp;", "&"))
        })
        .to_vec()
}

fn send(served: &Served, path: &str, page: &Answer, more: &[(&str, &str)]) -> Answer {
    let cause = fields(page);
    let mut all: Vec<(&str, &str)> = vec![("form_token", page.form_token())];
    all.extend(cause.iter().map(|(name, value)| (*name, value.as_str())));
    all.extend(more);
    post(&served.http, path, &all)
}

#[test]
fn letters_are_shown_masked_until_somebody_says_why_they_look() {
    let root = tempfile::tempdir().unwrap();
    let (served, page) = with_letter(root.path());
    assert!(page.body.contains("no-map"), "{}", page.body);
    assert!(page.body.contains("What to do:"), "{}", page.body);
    assert!(!page.body.contains("Rasmussen"));
    let cause = fields(&page);
    let cause: Vec<(&str, &str)> = cause
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let masked = get(&served.http, &format!("/dead/letters?{}", form(&cause)));
    assert!(masked.body.contains("QPD|"), "{}", masked.body);
    assert!(!masked.body.contains("Rasmussen") && !masked.body.contains("19620311"));
    let disclosures = served.directory.join("disclosures/AuditEvent.ndjson");

    let unsaid = send(
        &served,
        "/dead/letters",
        &page,
        &[("purpose", " "), ("by", "Ida")],
    );
    assert_eq!(unsaid.status, 400);
    assert!(!unsaid.body.contains("Rasmussen") && !disclosures.exists());

    let said = [("purpose", "ticket 4711"), ("by", "Ida Marlow")];
    let open = send(&served, "/dead/letters", &page, &said);
    assert!(open.body.contains("Rasmussen"), "{}", open.body);
    let event = std::fs::read_to_string(&disclosures).unwrap();
    let event: serde_json::Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["purposeOfEvent"][0]["text"], "ticket 4711");
    assert_eq!(event["agent"][0]["name"], "Ida Marlow");
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn letters_are_retried_while_kiln_serves_and_decided_once() {
    let root = tempfile::tempdir().unwrap();
    let (served, page) = with_letter(root.path());
    let one = [
        ("form_token", page.form_token()),
        ("decision", "retry"),
        ("id", "0/0"),
    ];
    let unasked = post(&served.http, "/dead/decide", &one[1..]);
    assert_eq!(unasked.status, 403);
    let retried = post(&served.http, "/dead/decide", &one);
    assert!(retried.body.contains("1 retried."), "{}", retried.body);
    let again = post(&served.http, "/dead/decide", &one);
    assert!(
        again.body.contains("0 retried. 1 were decided before."),
        "{}",
        again.body
    );
    // The map is still missing: what was retried is a new letter.
    let page = until(&served, "One waits for a decision");
    let dropped = send(&served, "/dead/decide", &page, &[("decision", "drop")]);
    assert!(dropped.body.contains("1 dropped."), "{}", dropped.body);
    until(&served, "None waits for a decision");
    assert_eq!(served.terminate(), Some(0));
}
