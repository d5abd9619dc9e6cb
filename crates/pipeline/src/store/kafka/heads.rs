//! The audit stream from outside of a pipeline: writing to it, and how far its chains are.

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::chained::{self, Writer};
use super::client::{self, QUERY_TIMEOUT, fault};
use super::keeping;
use super::names;
use super::topics::Topics;
use super::transaction;
use crate::audit::Head;
use crate::config::{KafkaConfig, Lane};
use crate::record::Record;
use crate::store::{Output, StoreError, Target};
use crate::vault::Vault;

/// Writes audit events in the chain of what people do; returns once they are durable. Of several at a time the later fences the
/// earlier, which then tries again.
pub(in crate::store) async fn disclose(
    pipeline: &str,
    instance: &str,
    kafka: &KafkaConfig,
    events: Vec<Record>,
) -> Result<(), StoreError> {
    let topics = Topics::new(pipeline, instance, kafka)?;
    let outputs = events
        .into_iter()
        .map(|record| Output {
            target: Target::Audit,
            feed: record.key.clone(),
            record,
        })
        .collect();
    // They are audit events, which are not encrypted.
    let placed = transaction::place(pipeline, &topics, &Vault::default(), outputs).await?;
    let id = format!("{pipeline}-disclosures");
    let writer = Writer::new(pipeline, instance, kafka, &topics, id).await?;
    keeping::keep(&writer, &mut None, placed).await
}

/// The heads of all chains that are kept beside the positions of this pipeline's groups.
pub(in crate::store) async fn audit_heads(
    pipeline: &str,
    instance: &str,
    kafka: &KafkaConfig,
) -> Result<Vec<Head>, StoreError> {
    let topics = Topics::new(pipeline, instance, kafka)?;
    let audit = names::output(pipeline, &Target::Audit);
    let mut places = Vec::new();
    for lane in [Lane::Interactive, Lane::Bulk] {
        let lane = names::lane(pipeline, lane);
        let raw = names::raw(&lane);
        if topics.exists(&raw).await? {
            let group = format!("{lane}-transform");
            places.push((group, raw.clone(), topics.partitions(&raw).await?));
        }
    }
    if !topics.exists(&audit).await? {
        return Ok(Vec::new());
    }
    let partitions = topics.partitions(&audit).await?;
    let (pipeline, instance, kafka) = (pipeline.to_owned(), instance.to_owned(), kafka.clone());
    tokio::task::spawn_blocking(move || {
        for group in writers(&pipeline, &instance, &kafka)? {
            places.push((group, audit.clone(), partitions));
        }
        let mut heads = Vec::new();
        for (group, topic, partitions) in places {
            let group: BaseConsumer = client::consuming(&kafka, &group, &instance)?
                .create()
                .map_err(fault)?;
            for partition in 0..partitions {
                heads.extend(chained::head(&group, &topic, partition)?);
            }
        }
        Ok(heads)
    })
    .await
    .map_err(|_| StoreError::Closed)?
}

/// The groups of those who write events outside of transform: of decisions, of disclosures, and of each instance.
fn writers(pipeline: &str, instance: &str, kafka: &KafkaConfig) -> Result<Vec<String>, StoreError> {
    let any: BaseConsumer = client::consuming(kafka, &format!("{pipeline}-reader"), instance)?
        .create()
        .map_err(fault)?;
    let groups = any.fetch_group_list(None, QUERY_TIMEOUT).map_err(fault)?;
    let of_instance = format!("{pipeline}-audit-");
    let own = [
        format!("{pipeline}-dead"),
        format!("{pipeline}-disclosures"),
    ];
    let names = groups.groups().iter().map(|group| group.name().to_owned());
    Ok(names
        .filter(|name| name.starts_with(&of_instance) || own.contains(name))
        .collect())
}
