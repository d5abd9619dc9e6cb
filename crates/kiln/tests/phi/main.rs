//! Content of messages is nowhere but where it belongs.
//!
//! Messages whose every field holds a mark that nothing else holds are sent down every path, the failing ones too. Then
//! everything that people and machines are shown beside the data itself is searched for the mark: logs at their most verbose,
//! metrics, health, the console, what commands print, traces, and the audit stream.
//!
//! What identifies a message is not marked: sender (MSH-3, MSH-4), time (MSH-7), type (MSH-9) and control id (MSH-10).

#![allow(clippy::unwrap_used)]

mod marked;
#[path = "../support/mod.rs"]
mod support;
mod watched;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use marked::{Shown, holds_mark, message, segment};
use support::http::{form, get, post};
use support::{kiln, text, with_input};
use watched::{Home, MAPPED, NUMBERED, PATIENCE, PLAIN, SECURE, SHORT, Watched};

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0x0b], message, &[0x1c, 0x0d]].concat()
}

/// Sends bytes, and takes what is answered until the other end closes, without its headers: those name to a sender its own
/// receiver (HL7 v2.9 §2.9.2.2).
fn raw(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let segments = text(&answer);
    let told = segments.split('\r').filter(|line| !line.contains("MSH|"));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_search_finds_a_mark_however_it_is_written() {
    for sample in ["a ZQMARK1 b", "zqMark", "\"ZQMARK12^ZQMARKA\""] {
        assert!(holds_mark(sample.as_bytes()), "{sample}");
        for before in ["", "a", "ab", "abc"] {
            let encoded = STANDARD.encode(format!("{before}{}", sample.to_uppercase()));
            assert!(holds_mark(encoded.as_bytes()), "{encoded}");
        }
    }
    for sample in ["", "a mark", "ZQ MARK", "xxxxxx99"] {
        assert!(!holds_mark(sample.as_bytes()), "{sample}");
    }
    let mut shown = Shown::default();
    shown.masked("a letter", "MSH|^~\\&|A|B|ZQHEAD5");
    shown.judge();
    shown.take("a log", "version=ZQHEAD12");
    assert!(std::panic::catch_unwind(|| shown.judge()).is_err());
}

#[test]
fn content_of_messages_is_in_no_log_metric_page_error_trace_or_audit_record() {
    nowhere_but_where_it_belongs("json", "\"level\":\"DEBUG\"", None);
}

#[test]
fn nor_is_it_where_the_log_is_for_people() {
    nowhere_but_where_it_belongs("text", "DEBUG", None);
}

/// `cargo xtask test` starts a broker and names it.
#[cfg(feature = "kafka-tests")]
#[test]
fn nor_is_it_where_messages_are_kept_on_kafka() {
    let broker = std::env::var("KILN_TEST_KAFKA").expect("KILN_TEST_KAFKA=host:port of a broker");
    let unique = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let name = format!("phi-{unique}");
    let home = Home::Kafka { broker, name };
    nowhere_but_where_it_belongs("json", "\"level\":\"DEBUG\"", Some(home));
}

/// `verbose` is in the log where it is at its most verbose.
fn nowhere_but_where_it_belongs(format: &str, verbose: &str, home: Option<Home>) {
    let root = tempfile::tempdir().unwrap();
    let home = home.unwrap_or_else(|| Home::Embedded(root.path().join("data")));
    let watched = Watched::start(root.path(), format, home);
    let mut shown = Shown::default();
    every_message(&watched, &mut shown);

    // The last message of the plain listener is behind the others.
    watched.page_until("/metrics", |page| {
        page.contains("kiln_transform_lag_messages{lane=\"interactive\"} 0")
            && page.contains("kiln_transform_dead_letters_total{reason=\"no-map\"}")
            && page.contains("kiln_listen_connections_closed_total{listener=\"short\",reason=\"frame-timeout\"} 1")
    });
    wrong_overlay(&watched, &mut shown);
    pages(&watched, &mut shown);
    commands(root.path(), &watched, &mut shown);

    for path in ["/metrics", "/readyz", "/livez", "/"] {
        shown.take(path, get(&watched.http, path).body);
    }
    let spans = Arc::clone(&watched.spans);
    let (logged, home) = watched.terminate();
    let spans = std::mem::take(&mut *spans.lock().unwrap());
    assert!(text(&spans).contains("no-map"), "there are traces");
    shown.take("traces", spans);
    assert!(
        text(&logged).contains(verbose),
        "the log is at its most verbose"
    );
    shown.take("the log", logged);
    home.search(&mut shown);
    shown.judge();
}

/// Sends marked messages down every path through the listeners.
fn every_message(watched: &Watched, shown: &mut Shown) {
    let accepted = message("ADT^A01^ADT_A01", "A1", "2.5");
    let mut sent = |listener: usize, what: &str, bytes: &[u8]| {
        shown.take(what, raw(&watched.addresses[listener], bytes));
    };
    let good = framed(accepted.as_bytes());
    let twice = [
        good.clone(),
        b"ZQMARK between frames".to_vec(),
        good.clone(),
    ]
    .concat();
    sent(PLAIN, "accepted, and sent again", &twice);
    let results = message("ORU^R01^ORU_R01", "A2", "2.5.1");
    sent(PLAIN, "results", &framed(results.as_bytes()));
    let other = message("ADT^A08^ADT_A01", "A1", "2.5");
    sent(PLAIN, "a control id again", &framed(other.as_bytes()));
    for (what, message) in [
        ("no control id", message("ADT^A01", "", "2.5")),
        ("no type", message("", "B1", "2.5")),
        ("a wrong version", message("ADT^A01", "B2", "ZQHEAD12")),
        ("an acknowledgment", message("ACK^A01", "B3", "2.5")),
        ("no map", message("QBP^Q22^QBP_Q21", "B4", "2.5")),
        ("no header", segment("PID", 30)),
        (
            "a wrong delimiter",
            message("ADT^A01", "B5", "2.5").replacen("^~\\&", "ZQMARK", 1),
        ),
    ] {
        sent(PLAIN, what, &framed(message.as_bytes()));
    }
    let charset = accepted.replacen("|ZQMARK14\r", "|ZQMARK14||||ZQHEAD18\r", 1);
    sent(
        PLAIN,
        "an unknown character set",
        &framed(charset.as_bytes()),
    );
    let mut broken = accepted.clone().into_bytes();
    broken.splice(200..200, [0xff, 0xfe, 0x00, 0x80]);
    sent(PLAIN, "bytes of no character set", &framed(&broken));
    sent(PLAIN, "no end", &good[..good.len() - 2]);
    sent(SHORT, "too long", &good);
    sent(MAPPED, "mapped first", &good);
    let unmapped = message("QBP^Q22^QBP_Q21", "C1", "2.5");
    sent(MAPPED, "not mapped", &framed(unmapped.as_bytes()));
    sent(NUMBERED, "no number", &good);
    sent(SECURE, "no TLS", &good);
    // Begins and does not go on, until the listener has had enough.
    let mut slow = TcpStream::connect(&watched.addresses[SHORT]).unwrap();
    slow.write_all(&good[..300]).unwrap();
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    shown.take("too slow", rest);
}

/// A wrong overlay, and one that converts what there is differently.
fn wrong_overlay(watched: &Watched, shown: &mut Shown) {
    let file = watched.overlay.join("site.yaml");
    fs::write(&file, "filters:\n  - { name: x, drop: 'PID-5 EQUALS' }\n").unwrap();
    let ready = watched.page_until("/readyz", |page| page.contains("site.yaml"));
    shown.take("a wrong overlay", ready);
    let good = message("ADT^A01^ADT_A01", "D1", "2.5");
    raw(&watched.addresses[PLAIN], &framed(good.as_bytes()));
    fs::remove_file(&file).unwrap();
    watched.page_until("/readyz", |page| page.contains("\"rejected\":null"));
}

/// The console: every page that shows something of what was received, and answers to what is wrong.
fn pages(watched: &Watched, shown: &mut Shown) {
    let dead = get(&watched.http, "/dead").body;
    assert!(dead.contains("no-map"), "{dead}");
    shown.take("/dead", dead.clone());
    let part = |name: &str| {
        let at = format!("name=\"{name}\" value=\"");
        let value = dead.split_once(&at).unwrap().1.split('"').next().unwrap();
        value.replace("&amp;", "&")
    };
    let (reason, feed, kind) = (part("reason"), part("feed"), part("type"));
    let cause = [
        ("reason", reason.as_str()),
        ("feed", feed.as_str()),
        ("type", kind.as_str()),
    ];
    let letters = get(&watched.http, &format!("/dead/letters?{}", form(&cause)));
    assert!(letters.body.contains("xxxxxx"), "{}", letters.body);
    shown.masked("/dead/letters", letters.body);
    for path in ["/dead/letters", "/dead/decide", "/playground", "/nothing"] {
        let wrong = post(&watched.http, path, &[("decision", "ZQMARK")]);
        shown.take(path, wrong.body);
    }
    // Shown to who says why, which is where the search must find it, and the audit stream has who and why.
    let token = letters_token(&dead);
    let open = [
        ("form_token", token.as_str()),
        ("purpose", "a test"),
        ("by", "somebody"),
    ];
    let open = post(
        &watched.http,
        "/dead/letters",
        &[&cause[..], &open].concat(),
    );
    assert!(holds_mark(open.body.as_bytes()), "{}", open.body);
}

fn letters_token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"form_token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// What commands print: on the store, of files that are wrong, and as a sender.
fn commands(root: &Path, watched: &Watched, shown: &mut Shown) {
    for arguments in [
        &["dead", "list"][..],
        &["dead", "list", "--json"],
        &["dead", "show"],
        &["dead", "show", "--json"],
        &["replay", "--diff"],
        &["replay", "--diff", "--json"],
        &["replay", "--into", "beside"],
        &["dead", "retry", "--all"],
        &["dead", "drop", "--all"],
        &["dead", "list", "--all"],
        &["audit", "report"],
        &["audit", "verify", "--json"],
    ] {
        shown.run(&mut watched.command(arguments));
    }
    let secret = watched
        .command(&["dead", "show", "--all", "--purpose", "a test"])
        .output()
        .unwrap();
    assert!(holds_mark(&secret.stdout), "it is shown to who says why");
    shown.take("dead show --purpose, errors", secret.stderr);

    let wrong = root.join("wrong.hl7");
    for (number, content) in [
        segment("PID", 30),
        message("QBP^Q22^QBP_Q21", "E1", "2.5"),
        message("ADT^A01", "E2", "ZQHEAD12"),
        format!("MSH|^~\\&|||||20260102||ADT^A01|{}ZQMARK20", "|".repeat(10)),
    ]
    .iter()
    .enumerate()
    {
        fs::write(&wrong, content).unwrap();
        for command in ["explain", "convert"] {
            let output = kiln().arg(command).arg(&wrong).output().unwrap();
            shown.take(
                &format!("{command} of wrong {number}, errors"),
                output.stderr,
            );
        }
        let mut send = kiln();
        send.args([
            "send",
            "--retries",
            "0",
            "--to",
            &watched.addresses[PLAIN],
            "-",
        ]);
        let output = with_input(&mut send, content.as_bytes());
        shown.take(
            &format!("send of wrong {number}"),
            [output.stdout, output.stderr].concat(),
        );
    }
}
