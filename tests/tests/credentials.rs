//! Fear: the password for Kafka is renewed, and whoever holds the old one stands still until somebody restarts it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use kiln_tests::{
    Broker, Feed, Kiln, Sender, Verdict, await_until, expected_resources, records, settled,
};

const LIMIT: Duration = Duration::from_secs(120);

/// Gives a broker that does not run a second listener, which asks for a user and this password.
fn ask_for(password: &str, properties: &Path, address: &str) {
    let text = fs::read_to_string(properties).expect("the broker's properties");
    let kept = text.lines().filter(|line| !line.contains("sasl"));
    let changed = kept.map(|line| match line.split_once('=') {
        Some((name @ ("listeners" | "advertised.listeners"), addresses))
            if !addresses.contains("SASL") =>
        {
            format!("{name}={addresses},SASL_PLAINTEXT://{address}\n")
        }
        Some((name @ "listener.security.protocol.map", map)) if !map.contains("SASL") => {
            format!("{name}={map},SASL_PLAINTEXT:SASL_PLAINTEXT\n")
        }
        _ => format!("{line}\n"),
    });
    let plain = "listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule";
    let more =
        format!("sasl.enabled.mechanisms=PLAIN\n{plain} required user_kiln=\"{password}\";\n");
    let text = changed.collect::<String>() + &more;
    fs::write(properties, text).expect("the broker's properties");
}

#[test]
fn credentials_that_are_renewed_are_taken_without_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let jars = Broker::jars();
    let of_broker = directory.path().join("broker");
    let mut broker = Broker::start(&of_broker, &jars);
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = free.expect("a free port").to_string();
    let mut restart_asking_for = |password: &str| {
        broker.kill();
        ask_for(password, &of_broker.join("1/server.properties"), &address);
        broker.start_again();
        broker.await_ready(1);
        broker.address()
    };
    let (username, password) = (
        directory.path().join("username"),
        directory.path().join("password"),
    );
    fs::write(&username, "kiln\n").expect("a file");
    fs::write(&password, "first\n").expect("a file");
    let plain = restart_asking_for("first");
    let config = format!(
        "name: credentials\nstore:\n  kafka:\n    brokers: [\"{address}\"]\n    sasl: {{ mechanism: PLAIN, usernameFile: {}, passwordFile: {} }}\n    topics: {{ create: true, partitions: 2, replication: 1 }}\n",
        username.display(),
        password.display()
    );
    let feed = Feed::new("RENEWED");
    let messages: Vec<_> = (0..4).map(|place| feed.message(place)).collect();
    let expected = expected_resources(&messages, directory.path());
    let kiln = Kiln::serve(directory.path(), &config);
    let mut sender = Sender::new(kiln.mllp());
    let start = Instant::now();
    let give_up = || start.elapsed() > LIMIT;
    for message in &messages[..2] {
        assert!(sender.deliver(message, give_up).ack.is_some());
    }

    restart_asking_for("second");
    let answer = sender.exchange(&messages[2].bytes).expect("an answer");
    assert_eq!(answer.code, "AE");
    await_until("a word of the refusal", LIMIT, || {
        let (status, reasons) = kiln.http_get("/readyz")?;
        (status == 503 && reasons.contains("Kafka refuses this process")).then_some(())
    });
    fs::write(&password, "second\n").expect("a file");
    for message in &messages[2..] {
        let sent = sender.deliver(message, give_up);
        assert!(sent.ack.is_some(), "{} in time", sent.control_id);
    }
    let after = settled(LIMIT, || {
        Verdict::of(&expected, &records::kafka(&plain, "credentials"))
    });
    assert!(after.is_clean(), "{after}");
    await_until("readyz", LIMIT, || {
        (kiln.http_status("/readyz") == Some(200)).then_some(())
    });
}
