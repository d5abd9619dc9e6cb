//! Consume, transform, produce in transactions with the offsets inside (KIP-447): the group's generation fences a
//! zombie. After any fault both clients are made anew; the transaction coordinator then says what was committed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::Producer;
use rdkafka::{Offset, TopicPartitionList};

use super::chained;
use super::client::{self, QUERY_TIMEOUT, TRANSACTION_TIMEOUT, fault};
use super::events::{Change, Events};
use super::names;
use super::patience::Patience;
use super::topics::Topics;
use super::transaction::{self, Placed, TransactionalProducer, await_confirmed, produce, retried};
use super::watermarks::watermarks;
use crate::audit::Head;
use crate::config::KafkaConfig;
use crate::sighting::Sighting;
use crate::store::{Batch, BatchLimits, Output, Position, RawRecord, Source, StoreError};
use crate::vault::{Kind, Vault};

/// One look for messages; between looks rebalances are seen.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How often the client tells how far its partitions reach.
const STATISTICS_INTERVAL_MS: &str = "1000";
/// Longest step of the clients, as long as a member of the group may be without a poll by librdkafka's default.
const STEP_TIMEOUT: Duration = Duration::from_secs(300);
/// Longest commit, well beyond the lifetime of a transaction: when the group's coordinator goes away, librdkafka may wait for it
/// without end, whatever it is told (librdkafka#5456, #5511).
const COMMIT_TIMEOUT: Duration = Duration::from_secs(45);
/// Longest time to make the clients anew, well beyond what a transaction may take to end before: librdkafka may not return from
/// that, either.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);
/// Longest time to read a partition's tail.
const TAIL_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) struct KafkaSource {
    settings: Arc<Settings>,
    topics: Arc<Topics>,
    /// None while a blocking call has them, or after a fault.
    clients: Option<Box<Clients>>,
    assigned: usize,
    patience: Patience,
}

/// Who reads which log, and where the outputs go.
pub(super) struct Settings {
    /// Whose raw log is read: a pipeline, or its bulk lane.
    pub(super) pipeline: String,
    pub(super) instance: String,
    pub(super) kafka: KafkaConfig,
    /// The consumer group that holds the position.
    pub(super) group: String,
    pub(super) transactional_id: String,
    /// The pipeline whose outputs they are.
    pub(super) into: String,
    pub(super) vault: Vault,
    /// How many partitions its audit topic has.
    pub(super) audit_partitions: i32,
    pub(super) tail: usize,
    /// Whether it is to be said when a partition's end is reached.
    pub(super) ends: bool,
}

struct Clients {
    consumer: Arc<BaseConsumer<Events>>,
    producer: TransactionalProducer,
    /// Next offset of each partition read since the last commit.
    read: BTreeMap<i32, i64>,
    /// The heads of the chains of audit events, one for each partition, as they are committed with its position.
    heads: BTreeMap<i32, Head>,
    assigned: Vec<i32>,
    /// Why the message behind the last batch cannot be read: what lies before it goes its way first.
    held: Option<StoreError>,
}

impl Settings {
    /// A message of the raw log as it was received.
    fn decrypted(&self, raw: RawRecord) -> Result<RawRecord, StoreError> {
        let (position, topic) = (raw.position, names::raw(&self.pipeline));
        let record = client::decrypted(&self.vault, &topic, Kind::Raw, raw)?;
        Ok(RawRecord { position, record })
    }
}

impl KafkaSource {
    pub(super) async fn open(
        settings: Settings,
        topics: Arc<Topics>,
    ) -> Result<KafkaSource, StoreError> {
        let settings = Arc::new(settings);
        let mut source = KafkaSource {
            settings,
            topics,
            clients: None,
            assigned: 0,
            patience: Patience::new(),
        };
        source.rewind().await?;
        Ok(source)
    }

    /// Runs a blocking step of the clients away from the async threads.
    async fn blocking<T, F>(&mut self, limit: Duration, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Clients, &Settings) -> Result<T, StoreError> + Send + 'static,
    {
        self.patience.check_clock()?;
        let mut clients = self.clients.take().ok_or(StoreError::Closed)?;
        let (consumer, settings) = (Arc::clone(&clients.consumer), Arc::clone(&self.settings));
        let done = self.patience.wait(limit, move || {
            let outcome = step(&mut clients, &settings);
            (clients, outcome)
        });
        // Clients made anew go on, and Kafka fences the old.
        let (clients, outcome) = done.await.inspect_err(|_| leave_group(consumer))?;
        self.assigned = clients.assigned.len();
        self.clients = Some(clients);
        outcome
    }
}

/// Of a consumer that a step which has not ended still holds: the group would wait for it to come to a new share of the
/// partitions, and nobody would read meanwhile.
fn leave_group(consumer: Arc<BaseConsumer<Events>>) {
    tokio::task::spawn_blocking(move || {
        consumer.unsubscribe();
        // It gives its partitions back in the course of this.
        consumer.poll(QUERY_TIMEOUT);
    });
}

#[async_trait]
impl Source for KafkaSource {
    async fn next(&mut self, limits: BatchLimits) -> Result<Batch, StoreError> {
        let step = move |clients: &mut Clients, settings: &Settings| clients.next(limits, settings);
        self.blocking(STEP_TIMEOUT, step).await
    }

    async fn commit(&mut self, outputs: Vec<Output>) -> Result<(), StoreError> {
        let settings = &self.settings;
        let placed =
            transaction::place(&settings.into, &self.topics, &settings.vault, outputs).await?;
        let step =
            move |clients: &mut Clients, settings: &Settings| clients.commit(placed, settings);
        self.blocking(COMMIT_TIMEOUT, step).await
    }

    async fn rewind(&mut self) -> Result<(), StoreError> {
        let (old, settings) = (self.clients.take(), Arc::clone(&self.settings));
        self.assigned = 0;
        let clients = self
            .patience
            .wait(CONNECT_TIMEOUT, move || {
                drop(old);
                Clients::connect(&settings)
            })
            .await??;
        self.clients = Some(Box::new(clients));
        Ok(())
    }

    fn assigned(&self) -> usize {
        self.assigned
    }

    fn unread(&self) -> u64 {
        self.clients.as_ref().map_or(0, |clients| {
            clients.consumer.context().unread(&clients.assigned)
        })
    }
}

impl Clients {
    fn connect(settings: &Settings) -> Result<Clients, StoreError> {
        let Settings {
            pipeline,
            instance,
            kafka,
            ..
        } = settings;
        let producer = transaction::producer(kafka, instance, &settings.transactional_id)?;
        let mut consuming = client::consuming(kafka, &settings.group, instance)?;
        consuming.set("statistics.interval.ms", STATISTICS_INTERVAL_MS);
        if settings.ends {
            consuming.set("enable.partition.eof", "true");
        }
        let consumer: BaseConsumer<Events> = consuming
            .create_with_context(Events::default())
            .map_err(fault)?;
        consumer
            .subscribe(&[&names::raw(pipeline)])
            .map_err(fault)?;
        Ok(Clients {
            consumer: Arc::new(consumer),
            producer,
            read: BTreeMap::new(),
            heads: BTreeMap::new(),
            assigned: Vec::new(),
            held: None,
        })
    }

    fn next(&mut self, limits: BatchLimits, settings: &Settings) -> Result<Batch, StoreError> {
        if let Some(error) = self.held.take() {
            return Err(error);
        }
        let mut batch = Batch::default();
        let (mut bytes, mut until) = (0, Instant::now() + limits.idle);
        loop {
            let wait = until
                .saturating_duration_since(Instant::now())
                .min(POLL_INTERVAL);
            let polled = self.consumer.poll(wait);
            let polled = polled.map(|polled| polled.map(|message| client::placed(&message)));
            self.rebalanced(&mut batch, settings)?;
            // Not with what this client was made from; the next one reads the files anew.
            if let Some(why) = self.consumer.context().refused() {
                return Err(StoreError::Refused(why));
            }
            match polled {
                Some(Ok(raw)) => {
                    let raw = match settings.decrypted(raw) {
                        Ok(raw) => raw,
                        Err(error) if batch.records.is_empty() => return Err(error),
                        Err(error) => {
                            self.held = Some(error);
                            return Ok(batch);
                        }
                    };
                    if batch.records.is_empty() {
                        until = Instant::now() + limits.wait;
                    }
                    bytes += raw.record.value.len();
                    let Position { partition, offset } = raw.position;
                    self.read.insert(partition, offset + 1);
                    self.consumer.context().read(partition, offset);
                    batch.records.push(raw);
                }
                // librdkafka tries again by itself; only its fatal errors end a consumer.
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                    return Err(fault(KafkaError::MessageConsumptionFatal(code)));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => batch.ended.push(partition),
                Some(Err(error)) => tracing::debug!(%error, "reading the raw log"),
                None => {}
            }
            if !batch.ended.is_empty() && batch.records.is_empty() {
                return Ok(batch);
            }
            let full = batch.records.len() >= limits.messages || bytes >= limits.bytes;
            if full || Instant::now() >= until {
                return Ok(batch);
            }
        }
    }

    /// Takes over a rebalance: what was read of a lost partition belongs to someone else.
    fn rebalanced(&mut self, batch: &mut Batch, settings: &Settings) -> Result<(), StoreError> {
        for change in self.consumer.context().changes() {
            match change {
                Change::Lost(lost) => {
                    self.assigned.retain(|partition| !lost.contains(partition));
                    batch
                        .records
                        .retain(|raw| !lost.contains(&raw.position.partition));
                    for partition in lost {
                        self.read.remove(&partition);
                        self.heads.remove(&partition);
                        batch.gained.remove(&partition);
                        batch.lost.push(partition);
                    }
                }
                Change::Gained(gained) => {
                    for partition in gained {
                        batch
                            .gained
                            .insert(partition, self.tail(partition, settings)?);
                        self.assigned.push(partition);
                    }
                }
            }
        }
        Ok(())
    }

    /// What was sighted before a partition's committed position, with which comes the head of its chain.
    fn tail(&mut self, partition: i32, settings: &Settings) -> Result<Vec<Sighting>, StoreError> {
        let topic = names::raw(&settings.pipeline);
        let Some((end, head)) = chained::position(&self.consumer, &topic, partition)? else {
            return Ok(Vec::new());
        };
        if let Some(head) = head {
            self.heads.insert(partition, head);
        }
        let (low, _) = watermarks(self.consumer.as_ref(), &topic, partition).map_err(fault)?;
        let window = i64::try_from(settings.tail).unwrap_or(i64::MAX);
        let from = low.max(end.saturating_sub(window));
        let mut tail = Vec::new();
        if from >= end {
            return Ok(tail);
        }
        let group = format!("{}-tail", settings.pipeline);
        let reader: BaseConsumer = client::consuming(&settings.kafka, &group, &settings.instance)?
            .create()
            .map_err(fault)?;
        let mut start = TopicPartitionList::new();
        start
            .add_partition_offset(&topic, partition, Offset::Offset(from))
            .map_err(fault)?;
        reader.assign(&start).map_err(fault)?;
        let until = Instant::now() + TAIL_TIMEOUT;
        while Instant::now() < until {
            let Some(Ok(message)) = reader.poll(POLL_INTERVAL) else {
                continue;
            };
            let offset = message.offset();
            if offset < end {
                let raw = settings.decrypted(client::placed(&message))?;
                tail.push(Sighting::of(&raw));
            }
            if offset >= end - 1 {
                return Ok(tail);
            }
        }
        Err(StoreError::Kafka(format!(
            "the tail of partition {partition} could not be read in time"
        )))
    }

    fn commit(&mut self, mut outputs: Vec<Placed>, settings: &Settings) -> Result<(), StoreError> {
        if self.read.is_empty() && outputs.is_empty() {
            return Ok(());
        }
        let heads = self.seal(&mut outputs, settings)?;
        self.producer.begin_transaction().map_err(fault)?;
        let until = Instant::now() + TRANSACTION_TIMEOUT;
        let done = self
            .fill(outputs, &heads, settings, until)
            .and_then(|()| retried(until, |left| self.producer.commit_transaction(left)));
        if let Err(error) = done {
            // The clients are made anew in any case; this only spares readers the wait.
            let _ = self.producer.abort_transaction(QUERY_TIMEOUT);
            return Err(error);
        }
        self.read.clear();
        self.heads = heads;
        Ok(())
    }

    /// Puts each audit event into the chain of the partition that its message was read from, which lies in one partition of the
    /// audit topic; the heads then.
    fn seal(
        &self,
        outputs: &mut [Placed],
        settings: &Settings,
    ) -> Result<BTreeMap<i32, Head>, StoreError> {
        let mut heads = self.heads.clone();
        for event in outputs.iter_mut().filter(|output| output.is_audit) {
            let of = event.record.source_partition();
            let of = of.filter(|partition| self.read.contains_key(partition));
            let of = of.ok_or_else(|| {
                StoreError::Kafka("an audit event of a message that was not read".to_owned())
            })?;
            let head = heads
                .entry(of)
                .or_insert_with(|| Head::begin(&format!("{}/{of}", settings.group)));
            event.partition = of % settings.audit_partitions;
            event.record.value = head.seal(&event.record.value);
        }
        Ok(heads)
    }

    fn fill(
        &self,
        outputs: Vec<Placed>,
        heads: &BTreeMap<i32, Head>,
        settings: &Settings,
        until: Instant,
    ) -> Result<(), StoreError> {
        // Each is let go once librdkafka has its copy.
        outputs
            .into_iter()
            .try_for_each(|placed| produce(&self.producer, &placed, until))?;
        await_confirmed(&self.producer, until);
        let topic = names::raw(&settings.pipeline);
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in &self.read {
            let head = heads.get(partition);
            chained::add_position(&mut offsets, &topic, *partition, *next, head)?;
        }
        let group = self.consumer.group_metadata().ok_or(StoreError::Closed)?;
        retried(until, |left| {
            self.producer
                .send_offsets_to_transaction(&offsets, &group, left)
        })
    }
}
