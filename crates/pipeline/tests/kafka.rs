//! The conformance suite on Kafka, and what only Kafka has: fencing. `cargo xtask test` starts a broker and names it in
//! `KILN_TEST_KAFKA`.

#![allow(clippy::unwrap_used)]

mod conformance;
mod support;

use kiln_pipeline::config::Config;
use kiln_pipeline::record::header;
use kiln_pipeline::store::{Reader, Selection, Stream};
use support::{PATIENCE, Sender, adt, field, start};

/// A pipeline of its own on the broker.
fn config(name: &str) -> Config {
    let broker = std::env::var("KILN_TEST_KAFKA")
        .expect("KILN_TEST_KAFKA=host:port of a broker; `cargo xtask test` starts one");
    let unique = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let text = format!(
        "name: {name}-{unique}\nstore:\n  kafka:\n    brokers: [\"{broker}\"]\n    \
         topics: {{ create: true, partitions: 3, replication: 1 }}\n"
    );
    let any = "127.0.0.1:0".parse().unwrap();
    Config::parse(&text, "kafka.yaml", &|_| None)
        .unwrap()
        .listening_on(any)
        .http_on(None)
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    conformance::suite(&config("conformance")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_fenced_and_its_outputs_are_never_seen() {
    conformance::fencing(&config("fencing")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_give_resources_once_in_order_over_a_resend_and_a_restart() {
    let config = config("path");
    for _ in 0..2 {
        let running = start(config.clone()).await;
        let mut sender = Sender::connect(&running).await;
        for n in 0..50 {
            sender.frame(&adt(&format!("N{n}"))).await;
        }
        for _ in 0..50 {
            assert_eq!(field(&sender.answer().await.unwrap(), "MSA", 1), "AA");
        }
        assert!(running.caught_up(PATIENCE).await);
        running.shutdown().await.unwrap();
    }
    let selection = Selection {
        stream: Stream::Fhir,
        resource_type: None,
        follow: false,
    };
    let mut reader = Reader::open(&config, selection).await.unwrap();
    let mut ids = Vec::new();
    while let Some(record) = reader.next().await.unwrap() {
        ids.push(record.header(header::CONTROL_ID).to_owned());
    }
    assert_eq!(ids, (0..50).map(|n| format!("N{n}")).collect::<Vec<_>>());
}
