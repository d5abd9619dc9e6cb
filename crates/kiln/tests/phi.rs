//! Content of messages is nowhere but where it belongs.
//!
//! Messages whose every field holds a mark that nothing else holds are sent down every path, the failing ones too. Then
//! everything that people and machines are shown beside the data itself is searched for the mark: logs at their most verbose,
//! metrics, health, the console, what commands print, traces, and the audit stream.
//!
//! What identifies a message is not marked: sender (MSH-3, MSH-4), time (MSH-7), type (MSH-9) and control id (MSH-10).

#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use support::http::{form, get, post};
use support::{kiln, text, with_input};

const PATIENCE: Duration = Duration::from_secs(60);
/// Stands in every field; after it the number of the field.
const MARK: &str = "zqmark";
/// Stands in the header's fields that a masked message shows all the same: receiver, processing id, version, character set.
const HEAD: &str = "zqhead";

/// Whether the mark is in these bytes.
fn holds_mark(bytes: &[u8]) -> bool {
    holds(bytes, MARK)
}

/// In any case, as it is or in base64.
fn holds(bytes: &[u8], mark: &str) -> bool {
    let lower = bytes.to_ascii_lowercase();
    let plain = lower
        .windows(mark.len())
        .any(|part| part == mark.as_bytes());
    // Base64 of text has three forms, by where in a group of three it begins; without what the neighbours have a part in.
    let encoded = (0..3).any(|skip| {
        let text = [&vec![b' '; skip], mark.to_uppercase().as_bytes()].concat();
        let all = STANDARD.encode(text);
        let inner = all.trim_end_matches('=');
        let inner = &inner[if skip == 0 { 0 } else { skip + 1 }..inner.len() - 1];
        bytes
            .windows(inner.len())
            .any(|part| part == inner.as_bytes())
    });
    plain || encoded
}

/// A segment with a mark in every field, repetition and component.
fn segment(name: &str, fields: usize) -> String {
    let field = |n: usize| format!("{}{n}^{0}A~{0}B&{0}C", MARK.to_uppercase());
    let fields: Vec<String> = (1..=fields).map(field).collect();
    format!("{name}|{}\r", fields.join("|"))
}

/// A message of that type and control id, all else marked; `version` is MSH-12.
fn message(message_type: &str, control_id: &str, version: &str) -> String {
    let (mark, head) = (MARK.to_uppercase(), HEAD.to_uppercase());
    let mut text = format!(
        "MSH|^~\\&|SENDER|NORTH|{head}5|{head}6|20260102030405|{mark}8|{message_type}|{control_id}|{head}11|{version}|{mark}13|{mark}14\r"
    );
    for (name, fields) in [
        ("EVN", 7),
        ("PID", 39),
        ("PD1", 21),
        ("NK1", 39),
        ("PV1", 52),
        ("PV2", 49),
        ("ORC", 31),
        ("OBR", 50),
        ("OBX", 25),
        ("NTE", 4),
        ("AL1", 6),
        ("DG1", 21),
        ("IN1", 53),
        ("QPD", 8),
        ("ZZZ", 5),
    ] {
        text.push_str(&segment(name, fields));
    }
    text
}

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

/// What a collector of traces was sent; it reads nothing of it and says that all is well.
fn collector() -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let sent = Arc::<Mutex<Vec<u8>>>::default();
    let all = Arc::clone(&sent);
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            collect(&mut stream.unwrap(), &all);
        }
    });
    (address, sent)
}

/// The requests of one connection, one after the other.
fn collect(stream: &mut TcpStream, all: &Mutex<Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if length == 0 || reader.read_exact(&mut body).is_err() {
            return;
        }
        all.lock().unwrap().extend(body);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

/// A `kiln serve` with a listener for each path, whose standard error is a file.
struct Watched {
    child: Child,
    log: PathBuf,
    directory: PathBuf,
    overlay: PathBuf,
    addresses: Vec<String>,
    http: String,
    spans: Arc<Mutex<Vec<u8>>>,
}

/// The listeners, in the order of [`Watched::addresses`].
const PLAIN: usize = 0;
const SHORT: usize = 1;
const MAPPED: usize = 2;
const NUMBERED: usize = 3;
const SECURE: usize = 4;

impl Watched {
    fn start(root: &Path, format: &str) -> Watched {
        let (collector, spans) = collector();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let (cert, private) = (root.join("kiln.crt"), root.join("kiln.key"));
        fs::write(&cert, certificate.pem()).unwrap();
        fs::write(&private, key.serialize_pem()).unwrap();
        let (directory, overlay) = (root.join("data"), root.join("overlay"));
        fs::create_dir(&overlay).unwrap();
        let yaml = format!(
            "store:\n  embedded: {{ directory: {} }}\nmapping: {{ overlay: {} }}\nhttp: {{ address: 127.0.0.1:0 }}\n\
             logs: {{ format: {format} }}\ntraces: {{ endpoint: \"http://{collector}\", sampledPerThousand: 1000 }}\nlisteners:\n  \
             - {{ name: plain, address: 127.0.0.1:0 }}\n  \
             - {{ name: short, address: 127.0.0.1:0, maxFrameBytes: 1024, frameTimeoutSeconds: 1 }}\n  \
             - {{ name: mapped, address: 127.0.0.1:0, ackWhen: mapped }}\n  \
             - {{ name: numbered, address: 127.0.0.1:0, feed: numbered, sequenceNumbers: true }}\n  \
             - {{ name: secure, address: 127.0.0.1:0, tls: {{ cert: {}, key: {}, clientCa: {} }} }}\n",
            directory.display(),
            overlay.display(),
            cert.display(),
            private.display(),
            cert.display(),
        );
        let config = root.join("kiln.yaml");
        fs::write(&config, yaml).unwrap();
        let log = root.join("log");
        let child = kiln()
            .args(["serve", "--config"])
            .arg(&config)
            .env("RUST_LOG", "trace")
            .stderr(File::create(&log).unwrap())
            .stdout(File::create(root.join("out")).unwrap())
            .spawn()
            .unwrap();
        let mut watched = Watched {
            child,
            log,
            directory,
            overlay,
            addresses: Vec::new(),
            http: String::new(),
            spans,
        };
        watched.until("it listens", |log| {
            log.contains("kiln: health and metrics on ")
        });
        let log = watched.read_log();
        let after = |line: &str, start: &str| {
            let rest = line.strip_prefix(start)?;
            Some(rest.split(' ').next().unwrap().to_owned())
        };
        watched.addresses = log
            .lines()
            .filter_map(|line| after(line, "kiln: listening on "))
            .collect();
        watched.http = log
            .lines()
            .find_map(|line| after(line, "kiln: health and metrics on http://"))
            .unwrap();
        watched
    }

    fn read_log(&self) -> String {
        text(&fs::read(&self.log).unwrap())
    }

    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(&self.read_log()) {
            assert!(Instant::now() < until, "{what}, in time");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Looks at a page until it holds.
    fn page_until(&self, path: &str, holds: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let page = get(&self.http, path).body;
            if holds(&page) {
                return page;
            }
            assert!(Instant::now() < until, "{path} in time: {page}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn terminate(mut self) -> (PathBuf, PathBuf) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(killed.unwrap().success());
        assert!(self.child.wait().unwrap().success());
        (self.log.clone(), self.directory.clone())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was shown somewhere, to be searched.
#[derive(Default)]
struct Shown(Vec<(String, Vec<u8>, &'static [&'static str])>);

/// What must not be in a message that is shown masked, and what nowhere else.
const OF_MASKED: &[&str] = &[MARK];
const OF_ALL: &[&str] = &[MARK, HEAD];

impl Shown {
    fn take(&mut self, what: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.to_owned(), bytes.into(), OF_ALL));
    }

    /// Messages, masked.
    fn masked(&mut self, what: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.to_owned(), bytes.into(), OF_MASKED));
    }

    /// Both outputs of a command.
    fn run(&mut self, command: &mut Command) {
        let output = command.stdin(Stdio::null()).output().unwrap();
        let what = format!("{command:?}");
        if what.contains("\"show\"") {
            self.masked(&what, output.stdout);
        } else {
            self.take(&what, output.stdout);
        }
        self.take(&what, output.stderr);
    }

    /// Nothing holds the mark.
    fn judge(&self) {
        let mut leaks = Vec::new();
        for (what, bytes, marks) in &self.0 {
            if let Some(mark) = marks.iter().find(|mark| holds(bytes, mark)) {
                let all = text(bytes);
                let line = all.lines().find(|line| holds(line.as_bytes(), mark));
                leaks.push(format!("{what}: {}", line.unwrap_or("over several lines")));
            }
        }
        assert!(
            leaks.is_empty(),
            "content of messages in:\n{}",
            leaks.join("\n")
        );
    }
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
    nowhere_but_where_it_belongs("json", "\"level\":\"DEBUG\"");
}

#[test]
fn nor_is_it_where_the_log_is_for_people() {
    nowhere_but_where_it_belongs("text", "DEBUG");
}

/// `verbose` is in the log where it is at its most verbose.
fn nowhere_but_where_it_belongs(format: &str, verbose: &str) {
    let root = tempfile::tempdir().unwrap();
    let watched = Watched::start(root.path(), format);
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
    let (log, directory) = watched.terminate();
    let spans = std::mem::take(&mut *spans.lock().unwrap());
    assert!(text(&spans).contains("no-map"), "there are traces");
    shown.take("traces", spans);
    let logged = fs::read(&log).unwrap();
    assert!(
        text(&logged).contains(verbose),
        "the log is at its most verbose"
    );
    shown.take("the log", logged);
    for file in [
        "audit.ndjson",
        "headers/audit.ndjson",
        "headers/dead.ndjson",
        "disclosures/AuditEvent.ndjson",
        "committed.json",
        "audit-head.json",
    ] {
        shown.take(file, fs::read(directory.join(file)).unwrap());
    }
    shown.judge();
    // Where it belongs it is found by the same search.
    for file in ["fhir/Patient.ndjson", "dead.ndjson", "raw.redb"] {
        let data = fs::read(directory.join(file)).unwrap();
        assert!(holds_mark(&data), "{file} holds what was sent");
    }
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
    let on_store = |arguments: &[&str]| {
        let mut command = kiln();
        command.args(arguments).arg("--dir").arg(&watched.directory);
        command.env("RUST_LOG", "trace");
        command
    };
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
        shown.run(&mut on_store(arguments));
    }
    let secret = on_store(&["dead", "show", "--all", "--purpose", "a test"])
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
