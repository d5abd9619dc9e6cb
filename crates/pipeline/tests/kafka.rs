//! The conformance suite on Kafka, and what only Kafka has: fencing. `cargo xtask test` starts a broker and names it in
//! `KILN_TEST_KAFKA`.

#![allow(clippy::unwrap_used)]

mod conformance;
mod support;

use std::time::Duration;

use conformance::encrypted;
use kiln_pipeline::RunningPipeline;
use kiln_pipeline::config::{Config, KafkaConfig, StoreConfig};
use kiln_pipeline::record::{Headers, Record, header};
use kiln_pipeline::store::{self, Reader, Selection, Stream};
use kiln_pipeline::topics;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use support::{PATIENCE, Sender, adt, field, http, metric, start};

fn broker() -> String {
    std::env::var("KILN_TEST_KAFKA")
        .expect("KILN_TEST_KAFKA=host:port of a broker; `cargo xtask test` starts one")
}

/// A pipeline of its own on the broker.
fn config(name: &str) -> Config {
    let broker = broker();
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
async fn a_replay_reads_each_lane_once_beside_transform() {
    conformance::replaying(&config("replaying")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_begins_at_its_time_once() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let config = config("since");
    let store = store::open(&config).await.unwrap();
    let append = async |count: usize| {
        for n in 0..count {
            let record = Record {
                key: format!("FEED{n}"),
                value: n.to_string().into(),
                headers: Headers::new(),
            };
            store.append(record).await.unwrap().await.unwrap();
        }
    };
    append(12).await;
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let read = async |name: &str, since_ms: i64| {
        let store = store.as_ref();
        let (records, mut source) = conformance::replayed_since(Some(since_ms), store, name).await;
        source.commit(Vec::new()).await.unwrap();
        records.len()
    };
    assert_eq!(read("yesterday", now - DAY_MS).await, 12);
    assert_eq!(read("tomorrow", now + DAY_MS).await, 0);
    append(5).await;
    // Each goes on where it was.
    assert_eq!(read("yesterday", now - DAY_MS).await, 5);
    assert_eq!(read("tomorrow", now + DAY_MS).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_raw_log_is_read_back_to_its_end_while_it_grows() {
    conformance::reading_raw(&config("reading")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_come_with_what_they_append() {
    conformance::deciding(&config("deciding")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_events_from_outside_of_a_batch_are_chained_once() {
    conformance::auditing(&config("auditing")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_decide_the_later_has_the_right_to() {
    conformance::deciding_alone(&config("deciding-alone")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retried_goes_to_the_log_of_its_lane() {
    conformance::deciding_in_lanes(&config("deciding-in-lanes")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_last_is_found() {
    conformance::last(&config("last")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_are_apart() {
    conformance::lanes(&config("lanes")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_fenced_and_its_outputs_are_never_seen() {
    conformance::fencing(&config("fencing")).await;
}

fn encrypted(name: &str) -> (tempfile::TempDir, Config) {
    let directory = tempfile::tempdir().unwrap();
    let (config, _) = encrypted::with_keys(config(name), directory.path(), &[encrypted::OLD]);
    (directory, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_where_messages_are_kept_encrypted() {
    let (_directory, config) = encrypted("encrypted");
    conformance::suite(&config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_and_decisions_are_as_ever_where_messages_are_kept_encrypted() {
    let (_directory, config) = encrypted("encrypted-replaying");
    conformance::replaying(&config).await;
    let (_directory, config) = encrypted("encrypted-deciding");
    conformance::deciding_in_lanes(&config).await;
    let (_directory, config) = encrypted("encrypted-last");
    conformance::last(&config).await;
}

#[tokio::test]
async fn each_key_reads_what_was_encrypted_by_it() {
    let directory = tempfile::tempdir().unwrap();
    encrypted::rotating(config("rotating"), directory.path()).await;
}

#[tokio::test]
async fn what_was_kept_before_there_were_keys_is_read() {
    let directory = tempfile::tempdir().unwrap();
    encrypted::turning_on(config("turning-on"), directory.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_renewed_and_a_missing_one_holds_back_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    encrypted::renewing(config("renewing"), directory.path()).await;
}

/// Everything in a topic, as Kafka has it.
async fn in_topic(topic: &str) -> Vec<OwnedMessage> {
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker())
        .set("group.id", "by-the-book")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    let wait = Duration::from_secs(10);
    let metadata = consumer.fetch_metadata(Some(topic), wait).unwrap();
    let (mut places, mut count) = (TopicPartitionList::new(), 0);
    for partition in metadata.topics()[0].partitions() {
        let (low, high) = consumer
            .fetch_watermarks(topic, partition.id(), wait)
            .unwrap();
        let begin = Offset::Beginning;
        places
            .add_partition_offset(topic, partition.id(), begin)
            .unwrap();
        count += high - low;
    }
    consumer.assign(&places).unwrap();
    let mut all = Vec::new();
    // The last place of a transaction has no message.
    while i64::try_from(all.len()).unwrap() < count {
        match tokio::time::timeout(wait, consumer.recv()).await {
            Ok(message) => all.push(message.unwrap().detach()),
            Err(_) => break,
        }
    }
    all
}

fn record(message: &OwnedMessage) -> Record {
    let mut headers = Headers::new();
    for header in message.headers().unwrap().iter() {
        headers.push(
            header.key,
            std::str::from_utf8(header.value.unwrap()).unwrap(),
        );
    }
    Record {
        key: String::from_utf8(message.key().unwrap().to_vec()).unwrap(),
        value: message.payload().unwrap().to_vec().into(),
        headers,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_message_that_was_altered_is_not_taken_for_one() {
    let directory = tempfile::tempdir().unwrap();
    encrypted::altered(config("altered"), directory.path(), async |config| {
        let topic = format!("{}.hl7v2", config.name);
        let kept = in_topic(&topic).await;
        // The same bytes under another control id.
        let other = Header {
            key: header::CONTROL_ID,
            value: Some("1"),
        };
        let of_key = Header {
            key: header::ENCRYPTED_WITH,
            value: Some(encrypted::OLD.1),
        };
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", broker())
            .create()
            .unwrap();
        let copy = FutureRecord::to(&topic)
            .partition(kept[0].partition())
            .key("ward")
            .payload(kept[0].payload().unwrap())
            .headers(OwnedHeaders::new().insert(other).insert(of_key));
        producer.send(copy, PATIENCE).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_topic_tells_what_encrypted_messages_say_and_others_can_read_them_by_the_book() {
    let (_directory, config) = encrypted("by-the-book");
    let running = start(config.clone()).await;
    let mut sender = Sender::connect(&running).await;
    let sent = [adt("ONE"), adt("TWO")];
    for message in &sent {
        sender.send(message).await;
    }
    let wrong = String::from_utf8(adt("WRONG")).unwrap();
    sender
        .send(wrong.replacen("|2.5", "|9", 1).as_bytes())
        .await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    for (stream, topic, count) in [("raw", "hl7v2", 2), ("dead", "dead", 1)] {
        let kept = in_topic(&format!("{}.{topic}", config.name)).await;
        assert_eq!(kept.len(), count, "{topic}");
        for (number, message) in kept.iter().enumerate() {
            let record = record(message);
            assert!(!record.value.windows(8).any(|part| part == b"Doe^Jane"));
            let told = encrypted::by_the_book(stream, &record, encrypted::OLD);
            assert!(String::from_utf8_lossy(&told).contains("Doe^Jane"));
            if stream == "raw" {
                assert_eq!(told, sent[number]);
            }
        }
    }
}

/// Messages of several feeds, so that every partition has some.
fn messages() -> Vec<Vec<u8>> {
    (0..60)
        .map(|n| {
            let text = String::from_utf8(adt(&format!("N{n}"))).unwrap();
            text.replacen("ADT|NORTH", &format!("ADT{}|NORTH", n % 12), 1)
                .into_bytes()
        })
        .collect()
}

async fn send_all(running: &RunningPipeline, messages: &[Vec<u8>]) {
    let mut sender = Sender::connect(running).await;
    for message in messages {
        sender.frame(message).await;
    }
    for message in messages {
        let answer = sender.answer().await.unwrap();
        assert_eq!(field(&answer, "MSA", 1), "AA");
        let sent = String::from_utf8_lossy(message).into_owned();
        assert_eq!(field(&answer, "MSA", 2), field(&sent, "MSH", 9));
    }
}

/// Looks until the instances together show `count`.
async fn shown(running: &[&RunningPipeline], name: &str, count: impl Fn(&[u64]) -> bool) {
    let looking = async {
        loop {
            let values: Vec<u64> = running
                .iter()
                .map(|one| {
                    let text = one.metrics_text();
                    let line = text.lines().find_map(|line| line.strip_prefix(name));
                    line.and_then(|value| value.trim().parse().ok())
                        .unwrap_or(0)
                })
                .collect();
            if count(&values) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("{name} in time"));
}

async fn emitted(config: &Config) -> Vec<String> {
    let selection = Selection {
        stream: Stream::Fhir,
        ..Selection::default()
    };
    let mut reader = Reader::open(config, selection).await.unwrap();
    let mut ids = Vec::new();
    while let Some(record) = reader.next().await.unwrap() {
        ids.push(record.header(header::CONTROL_ID).to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_to_another_instance_is_acknowledged_and_dropped_after_a_failover() {
    let mut config = config("failover");
    let messages = messages();
    config.instance = "a".to_owned();
    let running = start(config.clone()).await;
    send_all(&running, &messages).await;
    assert!(running.caught_up(PATIENCE).await);
    // Gone without a word, as far as the group can tell.
    drop(running);
    config.instance = "b".to_owned();
    let running = start(config.clone()).await;
    send_all(&running, &messages).await;
    let all = messages.len() as u64;
    shown(&[&running], "kiln_transform_duplicates_total", |seen| {
        seen == [all]
    })
    .await;
    running.shutdown().await.unwrap();
    assert_eq!(emitted(&config).await.len(), messages.len());
    // One chain a partition, which the other instance has gone on with, and one of each instance.
    let verdict = conformance::whole(&config).await;
    let of = |writer: &str| {
        let chains = verdict.chains.iter();
        let chains = chains.filter(|chain| chain.head.chain.contains(writer));
        chains.map(|chain| chain.head.number).collect::<Vec<u64>>()
    };
    assert_eq!(of("-transform/").len(), 3);
    assert_eq!(of("-transform/").iter().sum::<u64>(), 2 * all);
    assert_eq!((of("-audit-a@").len(), of("-audit-b@").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_after_a_rebalance_is_acknowledged_and_dropped() {
    let config = config("rebalance");
    let messages = messages();
    let of = |instance: &str| {
        let mut config = config.clone();
        instance.clone_into(&mut config.instance);
        config
    };
    let first = start(of("a")).await;
    send_all(&first, &messages).await;
    assert!(first.caught_up(PATIENCE).await);
    let second = start(of("b")).await;
    let both = [&first, &second];
    shown(
        &both,
        "kiln_transform_partitions{lane=\"interactive\"}",
        |held| held.iter().all(|count| *count > 0) && held.iter().sum::<u64>() == 3,
    )
    .await;
    send_all(&first, &messages[..30]).await;
    send_all(&second, &messages[30..]).await;
    let all = messages.len() as u64;
    shown(&both, "kiln_transform_duplicates_total", |seen| {
        seen.iter().sum::<u64>() == all && seen.iter().all(|count| *count > 0)
    })
    .await;
    first.shutdown().await.unwrap();
    second.shutdown().await.unwrap();
    assert_eq!(emitted(&config).await.len(), messages.len());
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
    let ids = emitted(&config).await;
    assert_eq!(ids, (0..50).map(|n| format!("N{n}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_others_made_or_changed_are_told_of_and_deleted_when_asked() {
    let mut asked = config("drift");
    let name = asked.name.clone();
    // Made with three partitions, and then asked to have four.
    drop(store::open(&asked).await.unwrap());
    assert_eq!(told(&asked).await, Vec::<String>::new());
    let StoreConfig::Kafka(kafka) = &mut asked.store else {
        panic!("the store is not Kafka")
    };
    kafka.topics.partitions = 4;
    compacted(kafka, &format!("{name}.hl7v2")).await;
    let mut expected: Vec<String> = ["audit", "dead", "hl7v2"]
        .map(|topic| format!("{name}.{topic}: has 3 partitions, not 4"))
        .into();
    expected.push(format!(
        "{name}.hl7v2: cleanup.policy is compact, not delete"
    ));
    until_async("the change to be known to all", async || {
        told(&asked).await == expected
    })
    .await;

    // A running pipeline says the same, and serves all the same.
    let any = "127.0.0.1:0".parse().unwrap();
    let running = start(asked.clone().http_on(Some(any))).await;
    until_async("the drift to show", async || {
        let (status, body) = http(&running, "GET", "/readyz").await;
        let said: serde_json::Value = serde_json::from_str(&body).unwrap();
        status == 200 && said["topics"]["drifted"] == serde_json::json!(expected)
    })
    .await;
    assert_eq!(metric(&running, "kiln_topics_drifted"), 4);
    let mut sender = Sender::connect(&running).await;
    assert_eq!(field(&sender.send(&adt("A")).await, "MSA", 1), "AA");
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();

    let deleted = topics::delete(&asked).await.unwrap();
    assert!(
        deleted.contains(&format!("{name}.fhir.Patient")),
        "{deleted:?}"
    );
    assert!(deleted.contains(&format!("{name}.hl7v2")));
    until_async("nothing to be left", async || {
        topics::check(&asked).await.unwrap().topics.is_empty()
    })
    .await;
    // Nothing of another pipeline was.
    assert_eq!(topics::delete(&asked).await.unwrap(), [].into());
    let missing: Vec<String> = ["hl7v2", "dead", "audit"]
        .map(|topic| format!("{name}.{topic}: is missing"))
        .into();
    assert_eq!(told(&asked).await, missing);
}

/// What is not as asked.
async fn told(config: &Config) -> Vec<String> {
    let found = topics::check(config).await.unwrap();
    found.drifted.iter().map(ToString::to_string).collect()
}

/// Changes the setting of a topic as an administrator may.
async fn compacted(kafka: &KafkaConfig, topic: &str) {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", kafka.brokers.join(","));
    let admin: AdminClient<DefaultClientContext> = client.create().unwrap();
    // What is not named gets its default.
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic))
        .set("message.timestamp.type", "LogAppendTime")
        .set("cleanup.policy", "compact");
    let altered = admin.alter_configs(&[change], &AdminOptions::new()).await;
    altered.unwrap().remove(0).unwrap();
}

/// Looks until a condition holds.
async fn until_async(what: &str, condition: impl AsyncFn() -> bool) {
    let looking = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("{what}, in time"));
}
