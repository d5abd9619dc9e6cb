//! What every store must do. One suite, run over each home.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each test target uses its part

pub mod encrypted;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kiln_pipeline::audit::{Trail, Verdict, Verifier};
use kiln_pipeline::config::{Config, Lane};
use kiln_pipeline::dead::{Decision, Decisions, Letter};
use kiln_pipeline::record::{Headers, Record, header};
use kiln_pipeline::sighting::Sighting;
use kiln_pipeline::store::{
    self, Batch, BatchLimits, Begin, Decider, Output, RawReader, RawRecord, Reader, ReplayInto,
    ReplayJob, Selection, Source, Store, Stream, Target,
};

const LIMITS: BatchLimits = BatchLimits {
    messages: 1000,
    bytes: 10_000_000,
    wait: Duration::from_millis(100),
    idle: Duration::from_millis(500),
};
const PATIENCE: Duration = Duration::from_secs(60);
const TAIL: usize = 5;

fn message(feed: &str, number: usize) -> Record {
    let headers = Headers::new()
        .with(header::FEED, feed)
        .with(header::CONTROL_ID, number.to_string());
    Record {
        key: feed.to_owned(),
        value: format!("{feed} {number}").into(),
        headers,
    }
}

fn patient(raw: &RawRecord) -> Output {
    let headers = raw
        .record
        .headers
        .clone()
        .with(header::RESOURCE_TYPE, "Patient");
    let value = format!(
        "{{\"id\":\"{}\"}}",
        String::from_utf8_lossy(&raw.record.value)
    );
    Output {
        target: Target::Resource("Patient".to_owned()),
        feed: raw.record.key.clone(),
        record: Record {
            key: raw.record.header(header::CONTROL_ID).to_owned(),
            value: value.into(),
            headers,
        },
    }
}

fn dead(record: Record) -> Output {
    Output {
        target: Target::Dead,
        feed: record.key.clone(),
        record,
    }
}

/// An audit event that is not about a message of a batch.
fn event(what: &str) -> Output {
    Output {
        target: Target::Audit,
        feed: "north".to_owned(),
        record: Record {
            key: "north".to_owned(),
            value: format!("{{\"resourceType\":\"AuditEvent\",\"id\":\"{what}\"}}").into(),
            headers: Headers::new(),
        },
    }
}

/// What transform commits of these messages: a resource and an audit event each.
fn outputs(records: &[RawRecord]) -> Vec<Output> {
    let of = |raw: &RawRecord| {
        let mut event = event("received");
        let source = format!("raw/{}", raw.position);
        event.record.headers.push(header::SOURCE, source);
        [patient(raw), event]
    };
    records.iter().flat_map(of).collect()
}

/// What is found of the chains of audit events, which are whole.
pub async fn whole(config: &Config) -> Verdict {
    let mut trail = Trail::open(config).await.unwrap();
    let mut verifier = Verifier::new(true, trail.heads().to_vec());
    while let Some((place, record)) = trail.next().await.unwrap() {
        verifier.see(place, &record);
    }
    let verdict = verifier.verdict();
    assert!(verdict.faults.is_empty(), "{:?}", verdict.faults);
    assert_eq!(
        trail.heads().len(),
        verdict
            .chains
            .iter()
            .filter(|chain| !chain.head.chain.starts_with("disclosures@"))
            .count(),
        "the store keeps the head of every chain"
    );
    verdict
}

/// Events from outside of a batch come once each, however many write at a time, over a restart too, and their chains are whole.
pub async fn auditing(config: &Config) {
    for round in 0..2 {
        let store = store::open(config).await.unwrap();
        let mut writing = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let (store, config) = (std::sync::Arc::clone(&store), config.clone());
            writing.spawn(async move {
                for number in 0..5 {
                    let kept = event(&format!("kept-{round}-{writer}-{number}"));
                    store.keep(vec![kept]).await.unwrap();
                }
                let shown = event(&format!("shown-{round}-{writer}"));
                store::disclose(&config, vec![shown.record]).await.unwrap();
            });
        }
        while let Some(written) = writing.join_next().await {
            written.unwrap();
        }
    }
    let verdict = whole(config).await;
    assert_eq!((verdict.records, verdict.chains.len()), (48, 2));
}

/// Reads until `count` messages came; what was gained on the way beside them.
async fn read(source: &mut dyn Source, count: usize) -> Batch {
    let mut all = Batch::default();
    let reading = async {
        while all.records.len() < count {
            let batch = source.next(LIMITS).await.unwrap();
            all.records.extend(batch.records);
            all.gained.extend(batch.gained);
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("the messages in time");
    all
}

fn by_feed(records: &[RawRecord]) -> BTreeMap<String, Vec<String>> {
    let mut feeds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for raw in records {
        let id = raw.record.header(header::CONTROL_ID).to_owned();
        feeds.entry(raw.record.key.clone()).or_default().push(id);
    }
    feeds
}

async fn all(config: &Config, stream: Stream) -> Vec<Record> {
    let mut reader = open(config, stream).await;
    let mut records = Vec::new();
    while let Some(record) = reader.next().await.unwrap() {
        records.push(record);
    }
    records
}

async fn open(config: &Config, stream: Stream) -> Reader {
    let selection = Selection {
        stream,
        ..Selection::default()
    };
    Reader::open(config, selection).await.unwrap()
}

/// The letters that nothing was decided about, in the order in which they were kept.
async fn undecided(config: &Config) -> Vec<Letter> {
    let decisions = Decisions::read(&mut open(config, Stream::Dead).await)
        .await
        .unwrap();
    let mut reader = open(config, Stream::Dead).await;
    let mut letters = Vec::new();
    while let Some(record) = reader.next().await.unwrap() {
        letters.extend(Letter::of(reader.position(), record));
    }
    letters.retain(|letter| decisions.about(letter.id).is_none());
    letters.sort_by_key(|letter| letter.record.header(header::CONTROL_ID).to_owned());
    letters
}

async fn retry(decider: &mut dyn Decider, letter: &Letter) -> Result<(), store::StoreError> {
    retry_in(Lane::Interactive, decider, letter).await
}

async fn retry_in(
    lane: Lane,
    decider: &mut dyn Decider,
    letter: &Letter,
) -> Result<(), store::StoreError> {
    let raw = letter.retry(&[], 1000).unwrap();
    let outputs = letter.decided(Decision::Retried, "somebody", None, Timestamp::UNIX_EPOCH);
    decider.commit(vec![(lane, raw)], outputs.into()).await
}

/// What a replay comes by, to its end.
async fn replayed(store: &dyn Store, name: &str) -> (Vec<RawRecord>, Box<dyn Source>) {
    replayed_since(None, store, name).await
}

pub async fn replayed_since(
    since_ms: Option<i64>,
    store: &dyn Store,
    name: &str,
) -> (Vec<RawRecord>, Box<dyn Source>) {
    let job = ReplayJob {
        name: name.to_owned(),
        since_ms,
        into: ReplayInto::Shadow("beside".to_owned()),
    };
    let mut source = store.replay(&job, TAIL).await.unwrap();
    let mut records = Vec::new();
    let reading = async {
        let mut ended = std::collections::BTreeSet::new();
        loop {
            let batch = source.next(LIMITS).await.unwrap();
            ended.extend(batch.ended);
            records.extend(batch.records);
            if source.assigned() > 0 && ended.len() >= source.assigned() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("the end in time");
    (records, source)
}

async fn to_the_end(reader: &mut dyn RawReader) -> Vec<RawRecord> {
    let mut records = Vec::new();
    let reading = async {
        while let Some(record) = reader.next().await.unwrap() {
            records.push(record);
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("the end in time");
    records
}

/// The raw log is read back from its beginning or from a message on, to its end and no further, while it grows; nobody else's
/// position moves.
pub async fn reading_raw(config: &Config) {
    let feeds = ["north", "south", "west", "east"];
    let store = store::open(config).await.unwrap();
    let append = async |from: usize, to: usize| {
        for number in from..to {
            for feed in feeds {
                let receipt = store.append(message(feed, number)).await.unwrap();
                receipt.await.unwrap();
            }
        }
    };
    append(0, 20).await;
    let whole = Begin::Time(0);
    let mut reader = store.read_raw(whole).await.unwrap();
    let records = to_the_end(reader.as_mut()).await;
    let expected: BTreeMap<_, _> = feeds.map(|feed| (feed.to_owned(), numbers(0, 20))).into();
    assert_eq!(by_feed(&records), expected);

    let seventh = &records[7];
    let mut reader = store
        .read_raw(Begin::Position(seventh.position))
        .await
        .unwrap();
    let behind = to_the_end(reader.as_mut()).await;
    assert_eq!(behind[0].position, seventh.position);
    assert_eq!(behind[0].record, seventh.record);
    let in_its_partition = records.iter().filter(|raw| {
        let [its, other] = [seventh.position, raw.position];
        other.partition == its.partition && other.offset >= its.offset
    });
    assert_eq!(behind.len(), in_its_partition.count());

    let mut reader = store.read_raw(whole).await.unwrap();
    let first = reader.next().await.unwrap().unwrap();
    append(20, 25).await;
    let mut records = to_the_end(reader.as_mut()).await;
    records.insert(0, first);
    for (feed, read) in by_feed(&records) {
        assert_eq!(read, numbers(0, read.len()), "{feed}");
        assert!(read.len() >= 20, "{feed}");
    }

    let mut source = store.source(TAIL).await.unwrap();
    assert_eq!(read(source.as_mut(), 100).await.records.len(), 100);
}

/// A replay reads each lane to its end, beside transform, and goes on where it has committed.
pub async fn replaying(config: &Config) {
    let store = store::open(config).await.unwrap();
    let bulk = store.bulk(true).await.unwrap().unwrap();
    for number in 0..4 {
        let lane = if number < 3 { &store } else { &bulk };
        let receipt = lane.append(message("north", number)).await.unwrap();
        receipt.await.unwrap();
    }
    let (records, mut source) = replayed(store.as_ref(), "one").await;
    assert_eq!(by_feed(&records)["north"], numbers(0, 3));
    source
        .commit(records.iter().map(patient).collect())
        .await
        .unwrap();
    drop(source);
    assert!(replayed(store.as_ref(), "one").await.0.is_empty());
    // Another job, and the same job in the other lane, have positions of their own; so has transform.
    assert_eq!(replayed(store.as_ref(), "two").await.0.len(), 3);
    let (records, _) = replayed(bulk.as_ref(), "one").await;
    assert_eq!(by_feed(&records)["north"], ["3"]);
    let mut source = store.source(TAIL).await.unwrap();
    assert_eq!(read(source.as_mut(), 3).await.records.len(), 3);
    // What was committed lies beside.
    assert!(all(config, Stream::Fhir).await.is_empty());
}

/// Decisions about dead letters and the messages they append come together, and each letter is decided once.
pub async fn deciding(config: &Config) {
    {
        let store = store::open(config).await.unwrap();
        for number in 0..3 {
            let mut letter = message("north", number);
            letter.headers.push(header::SOURCE, "raw/0/7");
            store.keep(vec![dead(letter)]).await.unwrap();
        }
        let receipt = store.append(message("north", 9)).await.unwrap();
        receipt.await.unwrap();
        let letters = undecided(config).await;
        assert_eq!(letters.len(), 3);
        let mut decider = store.decider().await.unwrap();
        retry(decider.as_mut(), &letters[0]).await.unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let dropped = letters[1].decided(Decision::Dropped, "somebody", None, now);
        decider.commit(Vec::new(), dropped.into()).await.unwrap();
    }
    // Over a reopened store: one letter is left, and the raw log has the retried one behind what was there.
    let store = store::open(config).await.unwrap();
    let letters = undecided(config).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].record.header(header::CONTROL_ID), "2");
    assert_eq!(whole(config).await.records, 2);
    let mut source = store.source(TAIL).await.unwrap();
    let batch = read(source.as_mut(), 2).await;
    assert_eq!(by_feed(&batch.records)["north"], ["9", "0"]);
    let again = &batch.records[1].record;
    assert_eq!(&again.value[..], b"north 0");
    assert_eq!(again.header(header::RECEIVED_AT), "1000");
    assert!(!again.header(header::LETTER).is_empty());
    assert_eq!(again.header(header::SOURCE), "");
}

/// What is retried goes to the log of its lane.
pub async fn deciding_in_lanes(config: &Config) {
    let store = store::open(config).await.unwrap();
    let bulk = store.bulk(true).await.unwrap().unwrap();
    for number in 0..2 {
        let mut letter = message("north", number);
        letter.headers.push(header::SOURCE, "any/0/7");
        store.keep(vec![dead(letter)]).await.unwrap();
    }
    let letters = undecided(config).await;
    let mut decider = store.decider().await.unwrap();
    for (lane, letter) in [Lane::Bulk, Lane::Interactive].into_iter().zip(&letters) {
        retry_in(lane, decider.as_mut(), letter).await.unwrap();
    }
    for (lane, number) in [(bulk, "0"), (store, "1")] {
        let mut source = lane.source(TAIL).await.unwrap();
        let batch = read(source.as_mut(), 1).await;
        assert_eq!(by_feed(&batch.records)["north"], [number]);
    }
    assert!(undecided(config).await.is_empty());
}

/// Of two that decide at the same time the later has the right to, and has seen all that the earlier did.
pub async fn deciding_alone(config: &Config) {
    let store = store::open(config).await.unwrap();
    let mut letter = message("north", 0);
    letter.headers.push(header::SOURCE, "raw/0/7");
    store.keep(vec![dead(letter)]).await.unwrap();
    let mut earlier = store.decider().await.unwrap();
    let letters = undecided(config).await;
    let mut later = store.decider().await.unwrap();
    assert_eq!(undecided(config).await, letters);
    let refused = retry(earlier.as_mut(), &letters[0]).await;
    assert!(refused.is_err(), "the earlier one decided");
    retry(later.as_mut(), &letters[0]).await.unwrap();
    assert!(undecided(config).await.is_empty());
    let mut source = store.source(TAIL).await.unwrap();
    let batch = read(source.as_mut(), 1).await;
    assert_eq!(batch.records.len(), 1);
    let more = source.next(LIMITS).await.unwrap();
    assert!(more.records.is_empty(), "the letter was appended twice");
}

/// What was kept last is found at the end of its feed's partition, as far back as is asked.
pub async fn last(config: &Config) {
    let numbered = |feed: &str, number: usize| {
        let mut record = message(feed, number);
        let number = number.to_string();
        record.headers.push(header::SEQUENCE_NUMBER, number);
        record
    };
    let store = store::open(config).await.unwrap();
    let found = async |feed: &str, within: usize| {
        let last = store.last_of(feed, header::SEQUENCE_NUMBER, within).await;
        let number = |record: Record| record.header(header::SEQUENCE_NUMBER).to_owned();
        last.unwrap().map(number)
    };
    assert_eq!(found("ward", 100).await, None);
    for record in [numbered("ward", 1), numbered("ward", 2)] {
        store.append(record).await.unwrap().await.unwrap();
    }
    // Others, and what has no number, in the same partition.
    for number in 0..10 {
        let other = message("ward", number);
        store.append(other).await.unwrap().await.unwrap();
    }
    assert_eq!(found("ward", 100).await.as_deref(), Some("2"));
    assert_eq!(found("ward", 11).await.as_deref(), Some("2"));
    assert_eq!(found("ward", 10).await, None);
    assert_eq!(found("lab", 100).await, None);
}

/// The two lanes have logs and positions of their own, and the same outputs.
pub async fn lanes(config: &Config) {
    let append = async |store: &dyn store::Store, feed: &str, count: usize| {
        for number in 0..count {
            let receipt = store.append(message(feed, number)).await.unwrap();
            receipt.await.unwrap();
        }
    };
    {
        let store = store::open(config).await.unwrap();
        assert!(store.bulk(false).await.unwrap().is_none());
        let bulk = store.bulk(true).await.unwrap().unwrap();
        append(store.as_ref(), "ward", 3).await;
        append(bulk.as_ref(), "load", 5).await;
        let mut source = bulk.source(TAIL).await.unwrap();
        let batch = read(source.as_mut(), 5).await;
        assert_eq!(by_feed(&batch.records)["load"], numbers(0, 5));
        let outputs = batch.records.iter().take(5).map(patient).collect();
        source.commit(outputs).await.unwrap();
        append(bulk.as_ref(), "load", 1).await;
    }
    let store = store::open(config).await.unwrap();
    let bulk = store.bulk(false).await.unwrap().unwrap();
    let mut source = store.source(TAIL).await.unwrap();
    let batch = read(source.as_mut(), 3).await;
    assert_eq!(by_feed(&batch.records)["ward"], numbers(0, 3));
    let outputs = batch.records.iter().map(patient).collect();
    source.commit(outputs).await.unwrap();
    let mut source = bulk.source(TAIL).await.unwrap();
    let batch = read(source.as_mut(), 1).await;
    assert_eq!(
        by_feed(&batch.records),
        BTreeMap::from([("load".to_owned(), numbers(0, 1))])
    );
    let tail: usize = batch.gained.values().map(Vec::len).sum();
    assert_eq!(tail, 5);
    assert_eq!(all(config, Stream::Fhir).await.len(), 8);
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| n.to_string()).collect()
}

/// Runs the suite on an empty store.
pub async fn suite(config: &Config) {
    let feeds = ["north", "south", "west"];
    let append = async |from: usize, to: usize| {
        let store = store::open(config).await.unwrap();
        let mut receipts = Vec::new();
        for number in from..to {
            for feed in feeds {
                receipts.push(store.append(message(feed, number)).await.unwrap());
            }
        }
        for receipt in receipts {
            receipt.await.unwrap();
        }
    };
    let expect = |from: usize, to: usize| -> BTreeMap<String, Vec<String>> {
        feeds
            .iter()
            .map(|feed| ((*feed).to_owned(), numbers(from, to)))
            .collect()
    };

    let mut before: BTreeMap<i32, Vec<Sighting>> = BTreeMap::new();
    // Appended is durable and in order per feed, over a reopened store.
    append(0, 20).await;
    {
        let store = store::open(config).await.unwrap();
        let mut source = store.source(TAIL).await.unwrap();
        let batch = read(source.as_mut(), 60).await;
        assert_eq!(by_feed(&batch.records), expect(0, 20));
        assert!(
            batch.gained.values().all(Vec::is_empty),
            "nothing was committed yet"
        );
        // Not committed: read again, after a rewind and after a restart.
        source.rewind().await.unwrap();
        assert_eq!(
            by_feed(&read(source.as_mut(), 60).await.records),
            expect(0, 20)
        );
    }
    {
        let store = store::open(config).await.unwrap();
        let mut source = store.source(TAIL).await.unwrap();
        let batch = read(source.as_mut(), 60).await;
        assert_eq!(by_feed(&batch.records), expect(0, 20));
        assert!(all(config, Stream::Fhir).await.is_empty());
        for raw in &batch.records {
            before
                .entry(raw.position.partition)
                .or_default()
                .push(Sighting::of(raw));
        }
        source.commit(outputs(&batch.records)).await.unwrap();
        let kept = vec![dead(message("north", 99)), event("refused")];
        store.keep(kept).await.unwrap();
    }
    // Committed: outputs once, the position behind them, and with each gained partition what was sighted before it.
    append(20, 30).await;
    {
        let store = store::open(config).await.unwrap();
        let mut source = store.source(TAIL).await.unwrap();
        let batch = read(source.as_mut(), 30).await;
        assert_eq!(by_feed(&batch.records), expect(20, 30));
        assert!(!batch.gained.values().all(Vec::is_empty));
        for (partition, tail) in &batch.gained {
            let expected = before.get(partition).map_or(&[][..], Vec::as_slice);
            let from = expected.len().saturating_sub(TAIL);
            assert_eq!(tail, &expected[from..], "the tail of {partition}");
        }
        source.commit(outputs(&batch.records)).await.unwrap();
    }
    let emitted = all(config, Stream::Fhir).await;
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for output in &emitted {
        seen.entry(output.header(header::FEED).to_owned())
            .or_default()
            .push(output.key.clone());
    }
    assert_eq!(seen, expect(0, 30));
    let dead = all(config, Stream::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(&dead[0].value[..], b"north 99");
    assert_eq!(whole(config).await.records, 91);
}

/// Two instances of one name: the later one takes over, the earlier one can commit nothing.
pub async fn fencing(config: &Config) {
    let store = store::open(config).await.unwrap();
    for number in 0..10 {
        store
            .append(message("north", number))
            .await
            .unwrap()
            .await
            .unwrap();
    }
    let mut zombie = store.source(TAIL).await.unwrap();
    let held = read(zombie.as_mut(), 10).await;
    let mut successor = store.source(TAIL).await.unwrap();
    let refused = zombie.commit(outputs(&held.records)).await;
    assert!(refused.is_err(), "the zombie committed");
    drop(zombie);
    let batch = read(successor.as_mut(), 10).await;
    successor.commit(outputs(&batch.records)).await.unwrap();
    let keys: Vec<String> = all(config, Stream::Fhir)
        .await
        .into_iter()
        .map(|record| record.key)
        .collect();
    assert_eq!(keys, numbers(0, 10));
    assert_eq!(whole(config).await.records, 10);
}
