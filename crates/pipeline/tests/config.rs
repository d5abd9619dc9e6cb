//! The configuration: the example is valid, and every mistake is shown at once with its place and the fix.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use kiln_pipeline::config::{Config, OVERRIDES, StoreConfig};
use kiln_tests::reference;

/// The page that tells of every setting.
#[test]
fn the_reference_has_every_setting_and_variable() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let mut made = reference::tables(&kiln_pipeline::config::schema());
    made += "\n## Variables\nThey go before the file.\n\n| variable | in place of |\n|---|---|\n";
    for (variable, setting) in OVERRIDES {
        let _ = writeln!(made, "| `{variable}` | {setting} |");
    }
    let renew = "UPDATE_EXPECTED=1 cargo test -p kiln-pipeline --test config";
    reference::check(&page, &made, renew);
}

fn none(_: &str) -> Option<String> {
    None
}

#[test]
fn the_example_and_nothing_at_all_are_valid_and_mean_the_same() {
    let example = Config::parse(Config::example(), "example.yaml", &none).unwrap();
    let empty = Config::parse("", "empty.yaml", &none).unwrap();
    assert_eq!(
        format!("{:?}", example.listeners),
        format!("{:?}", empty.listeners)
    );
    assert_eq!(
        format!("{:?}", example.limits),
        format!("{:?}", empty.limits)
    );
    assert!(matches!(example.store, StoreConfig::Embedded(_)));
}

#[test]
fn encryption_names_its_key_file() {
    let read = |text: &str| Config::parse(text, "kiln.yaml", &none);
    let config = read("store: { encryption: { keyFile: /etc/kiln/keys } }").unwrap();
    assert_eq!(
        config.key_file.as_deref(),
        Some(Path::new("/etc/kiln/keys"))
    );
    assert_eq!(read("").unwrap().key_file, None);
    let wrong = read("store:\n  encryption: {}").unwrap_err().to_string();
    assert!(
        wrong.starts_with("kiln.yaml:2:15: store.encryption: keyFile is missing"),
        "{wrong}"
    );
}

#[test]
fn traces_and_logs_are_as_they_are_said_to_be() {
    use kiln_pipeline::config::{LogFormat, TracesConfig};
    let read = |text: &str| Config::parse(text, "kiln.yaml", &none);
    let off = read("traces: { sampledPerThousand: 1 }").unwrap();
    assert_eq!((off.traces, off.log_format), (None, None));
    let on = read("traces: { endpoint: 'http://127.0.0.1:4318' }\nlogs: { format: text }").unwrap();
    let traces = on.traces.unwrap();
    let expected = TracesConfig {
        endpoint: "http://127.0.0.1:4318".to_owned(),
        sampled_per_thousand: 10,
    };
    assert_eq!(traces, expected);
    assert_eq!(on.log_format, Some(LogFormat::Text));
    for (wrong, told) in [
        (
            "traces: { endpoint: 'https://a' }",
            "kiln.yaml:1:21: traces.endpoint:",
        ),
        (
            "traces: { endpoint: 'http://user:secret@a' }",
            "kiln.yaml:1:21: traces.endpoint:",
        ),
        ("traces: { sampledPerThousand: 1001 }", "the most is 1000"),
        ("logs: { format: xml }", "json, text"),
    ] {
        let errors = read(wrong).unwrap_err().to_string();
        assert!(errors.contains(told), "{errors}");
        assert!(!errors.contains("secret"), "{errors}");
    }
}

#[test]
fn every_mistake_is_shown_at_once_with_its_line_and_the_nearest_name() {
    let text = "name: kiln\nlisteners:\n  - adress: 127.0.0.1:2575\n    maxConnections: 0\n    ackWhen: maped\nroles: listen\n";
    let errors = Config::parse(text, "kiln.yaml", &none).unwrap_err();
    let lines: Vec<String> = errors.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 4, "{errors}");
    assert!(
        lines[0].starts_with("kiln.yaml:3:5: listeners[0].adress:")
            && lines[0].contains("`address`"),
        "{errors}"
    );
    assert!(
        lines[1].starts_with("kiln.yaml:4:21:") && lines[1].contains("the least is 1"),
        "{errors}"
    );
    assert!(
        lines[2].starts_with("kiln.yaml:5:14:") && lines[2].contains("`mapped`"),
        "{errors}"
    );
    assert!(
        lines[3].starts_with("kiln.yaml:6:8: roles:") && lines[3].contains("a list"),
        "{errors}"
    );
}

#[test]
fn what_the_schema_cannot_state_is_checked_too() {
    let text = "store:\n  kafka:\n    brokers: [kafka]\n    properties: { acks: \"1\" }\n    sasl: { mechanism: PLAIN, username: kiln, passwordEnv: KAFKA_PASSWORD }\ntimeZone: Berlin\nmapping: { profile: uscore }\n";
    let errors = Config::parse(text, "kiln.yaml", &none)
        .unwrap_err()
        .to_string();
    for part in [
        "kiln.yaml:3:",
        "host:port",
        "kiln.yaml:4:",
        "set the variable KAFKA_PASSWORD",
        "timeZone",
        "mapping.profile: no such profile: r4 or us-core",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
}

#[test]
fn the_environment_overrides_the_documented_few_and_secrets_are_not_shown() {
    let variable = |name: &str| match name {
        "KILN_KAFKA_BROKERS" => Some("a:9092,b:9092".to_owned()),
        "SECRET" => Some("hunter2".to_owned()),
        _ => None,
    };
    let text = "store:\n  kafka:\n    brokers: [x:1]\n    sasl: { mechanism: SCRAM-SHA-512, username: kiln, passwordEnv: SECRET }\n";
    let config = Config::parse(text, "kiln.yaml", &variable).unwrap();
    let StoreConfig::Kafka(kafka) = &config.store else {
        panic!("Kafka was asked for")
    };
    assert_eq!(kafka.brokers, ["a:9092", "b:9092"]);
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn user_name_and_password_may_both_lie_in_files() {
    let directory = tempfile::tempdir().unwrap();
    let (username, password) = (
        directory.path().join("username"),
        directory.path().join("password"),
    );
    std::fs::write(&username, "kiln\n").unwrap();
    std::fs::write(&password, "hunter2").unwrap();
    let sasl = |names: &str| {
        format!(
            "store:\n  kafka:\n    brokers: [x:1]\n    sasl: {{ mechanism: SCRAM-SHA-512, {names}, passwordFile: {} }}\n",
            password.display()
        )
    };
    let file = format!("usernameFile: {}", username.display());
    let config = Config::parse(&sasl(&file), "kiln.yaml", &none).unwrap();
    let StoreConfig::Kafka(kafka) = &config.store else {
        panic!("Kafka was asked for")
    };
    let sasl_config = kafka.sasl.as_ref().unwrap();
    assert_eq!(sasl_config.username.read().unwrap().expose(), "kiln");
    assert_eq!(sasl_config.password.read().unwrap().expose(), "hunter2");
    let both = format!("{file}, username: other");
    let errors = Config::parse(&sasl(&both), "kiln.yaml", &none).unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("one of username and usernameFile"),
        "{errors}"
    );
}

#[test]
fn a_message_that_is_not_too_long_must_find_room() {
    let text = "listeners:\n  - maxFrameBytes: 20000000\n    maxTotalInFlightBytes: 10000000\nlimits:\n  maxInFlightBytes: 10000000\n  maxReceivingBytes: 10000000\n";
    let errors = Config::parse(text, "kiln.yaml", &none).unwrap_err();
    let lines: Vec<String> = errors.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{errors}");
    for (line, place) in lines.iter().zip([
        "kiln.yaml:3:28: listeners[0].maxTotalInFlightBytes:",
        "kiln.yaml:5:21: limits.maxInFlightBytes:",
        "kiln.yaml:6:22: limits.maxReceivingBytes:",
    ]) {
        assert!(line.starts_with(place), "{line}");
        assert!(line.contains("(20000000)"), "{line}");
    }
}

#[test]
fn the_files_of_tls_belong_together() {
    let text = "listeners:\n  - tls: { cert: tls.crt }\n  - name: b\n    address: 127.0.0.1:2576\n    tls:\n      cert: tls.crt\n      key: tls.key\n      clientCrl: [ca.crl]\n";
    let errors = Config::parse(text, "kiln.yaml", &none).unwrap_err();
    let lines: Vec<String> = errors.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{errors}");
    assert!(
        lines[0].starts_with("kiln.yaml:2:10: listeners[0].tls: cert and key"),
        "{errors}"
    );
    assert!(
        lines[1].starts_with("kiln.yaml:8:18: listeners[1].tls.clientCrl: belongs to clientCa"),
        "{errors}"
    );
}

#[test]
fn who_may_send_is_checked() {
    let text = "listeners:\n  - allowedNetworks: [10.1.0.0/16, 10.1.0.0/33]\n    feed: ward\n    feeds:\n      - { allowedNetworks: [10.1.2.3] }\n      - { name: lab }\n      - { name: x, allowedCertificates: [lab] }\n";
    let errors = Config::parse(text, "kiln.yaml", &none).unwrap_err();
    let lines: Vec<String> = errors.to_string().lines().map(str::to_owned).collect();
    let expected = [
        (
            "kiln.yaml:2:36: listeners[0].allowedNetworks[1]:",
            "10.1.0.0/16",
        ),
        ("kiln.yaml:5:7: listeners[0].feeds:", "choose one"),
        ("kiln.yaml:5:9: listeners[0].feeds[0].name:", "a name"),
        ("kiln.yaml:6:9: listeners[0].feeds[1]:", "allowedNetworks"),
        (
            "kiln.yaml:7:41: listeners[0].feeds[2].allowedCertificates:",
            "tls.clientCa",
        ),
        (
            "kiln.yaml:7:42: listeners[0].feeds[2].allowedCertificates[0]:",
            "DNS:",
        ),
    ];
    assert_eq!(lines.len(), expected.len(), "{errors}");
    for (line, (place, part)) in lines.iter().zip(expected) {
        assert!(line.starts_with(place) && line.contains(part), "{line}");
    }
    let text = "listeners:\n  - tls: { cert: a, key: b, clientCa: c }\n    feeds:\n      - { name: ward, allowedNetworks: [10.1.2.3, \"2001:db8::/32\"], allowedCertificates: [\"CN=ward,O=North\"] }\n";
    let config = Config::parse(text, "kiln.yaml", &none).unwrap();
    let feed = &config.listeners[0].feeds[0];
    assert_eq!(feed.name, "ward");
    assert!(feed.allowed.allows_address("10.1.2.3".parse().unwrap()));
    assert!(!feed.allowed.allows_address("10.1.2.4".parse().unwrap()));
    assert_eq!(feed.allowed.certificates.len(), 1);
}

#[test]
fn a_feed_is_in_one_lane() {
    let text = "listeners:\n  - feed: ward\n  - name: load\n    address: 127.0.0.1:2576\n    lane: bulk\n    feeds:\n      - { name: ward, allowedNetworks: [10.1.2.3] }\n";
    let errors = Config::parse(text, "kiln.yaml", &none)
        .unwrap_err()
        .to_string();
    assert!(
        errors.starts_with("kiln.yaml:5:11: listeners[1].lane: feed `ward` is in the other lane"),
        "{errors}"
    );
}

#[test]
fn every_limit_of_the_example_is_explained_with_its_default() {
    let page = include_str!("../LIMITS.md");
    let mut limits = 0;
    for line in Config::example().lines() {
        let setting = line.split('#').next().unwrap();
        let Some((name, value)) = setting.split_once(':') else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        // The store's own settings are no limits of what peers can cost.
        if value.parse::<u64>().is_err() || name == "retainMessages" {
            continue;
        }
        assert!(
            page.contains(&format!("| `{name}` | {value} |")),
            "{name}: {value}"
        );
        limits += 1;
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, limits);
}
