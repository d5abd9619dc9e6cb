//! Who is let in, which feed they send, and who is refused for which reason.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;

use kiln_pipeline::RunningPipeline;
use kiln_pipeline::config::{
    AckWhen, Admission, ClientAuthorities, Config, FeedConfig, ListenerConfig, ListenerTls,
};
use kiln_pipeline::dead::Letter;
use kiln_pipeline::record::header;
use kiln_pipeline::store::{Position, Stream};
use support::authority::{Authority, BOTH, Wish, client, put, shake};
use support::{PATIENCE, Sender, adt, closed, config, field, metric, read_all, start, until};
use tokio::net::{TcpSocket, TcpStream};

fn allowed(networks: &[&str], certificates: &[&str]) -> Admission {
    Admission {
        networks: networks.iter().map(|net| net.parse().unwrap()).collect(),
        certificates: certificates
            .iter()
            .map(|name| name.parse().unwrap())
            .collect(),
    }
}

fn feed(name: &str, allowed: Admission) -> FeedConfig {
    let name = name.to_owned();
    FeedConfig {
        name,
        allowed,
        sequence_numbers: false,
    }
}

/// Connects from an address of this machine.
async fn from(local: &str, running: &RunningPipeline) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let local: SocketAddr = format!("{local}:0").parse().unwrap();
    socket.bind(local).unwrap();
    socket
        .connect(running.listeners()[0].address)
        .await
        .unwrap()
}

async fn is_accepted(sender: &mut Sender, control_id: &str) {
    let answer = sender.send(&adt(control_id)).await;
    assert_eq!(field(&answer, "MSA", 1), "AA");
}

/// The feed of each resource, by the message it came from.
async fn feeds(directory: &std::path::Path) -> Vec<(String, String)> {
    let records = read_all(directory, Stream::Fhir).await;
    let mut feeds: Vec<_> = records
        .iter()
        .map(|record| {
            let of = |name| record.header(name).to_owned();
            (of(header::CONTROL_ID), of(header::FEED))
        })
        .collect();
    feeds.sort();
    feeds
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(id, feed): &(&str, &str)| ((*id).to_owned(), (*feed).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn a_feed_belongs_to_the_addresses_that_are_declared_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].feeds = vec![
        feed("ward", allowed(&["127.0.1.0/24"], &[])),
        feed("lab", allowed(&["127.0.2.7/32", "127.0.3.0/24"], &[])),
    ];
    let running = start(config).await;
    for (address, id) in [("127.0.1.9", "A"), ("127.0.3.1", "B"), ("127.0.2.7", "C")] {
        let mut sender = Sender::over(from(address, &running).await);
        is_accepted(&mut sender, id).await;
    }
    let mut stranger = Sender::over(from("127.0.2.8", &running).await);
    assert_eq!(stranger.answer().await, None);
    until("its reason", || {
        closed(&running, "address-not-allowed") == 1
    })
    .await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    assert_eq!(
        feeds(directory.path()).await,
        pairs(&[("A", "ward"), ("B", "lab"), ("C", "lab")])
    );
}

#[tokio::test]
async fn what_was_refused_stays_in_its_feed_when_it_is_retried() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    let listener = &mut config.listeners[0];
    listener.feeds = vec![feed("ward", allowed(&["127.0.0.0/8"], &[]))];
    listener.ack_when = AckWhen::Mapped;
    let listeners = config.listeners.clone();
    let running = start(config).await;
    let mut sender = Sender::connect(&running).await;
    let unmapped = String::from_utf8(adt("A"))
        .unwrap()
        .replace("ADT^A01", "ADT^Z99");
    let answer = sender.send(unmapped.as_bytes()).await;
    assert_eq!(field(&answer, "MSA", 1), "AE");
    running.shutdown().await.unwrap();
    let record = read_all(directory.path(), Stream::Dead).await.remove(0);
    let id = Position {
        partition: 0,
        offset: 0,
    };
    let letter = Letter::of(id, record).unwrap();
    assert_eq!(letter.retry(&listeners, 0).unwrap().key, "ward");
}

#[tokio::test]
async fn a_listener_may_allow_networks_without_declaring_feeds() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].allowed = allowed(&["127.0.1.0/24"], &[]);
    let running = start(config).await;
    let mut sender = Sender::over(from("127.0.1.9", &running).await);
    is_accepted(&mut sender, "A").await;
    let mut stranger = Sender::over(from("127.0.2.8", &running).await);
    assert_eq!(stranger.answer().await, None);
    until("its reason", || {
        closed(&running, "address-not-allowed") == 1
    })
    .await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    assert_eq!(feeds(directory.path()).await, pairs(&[("A", "ADT|NORTH")]));
}

/// A listener with mutual TLS.
struct Door {
    root: tempfile::TempDir,
    authority: Authority,
}

impl Door {
    fn new() -> Door {
        let door = Door {
            root: tempfile::tempdir().unwrap(),
            authority: Authority::new("Hospital"),
        };
        let issued = door.authority.issue(&Wish::default());
        for (name, text) in [
            ("tls.crt", &issued.cert),
            ("tls.key", &issued.key),
            ("ca.pem", &door.authority.pem()),
        ] {
            put(door.root.path(), name, text);
        }
        door
    }

    fn config(&self, change: impl FnOnce(&mut ListenerConfig)) -> Config {
        let mut config = config(&self.root.path().join("data"));
        let file = |name| self.root.path().join(name);
        config.listeners[0].tls = Some(ListenerTls {
            cert: file("tls.crt"),
            key: file("tls.key"),
            clients: Some(ClientAuthorities {
                ca: file("ca.pem"),
                crl: Vec::new(),
            }),
        });
        change(&mut config.listeners[0]);
        config
    }

    /// Connects with a certificate of that name.
    async fn connect(&self, running: &RunningPipeline, name: &str, alternative: &str) -> Sender {
        let issued = self.authority.issue(&Wish {
            name,
            alternative: &[alternative],
            ..Wish::default()
        });
        let tcp = TcpStream::connect(running.listeners()[0].address)
            .await
            .unwrap();
        let client = client(&self.authority, Some(&issued), &BOTH);
        Sender::over(shake(&client, tcp).await.unwrap())
    }
}

#[tokio::test]
async fn a_feed_belongs_to_the_certificates_that_are_declared_for_it() {
    let door = Door::new();
    let config = door.config(|listener| {
        listener.feeds = vec![
            feed("ward", allowed(&[], &["CN=ward", "DNS:ward.north.example"])),
            feed("lab", allowed(&["127.0.0.1/32"], &["CN=lab"])),
            feed("elsewhere", allowed(&["127.0.2.0/24"], &["CN=far"])),
        ];
    });
    let running = start(config).await;
    for (name, alternative, id) in [
        ("ward", "a.example", "A"),
        ("other", "WARD.north.example", "B"),
        ("lab", "a.example", "C"),
    ] {
        let mut sender = door.connect(&running, name, alternative).await;
        is_accepted(&mut sender, id).await;
    }
    for (refused, name) in ["nobody", "ward2", "far"].into_iter().enumerate() {
        let mut stranger = door.connect(&running, name, "a.example").await;
        assert_eq!(stranger.answer().await, None);
        let reason = "certificate-not-allowed";
        let count = i64::try_from(refused).unwrap() + 1;
        until(name, || closed(&running, reason) == count).await;
    }
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    assert_eq!(
        feeds(&door.root.path().join("data")).await,
        pairs(&[("A", "ward"), ("B", "ward"), ("C", "lab")])
    );
}

#[tokio::test]
async fn one_certificate_cannot_take_every_place() {
    let door = Door::new();
    let config = door.config(|listener| listener.max_connections_per_certificate = 2);
    let running = start(config).await;
    let issued = door.authority.issue(&Wish::default());
    let same = client(&door.authority, Some(&issued), &BOTH);
    let again = async || {
        let tcp = TcpStream::connect(running.listeners()[0].address)
            .await
            .unwrap();
        Sender::over(shake(&same, tcp).await.unwrap())
    };
    let (mut first, mut second) = (again().await, again().await);
    is_accepted(&mut first, "A").await;
    is_accepted(&mut second, "B").await;
    assert_eq!(again().await.answer().await, None);
    until("its reason", || {
        closed(&running, "too-many-of-certificate") == 1
    })
    .await;
    // Another certificate has places of its own, and a place that is left can be taken again.
    let mut other = door.connect(&running, "other", "a.example").await;
    is_accepted(&mut other, "C").await;
    drop(first);
    until("a place that is left", || {
        metric(&running, "kiln_listen_connections") == 2
    })
    .await;
    is_accepted(&mut again().await, "D").await;
    running.shutdown().await.unwrap();
}
