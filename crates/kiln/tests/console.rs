//! The console of a running `kiln serve`, over HTTP and without a script.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use support::http::{self, Answer, ask, form, get, post};
use support::{Served, fixture, kiln, text};

const MESSAGE: &str = "MSH|^~\\&|A|B|C|D|20260102030405||ADT^A08^ADT_A01|7|P|2.5.1\r\nPID|1||4711^^^B^MR||Marlow^Ida||19700101|F\r\nPV1|1|I\r\n";

/// The line of the page that holds that element's key and value.
fn line<'a>(page: &'a Answer, key: &str, value: &str) -> &'a str {
    let wanted = format!("&quot;{key}&quot;: <span class=\"value\">&quot;{value}&quot;</span>");
    let mut lines = page.body.split("<li").filter(|line| line.contains(&wanted));
    lines
        .next()
        .unwrap_or_else(|| panic!("no {key} of {value} in\n{}", page.body))
}

fn converted(served: &Served, message: &str, overlay: &str) -> Answer {
    let page = get(&served.http, "/playground");
    let fields = [
        ("form_token", page.form_token()),
        ("message", message),
        ("overlay", overlay),
    ];
    post(&served.http, "/playground", &fields)
}

#[test]
fn the_playground_shows_an_example_and_converts_what_is_pasted() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    let first = get(&served.http, "/playground");
    assert_eq!(first.status, 200);
    assert!(first.body.contains("Observation"), "{}", first.body);
    let other = get(
        &served.http,
        "/playground?example=siu-s12-follow-up-visit.hl7",
    );
    assert!(other.body.contains("Appointment"), "{}", other.body);

    let page = converted(&served, MESSAGE, "");
    // PID is the segment after MSH: of PID-5, the first repetition and its first component.
    assert!(line(&page, "family", "Marlow").contains("data-from=\"1.5.1.1"));
    assert!(
        page.body.contains("title=\"PID-5.2 Given Name (ST)\""),
        "{}",
        page.body
    );
    assert!(page.body.contains("data-at=\"1.5.1.2\""), "{}", page.body);
    assert!(
        page.body
            .contains("title=\"PID-1 Set ID - PID (SI): not used\""),
        "{}",
        page.body
    );
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn an_overlay_shows_what_it_changes_and_its_mistakes_by_line() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    let rows =
        "map: \"PID[Patient]\"\nrows:\n  - { from: PID-5.2, to: \"name[1].text\", as: string }\n";
    let page = converted(&served, MESSAGE, rows);
    let new = line(&page, "text", "Ida");
    assert!(
        new.contains("data-from=\"1.5.1.2\"") && new.contains(">new<"),
        "{new}"
    );
    assert!(!line(&page, "family", "Marlow").contains("class=\"changed\""));

    let page = converted(&served, MESSAGE, &rows.replace("name[1]", "nmae[1]"));
    assert!(page.body.contains("<li>line 3: "), "{}", page.body);
    assert!(page.body.contains("name"), "{}", page.body);
    line(&page, "family", "Marlow");
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn what_is_no_message_and_what_has_no_map_is_said_to_be_so() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    let none = converted(&served, "Marlow", "");
    assert_eq!(none.status, 200);
    assert!(
        none.body.contains("This is no HL7v2 message"),
        "{}",
        none.body
    );
    let unmapped = text(&std::fs::read(fixture("qbp-q22-find-candidates.hl7")).unwrap());
    let dead = converted(&served, &unmapped, "");
    assert!(
        dead.body.contains("no map for message type QBP^Q22"),
        "{}",
        dead.body
    );
    let markup = converted(&served, &MESSAGE.replace("Ida", "<script>"), "");
    assert!(!markup.body.contains("<script>"), "{}", markup.body);
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn flow_shows_what_came_and_what_became_of_it_as_it_happens() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    let sent = kiln()
        .args(["send", "--to", &served.address])
        .args([
            fixture("adt-a02-transfer.hl7"),
            fixture("qbp-q22-find-candidates.hl7"),
        ])
        .output()
        .unwrap();
    assert!(sent.status.success(), "{}", text(&sent.stderr));
    let deadline = Instant::now() + Duration::from_secs(30);
    let event = loop {
        let event = http::first_event(&served.http, "/flow/stream");
        let row = |name: &str| format!("<th scope=\"row\">{name}</th><td class=\"n\">1</td>");
        let wanted = ["ADT^A02", "QBP^Q22", "Encounter", "no-map"].map(row);
        if wanted.iter().all(|row| event.contains(row)) {
            break event;
        }
        assert!(Instant::now() < deadline, "{event}");
    };
    assert!(event.contains("<th scope=\"row\">mllp</th>"), "{event}");
    let page = get(&served.http, "/");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("ADT^A02"), "{}", page.body);
    // A stream that is open does not hold up a stop.
    let open = std::net::TcpStream::connect(&served.http).unwrap();
    let head = format!("GET /flow/stream HTTP/1.1\r\nHost: {}\r\n\r\n", served.http);
    (&open).write_all(head.as_bytes()).unwrap();
    assert_eq!((&open).read(&mut [0; 64]).unwrap(), 64);
    let begun = Instant::now();
    assert_eq!(served.terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn on_this_machine_no_other_name_and_no_other_site_gets_in() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    let page = get(&served.http, "/playground");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));

    let rebound = ask(
        &served.http,
        "GET /playground",
        &["Host: kiln.example.org"],
        "",
    );
    assert_eq!(rebound.status, 421);
    let fields = form(&[("form_token", page.form_token()), ("message", MESSAGE)]);
    let sent = |headers: &[&str], fields: &str| {
        ask(&served.http, "POST /playground", headers, fields).status
    };
    assert_eq!(sent(&[], &fields), 200);
    assert_eq!(sent(&["Origin: http://example.org"], &fields), 403);
    assert_eq!(sent(&["Origin: null"], &fields), 403);
    assert_eq!(sent(&["Sec-Fetch-Site: cross-site"], &fields), 403);
    assert_eq!(sent(&[], &form(&[("message", MESSAGE)])), 403);
    assert_eq!(
        sent(&[], &form(&[("form_token", "AAAA"), ("message", MESSAGE)])),
        403
    );
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn elsewhere_nothing_is_shown_without_the_token() {
    let root = tempfile::tempdir().unwrap();
    let token = root.path().join("token");
    std::fs::write(&token, "the first token of the site\n").unwrap();
    let http = format!("  address: 0.0.0.0:0\n  tokenFile: {}\n", token.display());
    let served = Served::with_http(root.path(), "", &http);
    let stranger = get(&served.http, "/playground");
    assert_eq!(
        (stranger.status, stranger.header("location")),
        (303, Some("/login"))
    );
    assert_eq!(stranger.body, "");
    assert_eq!(get(&served.http, "/login").status, 200);
    // Health and metrics are for the platform.
    assert_eq!(get(&served.http, "/livez").status, 200);

    let wrong = post(
        &served.http,
        "/login",
        &[("token", "the first token of the sitf")],
    );
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, None));
    let entered = post(
        &served.http,
        "/login",
        &[("token", "the first token of the site")],
    );
    assert_eq!(entered.status, 303);
    let cookie = entered.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let session = format!("Cookie: {}", cookie.split(';').next().unwrap());
    let with = |header: &str| ask(&served.http, "GET /playground", &[header], "").status;
    assert_eq!(with(&session), 200);
    assert_eq!(with(&format!("{session}A")), 303);
    assert_eq!(
        with("Authorization: Bearer the first token of the site"),
        200
    );
    assert_eq!(with("Authorization: Bearer the first"), 303);

    std::fs::write(&token, "the second token of the site\n").unwrap();
    assert_eq!(with(&session), 303);
    std::fs::remove_file(&token).unwrap();
    assert_eq!(with(&session), 503);
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn elsewhere_without_a_token_the_console_is_closed() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::with_http(root.path(), "", "  address: 0.0.0.0:0\n");
    let closed = get(&served.http, "/playground");
    assert_eq!(closed.status, 403);
    assert!(closed.body.contains("http.tokenFile"), "{}", closed.body);
    assert_eq!(post(&served.http, "/login", &[("token", "")]).status, 403);
    assert_eq!(served.terminate(), Some(0));
}
