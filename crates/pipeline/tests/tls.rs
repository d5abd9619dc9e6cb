//! MLLP over TLS and mutual TLS: who is let in, who is refused and for which reason, and renewal while messages flow.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::time::Duration;

use kiln_pipeline::config::{ClientAuthorities, Config, ListenerTls};
use kiln_pipeline::{Pipeline, RunningPipeline, StartError};
use support::authority::{Authority, BOTH, Issued, Wish, client, put, shake};
use support::{PATIENCE, Sender, adt, closed, config, field, mapper, metric, start, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// A listener's files in a directory, and who made them.
struct Door {
    root: tempfile::TempDir,
    authority: Authority,
    senders: Authority,
}

impl Door {
    fn new() -> Door {
        let root = tempfile::tempdir().unwrap();
        let (authority, senders) = (Authority::new("Servers"), Authority::new("Senders"));
        let door = Door {
            root,
            authority,
            senders,
        };
        door.serve(&door.authority.issue(&Wish::default()));
        put(door.path(), "ca.pem", &door.senders.pem());
        put(door.path(), "crl.pem", &door.senders.revoke(&[13]));
        door
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    /// Puts the listener's own certificate.
    fn serve(&self, issued: &Issued) {
        put(self.path(), "tls.crt", &issued.cert);
        put(self.path(), "tls.key", &issued.key);
    }

    fn config(&self, mutual: bool) -> Config {
        let mut config = config(&self.path().join("data"));
        let file = |name| self.path().join(name);
        config.listeners[0].tls = Some(ListenerTls {
            cert: file("tls.crt"),
            key: file("tls.key"),
            clients: mutual.then(|| ClientAuthorities {
                ca: file("ca.pem"),
                crl: vec![file("crl.pem")],
            }),
        });
        config
    }

    /// A sender with a certificate.
    fn sender(&self, serial: u64) -> TlsConnector {
        let issued = self.senders.issue(&Wish {
            serial,
            ..Wish::default()
        });
        client(&self.authority, Some(&issued), &BOTH)
    }
}

async fn tcp(running: &RunningPipeline) -> TcpStream {
    TcpStream::connect(running.listeners()[0].address)
        .await
        .unwrap()
}

/// Lets in; panics when it is refused.
async fn connect(running: &RunningPipeline, client: &TlsConnector) -> Sender {
    Sender::over(shake(client, tcp(running).await).await.unwrap())
}

/// Is refused: what the client's side says of it.
async fn refused(running: &RunningPipeline, client: &TlsConnector) -> String {
    match shake(client, tcp(running).await).await {
        Err(error) => error.to_string(),
        Ok(mut stream) => stream.read(&mut [0]).await.unwrap_err().to_string(),
    }
}

#[tokio::test]
async fn messages_flow_within_either_version_of_tls() {
    let door = Door::new();
    let running = start(door.config(false)).await;
    for (n, version) in [&TLS12, &TLS13].into_iter().enumerate() {
        let client = client(&door.authority, None, &[version]);
        let mut sender = connect(&running, &client).await;
        for message in 0..20 {
            let answer = sender.send(&adt(&format!("V{n}-{message}"))).await;
            assert_eq!(field(&answer, "MSA", 1), "AA");
            assert_eq!(field(&answer, "MSA", 2), format!("V{n}-{message}"));
        }
    }
    until("both ends", || closed(&running, "peer") == 2).await;
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_message_may_come_in_any_number_of_records_and_many_in_one() {
    let door = Door::new();
    let running = start(door.config(false)).await;
    let client = client(&door.authority, None, &BOTH);
    let mut sender = connect(&running, &client).await;
    let frame = [b"\x0b", adt("BITS").as_slice(), b"\x1c\r"].concat();
    for byte in &frame {
        sender.raw(&[*byte]).await;
    }
    assert_eq!(field(&sender.answer().await.unwrap(), "MSA", 2), "BITS");
    let many: Vec<u8> = (0..50)
        .flat_map(|n| [b"\x0b", adt(&format!("M{n}")).as_slice(), b"\x1c\r"].concat())
        .collect();
    sender.raw(&many).await;
    for n in 0..50 {
        let answer = sender.answer().await.unwrap();
        assert_eq!(field(&answer, "MSA", 2), format!("M{n}"));
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn whoever_is_refused_is_counted_by_reason() {
    let door = Door::new();
    let mut config = door.config(true);
    config.listeners[0].handshake_timeout = Duration::from_millis(300);
    let running = start(config).await;

    let mut welcome = connect(&running, &door.sender(1)).await;
    let answer = welcome.send(&adt("WELCOME")).await;
    assert_eq!(field(&answer, "MSA", 1), "AA");

    let issued = |wish: Wish<'_>| client(&door.authority, Some(&door.senders.issue(&wish)), &BOTH);
    let stranger = Authority::new("Strangers").issue(&Wish::default());
    for (reason, client, alert) in [
        (
            "tls-no-certificate",
            client(&door.authority, None, &BOTH),
            "CertificateRequired",
        ),
        (
            "tls-unknown-authority",
            client(&door.authority, Some(&stranger), &BOTH),
            "UnknownCA",
        ),
        (
            "tls-expired",
            issued(Wish {
                years: (2020, 2021),
                ..Wish::default()
            }),
            "CertificateExpired",
        ),
        (
            "tls-not-yet-valid",
            issued(Wish {
                years: (2090, 2100),
                ..Wish::default()
            }),
            "",
        ),
        ("tls-revoked", door.sender(13), "CertificateRevoked"),
    ] {
        let told = refused(&running, &client).await;
        assert!(told.contains(alert), "{reason}: {told}");
        until(reason, || closed(&running, reason) == 1).await;
    }

    // A client that does not trust this listener ends the handshake itself.
    let elsewhere = Authority::new("Elsewhere");
    assert!(
        shake(&client(&elsewhere, None, &BOTH), tcp(&running).await)
            .await
            .is_err()
    );
    let reason = "tls-refused-by-peer";
    until(reason, || closed(&running, reason) == 1).await;

    let mut clear = Sender::connect(&running).await;
    clear.frame(&adt("CLEAR")).await;
    clear.answer().await;
    until("not-tls", || closed(&running, "not-tls") == 1).await;

    let mut stalled = tcp(&running).await;
    stalled.write_all(&[0x16, 3, 1]).await.unwrap();
    assert_eq!(stalled.read(&mut [0]).await.unwrap(), 0);
    until("tls-timeout", || closed(&running, "tls-timeout") == 1).await;

    // None of them was in the way of who is welcome.
    let answer = welcome.send(&adt("STILL")).await;
    assert_eq!(field(&answer, "MSA", 1), "AA");
    assert_eq!(metric(&running, "kiln_listen_connections"), 1);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn certificates_are_renewed_while_it_runs_all_or_nothing() {
    let door = Door::new();
    let running = start(door.config(false)).await;
    let first = client(&door.authority, None, &BOTH);
    let mut before = connect(&running, &first).await;
    let reloads = |outcome: &str| {
        let labels = format!("listener=\"mllp\",outcome=\"{outcome}\"");
        metric(
            &running,
            &format!("kiln_listen_tls_reloads_total{{{labels}}}"),
        )
    };
    let is_rejected = || metric(&running, "kiln_listen_tls_rejected{listener=\"mllp\"}");
    let expiry = || {
        let labels = "listener=\"mllp\",of=\"certificate\"";
        metric(
            &running,
            &format!("kiln_listen_tls_expiry_timestamp_seconds{{{labels}}}"),
        )
    };
    // 2100-01-01
    assert_eq!(expiry(), 4_102_444_800);

    // A certificate without its key: what was before stays.
    let next = Authority::new("Next");
    let issued = next.issue(&Wish {
        years: (2020, 2070),
        ..Wish::default()
    });
    put(door.path(), "tls.crt", &issued.cert);
    until("a rejected change", || reloads("rejected") == 1).await;
    assert_eq!(is_rejected(), 1);
    assert_eq!(expiry(), 4_102_444_800);
    let mut sender = connect(&running, &first).await;
    assert_eq!(field(&sender.send(&adt("OLD")).await, "MSA", 1), "AA");

    put(door.path(), "tls.key", &issued.key);
    until("the change", || reloads("loaded") == 1).await;
    assert_eq!(is_rejected(), 0);
    // 2070-01-01
    assert_eq!(expiry(), 3_155_760_000);
    refused(&running, &first).await;
    let mut sender = connect(&running, &client(&next, None, &BOTH)).await;
    assert_eq!(field(&sender.send(&adt("NEW")).await, "MSA", 1), "AA");
    // Who was connected stays connected.
    assert_eq!(field(&before.send(&adt("STAYED")).await, "MSA", 1), "AA");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_revoked_ends_its_open_connection_too() {
    let door = Door::new();
    let running = start(door.config(true)).await;
    let (good, bad) = (door.sender(1), door.sender(2));
    let mut stays = connect(&running, &good).await;
    let mut goes = connect(&running, &bad).await;
    for sender in [&mut stays, &mut goes] {
        assert_eq!(field(&sender.send(&adt("FIRST")).await, "MSA", 1), "AA");
    }
    put(door.path(), "crl.pem", &door.senders.revoke(&[13, 2]));
    assert_eq!(goes.answer().await, None);
    until("its end", || closed(&running, "tls-revoked") == 1).await;
    refused(&running, &bad).await;
    assert_eq!(field(&stays.send(&adt("NEXT")).await, "MSA", 1), "AA");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_drain_answers_what_has_come_within_tls_and_says_goodbye() {
    let door = Door::new();
    let mut config = door.config(false);
    config.limits.drain = PATIENCE;
    let running = start(config).await;
    let client = client(&door.authority, None, &BOTH);
    let mut shaking = tcp(&running).await;
    let mut sender = connect(&running, &client).await;
    assert_eq!(field(&sender.send(&adt("FIRST")).await, "MSA", 1), "AA");
    let frame = [b"\x0b", adt("BEGUN").as_slice(), b"\x1c\r"].concat();
    sender.raw(&frame[..20]).await;
    running.drain();
    // Who has not shaken hands yet has nothing in hand.
    assert_eq!(shaking.read(&mut [0]).await.unwrap(), 0);
    sender.raw(&frame[20..]).await;
    assert_eq!(field(&sender.answer().await.unwrap(), "MSA", 2), "BEGUN");
    assert_eq!(sender.answer().await, None);
    until("both ends", || closed(&running, "drained") == 2).await;
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn files_that_are_wrong_at_the_start_are_named() {
    for (file, text, said) in [
        ("tls.crt", "", "no certificate in it"),
        ("tls.key", "", "no private key that is not encrypted in it"),
        ("ca.pem", "nothing", "no certificate in it"),
        ("crl.pem", "nothing", "no revocation list in it"),
    ] {
        let door = Door::new();
        put(door.path(), file, text);
        let error = wrong(&door).await;
        assert!(error.starts_with("listener mllp: tls: "), "{error}");
        assert!(error.contains(file) && error.contains(said), "{error}");
    }
    let door = Door::new();
    let other = door.authority.issue(&Wish::default());
    put(door.path(), "tls.key", &other.key);
    let error = wrong(&door).await;
    assert!(error.contains("is not the key of"), "{error}");
    std::fs::remove_file(door.path().join("tls.key")).unwrap();
    let error = wrong(&door).await;
    assert!(error.contains("tls.key cannot be read"), "{error}");
}

async fn wrong(door: &Door) -> String {
    match Pipeline::start(door.config(true), mapper()).await {
        Err(error @ StartError::Tls { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it started"),
    }
}
