//! The embedded store: the conformance suite, and what a crash between file and transaction leaves.

#![allow(clippy::unwrap_used)]

mod conformance;
mod support;

use std::io::Write;

use conformance::encrypted;
use kiln_pipeline::config::Lane;
use kiln_pipeline::record::{Headers, Record, header};
use kiln_pipeline::replay::{Choice, Replayer};
use kiln_pipeline::store::{self, ReplayInto, ReplayJob};
use redb::ReadableTable as _;
use support::{PATIENCE, Sender, adt, received, start};

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let directory = tempfile::tempdir().unwrap();
    conformance::suite(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_reads_each_lane_once_beside_transform() {
    let directory = tempfile::tempdir().unwrap();
    conformance::replaying(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_raw_log_is_read_back_to_its_end_while_it_grows() {
    let directory = tempfile::tempdir().unwrap();
    conformance::reading_raw(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_come_with_what_they_append() {
    let directory = tempfile::tempdir().unwrap();
    conformance::deciding(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_decide_the_later_has_the_right_to() {
    let directory = tempfile::tempdir().unwrap();
    conformance::deciding_alone(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_fenced_and_its_outputs_are_never_seen() {
    let directory = tempfile::tempdir().unwrap();
    conformance::fencing(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retried_goes_to_the_log_of_its_lane() {
    let directory = tempfile::tempdir().unwrap();
    conformance::deciding_in_lanes(&support::config(directory.path())).await;
}

#[tokio::test]
async fn what_was_kept_last_is_found() {
    let directory = tempfile::tempdir().unwrap();
    conformance::last(&support::config(directory.path())).await;
}

#[tokio::test]
async fn lanes_are_apart() {
    let directory = tempfile::tempdir().unwrap();
    conformance::lanes(&support::config(directory.path())).await;
}

#[tokio::test]
async fn audit_events_from_outside_of_a_batch_are_chained_once() {
    let directory = tempfile::tempdir().unwrap();
    conformance::auditing(&support::config(directory.path())).await;
}

/// The store with keys, and what its directory is.
fn encrypted() -> (tempfile::TempDir, kiln_pipeline::config::Config) {
    let directory = tempfile::tempdir().unwrap();
    let config = support::config(&directory.path().join("data"));
    let (config, _) = encrypted::with_keys(config, directory.path(), &[encrypted::OLD]);
    (directory, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_where_messages_are_kept_encrypted() {
    let (_directory, config) = encrypted();
    conformance::suite(&config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_and_decisions_are_as_ever_where_messages_are_kept_encrypted() {
    let (_directory, config) = encrypted();
    conformance::replaying(&config).await;
    let (_directory, config) = encrypted();
    conformance::deciding_in_lanes(&config).await;
    let (_directory, config) = encrypted();
    conformance::last(&config).await;
}

#[tokio::test]
async fn each_key_reads_what_was_encrypted_by_it() {
    let directory = tempfile::tempdir().unwrap();
    let config = support::config(&directory.path().join("data"));
    encrypted::rotating(config, directory.path()).await;
}

#[tokio::test]
async fn what_was_kept_before_there_were_keys_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let config = support::config(&directory.path().join("data"));
    encrypted::turning_on(config, directory.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_renewed_and_a_missing_one_holds_back_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let config = support::config(&directory.path().join("data"));
    encrypted::renewing(config, directory.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_message_that_was_altered_is_not_taken_for_one() {
    let directory = tempfile::tempdir().unwrap();
    let config = support::config(&directory.path().join("data"));
    let file = directory.path().join("data/raw.redb");
    encrypted::altered(config, directory.path(), async |config| {
        let one = Record {
            key: "ward".to_owned(),
            value: "ward 1".into(),
            headers: Headers::new().with(header::CONTROL_ID, "1"),
        };
        let store = store::open(config).await.unwrap();
        store.append(one).await.unwrap().await.unwrap();
        drop(store);
        let database = redb::Database::open(&file).unwrap();
        let change = database.begin_write().unwrap();
        {
            let raw = redb::TableDefinition::<u64, &[u8]>::new("raw");
            let mut raw = change.open_table(raw).unwrap();
            let mut bytes = raw.get(1).unwrap().unwrap().value().to_vec();
            let last = bytes.len() - 20;
            bytes[last] ^= 1;
            raw.insert(1, bytes.as_slice()).unwrap();
        }
        change.commit().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_tells_what_encrypted_messages_say_and_others_can_read_them_by_the_book() {
    let (_root, config) = encrypted();
    let running = start(config.clone()).await;
    let mut sender = Sender::connect(&running).await;
    let wrong = String::from_utf8(adt("WRONG")).unwrap();
    let wrong = wrong.replacen("ADT^A01", "ADT^A99", 1);
    sender.send(&adt("ONE")).await;
    sender.send(wrong.as_bytes()).await;
    sender
        .send(wrong.replacen("|2.5", "|9", 1).as_bytes())
        .await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    let kiln_pipeline::config::StoreConfig::Embedded(store) = &config.store else {
        unreachable!()
    };
    let raw = std::fs::read(store.directory.join("raw.redb")).unwrap();
    assert!(!raw.windows(8).any(|part| part == b"Doe^Jane"));
    // As they lie in the file; it is read without keys.
    let mut letters = support::read_lines(&store.directory, "dead.ndjson");
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert!(!letter.value.windows(8).any(|part| part == b"Doe^Jane"));
        let told = String::from_utf8(encrypted::by_the_book("dead", letter, encrypted::OLD));
        assert!(told.unwrap().contains("Doe^Jane"));
    }
    // Each is bound to its place.
    let (first, second) = letters.split_at_mut(1);
    std::mem::swap(&mut first[0].value, &mut second[0].value);
    let moved =
        std::panic::catch_unwind(|| encrypted::by_the_book("dead", &letters[0], encrypted::OLD));
    assert!(moved.is_err());
}

#[tokio::test]
async fn lines_that_were_never_committed_are_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(support::config(directory.path())).await;
    Sender::connect(&running).await.send(&adt("ONE")).await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    // As a crash after the files were written and before the transaction leaves them.
    for name in ["audit.ndjson", "headers/audit.ndjson"] {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(directory.path().join(name))
            .unwrap();
        file.write_all(b"{\"half\":").unwrap();
    }
    assert_eq!(received(directory.path()).await.len(), 1);
    let running = start(support::config(directory.path())).await;
    Sender::connect(&running).await.send(&adt("TWO")).await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    assert_eq!(received(directory.path()).await.len(), 2);
    let text = std::fs::read_to_string(directory.path().join("audit.ndjson")).unwrap();
    assert!(!text.contains("half"));
    conformance::whole(&support::config(directory.path())).await;
}

/// Appends messages that were received at these times, and gives the numbers that a replay since `since_ms` reads.
async fn read_since(directory: &std::path::Path, received: &[i64], since_ms: i64) -> Vec<i64> {
    let config = support::config(directory);
    {
        let store = store::open(&config).await.unwrap();
        let mut receipts = Vec::new();
        for at in received {
            let headers = Headers::new().with(header::RECEIVED_AT, at.to_string());
            let record = Record {
                key: "ward".to_owned(),
                value: at.to_string().into(),
                headers,
            };
            receipts.push(store.append(record).await.unwrap());
        }
        for receipt in receipts {
            receipt.await.unwrap();
        }
    }
    // Over a reopened store.
    let store = store::open(&config).await.unwrap();
    let (records, _) = conformance::replayed_since(Some(since_ms), store.as_ref(), "one").await;
    records.iter().map(|raw| raw.position.offset).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_begins_near_its_time_and_misses_nothing_whatever_the_clock_did() {
    let directory = tempfile::tempdir().unwrap();
    let steady: Vec<i64> = (0..1000).collect();
    let read = read_since(directory.path(), &steady, 900).await;
    assert!(read[0] > 500 && read[0] <= 900, "{}", read[0]);
    assert_eq!(read.last(), Some(&999));

    // A message of a clock that was far ahead, and later ones of a clock that was behind.
    let directory = tempfile::tempdir().unwrap();
    let mut uneven = steady.clone();
    uneven[300] = 5000;
    uneven[700] = 3;
    let read = read_since(directory.path(), &uneven, 900).await;
    assert!(read[0] > 0 && read[0] <= 300, "{}", read[0]);
    assert_eq!(read, (read[0]..1000).collect::<Vec<i64>>());

    let directory = tempfile::tempdir().unwrap();
    let read = read_since(directory.path(), &steady, 100_000).await;
    assert!(read.len() < 300, "{}", read.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_ends_soon_after_its_time() {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    let directory = tempfile::tempdir().unwrap();
    // One an hour; one of them of a clock that is ahead.
    let mut received: Vec<i64> = (0..5000).map(|n| n * HOUR_MS).collect();
    received[3] = 4000 * HOUR_MS;
    read_since(directory.path(), &received, 0).await;
    let choice = Choice {
        until_ms: Some(100 * HOUR_MS),
        ..Choice::default()
    };
    let job = ReplayJob {
        name: "until".to_owned(),
        since_ms: None,
        into: ReplayInto::Shadow("until".to_owned()),
    };
    let config = support::config(directory.path());
    let mapper = support::mapper();
    let mut replayer = Replayer::open(&config, mapper, Lane::Interactive, choice, job, 100)
        .await
        .unwrap();
    let (mut chosen, mut all) = (0, 0);
    while let Some((messages, read)) = replayer.next().await.unwrap() {
        chosen += messages.len();
        all += read;
        replayer.commit(messages).await.unwrap();
    }
    assert_eq!(chosen, 99);
    assert!((1100..2000).contains(&all), "{all}");
}
