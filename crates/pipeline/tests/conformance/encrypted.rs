//! What is kept is encrypted, over either store.

use std::fs;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use kiln_pipeline::RunningPipeline;
use kiln_pipeline::config::Config;
use kiln_pipeline::record::{Record, header};
use kiln_pipeline::store::{self, Begin, Reader, Selection, Source, Store, StoreError, Stream};

use super::{LIMITS, PATIENCE, TAIL, all, dead, message, patient, read};
use crate::support::{Sender, adt, field, metric, start, until};

/// Keys, with the names that `ENCRYPTION.md` says they have: computed by
/// `(printf 'kiln key id 1'; printf KEY | xxd -r -p) | sha256sum | cut -c -16`.
pub const OLD: (&str, &str) = (
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "36cfd80e0529c987",
);
pub const NEW: (&str, &str) = (
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
    "b41e8d9998e30598",
);

/// The same pipeline with keys in a file.
pub fn with_keys(mut config: Config, directory: &Path, keys: &[(&str, &str)]) -> (Config, PathBuf) {
    let file = directory.join("keys");
    write(&file, keys);
    config.key_file = Some(file.clone());
    (config, file)
}

/// As secrets are renewed: whole.
pub fn write(file: &Path, keys: &[(&str, &str)]) {
    let draft = file.with_extension("draft");
    let lines: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    fs::write(&draft, lines.join("\n")).unwrap();
    fs::rename(&draft, file).unwrap();
}

async fn append(store: &dyn Store, records: impl IntoIterator<Item = Record>) {
    for record in records {
        store.append(record).await.unwrap().await.unwrap();
    }
}

async fn raw(config: &Config) -> Result<Vec<Record>, StoreError> {
    let store = store::open(config).await?;
    let mut reader = store.read_raw(Begin::Time(0)).await?;
    let mut records = Vec::new();
    while let Some(raw) = reader.next().await? {
        records.push(raw.record);
    }
    Ok(records)
}

async fn letters(config: &Config) -> Result<Vec<Record>, StoreError> {
    let selection = Selection {
        stream: Stream::Dead,
        ..Selection::default()
    };
    let mut reader = Reader::open(config, selection).await?;
    let mut records = Vec::new();
    while let Some(record) = reader.next().await? {
        records.push(record);
    }
    Ok(records)
}

/// Each key reads what was encrypted by it; the first encrypts; without a key nothing is shown, and the error says which.
pub async fn rotating(config: Config, directory: &Path) {
    let (config, file) = with_keys(config, directory, &[OLD]);
    let expected: Vec<Record> = (0..3).map(|n| message("ward", n)).collect();
    for (round, keys) in [&[OLD][..], &[NEW, OLD], &[NEW]].iter().enumerate() {
        write(&file, keys);
        let store = store::open(&config).await.unwrap();
        append(store.as_ref(), [expected[round].clone()]).await;
        let letter = Record {
            value: format!("letter {round}").into(),
            ..expected[round].clone()
        };
        store.keep(vec![dead(letter)]).await.unwrap();
    }
    write(&file, &[NEW, OLD]);
    assert_eq!(raw(&config).await.unwrap(), expected);
    let kept = letters(&config).await.unwrap();
    let kept: Vec<&[u8]> = kept.iter().map(|letter| letter.value.as_ref()).collect();
    assert_eq!(kept, [b"letter 0", b"letter 1", b"letter 2"]);
    // The first message and letter are by the old key, the others by the new.
    for (keys, missing) in [(&[NEW], OLD.1), (&[OLD], NEW.1)] {
        write(&file, keys);
        for error in [
            raw(&config).await.unwrap_err(),
            letters(&config).await.unwrap_err(),
        ] {
            let StoreError::NoKey { key, .. } = &error else {
                panic!("{error}")
            };
            assert_eq!(key, missing);
        }
    }
    let without = Config {
        key_file: None,
        ..config.clone()
    };
    let error = raw(&without).await.unwrap_err().to_string();
    assert!(error.contains(OLD.1), "{error}");
}

/// What was kept before there were keys is read beside what is encrypted.
pub async fn turning_on(config: Config, directory: &Path) {
    let expected: Vec<Record> = (0..2).map(|n| message("ward", n)).collect();
    append(
        store::open(&config).await.unwrap().as_ref(),
        [expected[0].clone()],
    )
    .await;
    let (config, _) = with_keys(config, directory, &[OLD]);
    append(
        store::open(&config).await.unwrap().as_ref(),
        [expected[1].clone()],
    )
    .await;
    assert_eq!(raw(&config).await.unwrap(), expected);
}

async fn send(running: &RunningPipeline, numbers: std::ops::Range<usize>) {
    let mut sender = Sender::connect(running).await;
    for n in numbers {
        let answer = sender.send(&adt(&format!("N{n}"))).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
    }
}

async fn emitted(config: &Config) -> Vec<String> {
    let records = all(config, Stream::Fhir).await;
    let ids = records
        .iter()
        .map(|record| record.header(header::CONTROL_ID).to_owned());
    ids.collect()
}

/// Keys are renewed while messages flow; a key that is not there holds transform back before the message, and loses nothing.
pub async fn renewing(config: Config, directory: &Path) {
    let (config, file) = with_keys(config, directory, &[OLD]);
    let running = start(config.clone()).await;
    send(&running, 0..5).await;
    assert!(running.caught_up(PATIENCE).await);
    let loaded = "kiln_encryption_reloads_total{outcome=\"loaded\"}";
    write(&file, &[NEW, OLD]);
    until("the new key", || metric(&running, loaded) == 1).await;
    assert_eq!(metric(&running, "kiln_encryption_keys"), 2);
    send(&running, 5..10).await;
    assert!(running.caught_up(PATIENCE).await);
    // Wrong: the keys before stay in force.
    fs::write(&file, "no key").unwrap();
    until("the wrong file", || {
        metric(&running, "kiln_encryption_rejected") == 1
    })
    .await;
    send(&running, 10..12).await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();

    // A restart whose keys lack the one that the last messages are encrypted by: they are needed to know resends again.
    write(&file, &[OLD]);
    let running = start(config.clone()).await;
    let faults = "kiln_transform_faults_total{lane=\"interactive\"}";
    until("a fault", || metric(&running, faults) > 0).await;
    // Senders are served all the same.
    send(&running, 12..15).await;
    assert_eq!(emitted(&config).await.len(), 12);
    write(&file, &[OLD, NEW]);
    assert!(running.caught_up(PATIENCE).await);
    // A resend is known again over all of that.
    send(&running, 0..15).await;
    assert!(running.caught_up(PATIENCE).await);
    assert_eq!(metric(&running, "kiln_transform_duplicates_total"), 15);
    running.shutdown().await.unwrap();
    let expected: Vec<String> = (0..15).map(|n| format!("N{n}")).collect();
    assert_eq!(emitted(&config).await, expected);
}

/// `intrude` puts a record that is not as it was kept between two messages: what lies before it goes its way, and nothing
/// behind it does.
pub async fn altered(config: Config, directory: &Path, intrude: impl AsyncFnOnce(&Config)) {
    let (config, _) = with_keys(config, directory, &[OLD]);
    let one = async |n| {
        let store = store::open(&config).await.unwrap();
        append(store.as_ref(), [message("ward", n)]).await;
    };
    one(0).await;
    intrude(&config).await;
    one(2).await;
    let store = store::open(&config).await.unwrap();
    let mut source = store.source(TAIL).await.unwrap();
    let batch = read(source.as_mut(), 1).await;
    assert_eq!(batch.records.len(), 1);
    let first = patient(&batch.records[0]);
    source.commit(vec![first]).await.unwrap();
    for _ in 0..2 {
        let error = until_error(source.as_mut()).await;
        let StoreError::Altered { place } = &error else {
            panic!("{error}")
        };
        assert!(place.ends_with('1'), "{place}");
        source.rewind().await.unwrap();
    }
    drop((source, store));
    assert_eq!(all(&config, Stream::Fhir).await.len(), 1);
    let read = raw(&config).await;
    assert!(matches!(read, Err(StoreError::Altered { .. })), "{read:?}");
}

async fn until_error(source: &mut dyn Source) -> StoreError {
    let reading = async {
        loop {
            match source.next(LIMITS).await {
                Ok(batch) => assert!(batch.records.is_empty()),
                Err(error) => return error,
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("an error in time")
}

/// The value of an encrypted record, as `ENCRYPTION.md` says how to come by it, and by another implementation.
pub fn by_the_book(stream: &str, record: &Record, (key, name): (&str, &str)) -> Vec<u8> {
    assert_eq!(record.header("encrypted-with"), name);
    let mut additional = Vec::new();
    let mut text = |text: &str| {
        additional.extend((text.len() as u64).to_be_bytes());
        additional.extend(text.as_bytes());
    };
    text(stream);
    text(&record.key);
    for name in [
        "feed",
        "sender",
        "control-id",
        "message-type",
        "listener",
        "sequence-number",
        "received-at",
        "source",
        "reason",
        "place",
        "cut",
        "letter",
        "decision",
        "decided-at",
    ] {
        if let Some(value) = record.headers.get(name) {
            text(name);
            text(value);
        }
    }
    let key: Vec<u8> = (0..key.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap())
        .collect();
    let open = |key: &[u8], nonce: &[u8], msg: &[u8], aad: &[u8]| {
        let cipher = Aes256Gcm::new_from_slice(key).unwrap();
        let opened = cipher.decrypt(Nonce::from_slice(nonce), Payload { msg, aad });
        opened.unwrap()
    };
    let value = record.value.as_ref();
    assert_eq!(value[0], 1);
    let data_key = open(&key, &value[1..13], &value[13..61], b"kiln data key 1");
    open(&data_key, &value[61..73], &value[73..], &additional)
}
