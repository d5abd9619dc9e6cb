//! What every transaction is made of: a producer that has fenced its predecessor, records in their places, and steps that
//! are tried again while librdkafka calls their fault retriable.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use super::client::{self, TRANSACTION_TIMEOUT, fault};
use super::names;
use super::retrying;
use super::topics::Topics;
use crate::config::{KafkaConfig, Lane};
use crate::feed::partition_of;
use crate::record::Record;
use crate::store::{Output, StoreError, Target};
use crate::vault::{Kind, Vault};

/// How long to wait before a full queue is tried again.
const QUEUE_FULL_INTERVAL: Duration = Duration::from_millis(5);
/// How often it is looked whether records are confirmed.
const CONFIRMED_INTERVAL: Duration = Duration::from_millis(1);

pub(super) type TransactionalProducer = ThreadedProducer<DefaultProducerContext>;

/// A record and where it goes.
#[derive(Clone)]
pub(super) struct Placed {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) record: Record,
    /// Whether it is an audit event, which goes where its chain lies.
    pub(super) is_audit: bool,
}

/// A producer under a transactional id. Whoever had the id before is fenced, and what they left open has ended.
pub(super) fn producer(
    kafka: &KafkaConfig,
    instance: &str,
    id: &str,
) -> Result<TransactionalProducer, StoreError> {
    let producer: TransactionalProducer = client::transactional(kafka, instance, id)?
        .create()
        .map_err(fault)?;
    let until = Instant::now() + TRANSACTION_TIMEOUT;
    retried(until, |left| producer.init_transactions(left))?;
    Ok(producer)
}

/// Outputs in their topics, each in the partition of its feed; dead letters encrypted, where there are keys.
pub(super) async fn place(
    pipeline: &str,
    topics: &Topics,
    vault: &Vault,
    outputs: Vec<Output>,
) -> Result<Vec<Placed>, StoreError> {
    let mut all = Vec::with_capacity(outputs.len());
    for output in outputs {
        let topic = names::output(pipeline, &output.target);
        let partitions = topics.partitions(&topic).await?;
        let record = match output.target {
            Target::Dead => vault.encrypted(Kind::Dead, output.record)?,
            Target::Resource(_) | Target::Bundle | Target::Audit => output.record,
        };
        all.push(Placed {
            topic,
            partition: partition_of(&output.feed, partitions),
            record,
            is_audit: output.target == Target::Audit,
        });
    }
    Ok(all)
}

/// Raw messages in the raw log of their lane, each in the partition of its feed; encrypted, where there are keys.
pub(super) async fn place_raw(
    pipeline: &str,
    topics: &Topics,
    vault: &Vault,
    raw: Vec<(Lane, Record)>,
) -> Result<Vec<Placed>, StoreError> {
    let mut all = Vec::with_capacity(raw.len());
    for (lane, record) in raw {
        let topic = names::raw(&names::lane(pipeline, lane));
        let partition = partition_of(&record.key, topics.partitions(&topic).await?);
        all.push(Placed {
            topic,
            partition,
            record: vault.encrypted(Kind::Raw, record)?,
            is_audit: false,
        });
    }
    Ok(all)
}

/// Queues a record, waiting for room.
pub(super) fn produce(
    producer: &TransactionalProducer,
    placed: &Placed,
    until: Instant,
) -> Result<(), StoreError> {
    let mut message = BaseRecord::to(&placed.topic)
        .key(&placed.record.key)
        .payload(placed.record.value.as_ref())
        .partition(placed.partition)
        .headers(client::to_kafka(&placed.record.headers));
    loop {
        match producer.send(message) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again))
                if Instant::now() < until =>
            {
                message = again;
                std::thread::sleep(QUEUE_FULL_INTERVAL);
            }
            Err((error, _)) => return Err(fault(error)),
        }
    }
}

/// Waits until all that was queued is confirmed, so that the coordinator has ended what was committed before: asked for more until
/// then, it refuses, and librdkafka tries offsets again only 100 ms later. A commit waits for the same.
pub(super) fn await_confirmed(producer: &TransactionalProducer, until: Instant) {
    while producer.in_flight_count() > 0 && Instant::now() < until {
        std::thread::sleep(CONFIRMED_INTERVAL);
    }
}

/// Tries a step again as long as librdkafka calls its fault retriable and there is time left, of which it is told.
pub(super) fn retried(
    until: Instant,
    step: impl Fn(Duration) -> Result<(), KafkaError>,
) -> Result<(), StoreError> {
    let ends = |error: &KafkaError| matches!(error, KafkaError::Transaction(error) if error.is_retriable());
    retrying::retried(until, ends, step).map_err(fault)
}
