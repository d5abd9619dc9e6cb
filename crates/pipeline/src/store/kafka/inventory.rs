//! All topics of a pipeline: what the brokers say of them, and their deletion.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rdkafka::admin::{AdminOptions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::error::RDKafkaErrorCode;
use serde::Serialize;

use super::client::{QUERY_TIMEOUT, fault};
use super::names::{self, Holds};
use super::patience::within;
use super::topics::{Admin, LOOK_GRACE, admin};
use crate::config::KafkaConfig;
use crate::store::StoreError;

/// A topic as the brokers have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
    /// Whether it is one of a shadow's, beside those of the pipeline.
    pub shadow: bool,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many replicas each partition has, of the one that has the fewest.
    pub replication: i32,
    /// Those settings that Kiln asks for; without those that the brokers do not show this user.
    pub settings: BTreeMap<String, String>,
}

/// The topics of a pipeline and its shadows, by name.
pub(crate) async fn topics(
    pipeline: &str,
    instance: &str,
    kafka: &KafkaConfig,
) -> Result<Vec<Topic>, StoreError> {
    let admin = admin(kafka, pipeline, instance)?;
    let mut topics = placed(&admin, pipeline).await?;
    if topics.is_empty() {
        return Ok(topics);
    }
    let mut settings = settings(&admin, &topics).await?;
    for topic in &mut topics {
        topic.settings = settings.remove(&topic.name).unwrap_or_default();
    }
    Ok(topics)
}

/// Deletes them; their names.
pub(crate) async fn delete(
    pipeline: &str,
    instance: &str,
    kafka: &KafkaConfig,
) -> Result<BTreeSet<String>, StoreError> {
    let admin = admin(kafka, pipeline, instance)?;
    let topics = placed(&admin, pipeline).await?;
    if topics.is_empty() {
        return Ok(BTreeSet::new());
    }
    let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let answers = admin.delete_topics(&names, &options()).await;
    let mut deleted = BTreeSet::new();
    for answer in answers.map_err(fault)? {
        match answer {
            Ok(name) | Err((name, RDKafkaErrorCode::UnknownTopicOrPartition)) => {
                deleted.insert(name);
            }
            Err((name, code)) => {
                return Err(StoreError::Kafka(format!(
                    "topic {name} cannot be deleted: {code}"
                )));
            }
        }
    }
    Ok(deleted)
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(QUERY_TIMEOUT))
        .operation_timeout(Some(QUERY_TIMEOUT))
}

/// Where they lie, without their settings.
async fn placed(admin: &Arc<Admin>, pipeline: &str) -> Result<Vec<Topic>, StoreError> {
    let (admin, pipeline) = (Arc::clone(admin), pipeline.to_owned());
    within(QUERY_TIMEOUT + LOOK_GRACE, move || {
        let metadata = admin
            .inner()
            .fetch_metadata(None, QUERY_TIMEOUT)
            .map_err(fault)?;
        let mut topics: Vec<Topic> = metadata
            .topics()
            .iter()
            .filter_map(|topic| {
                let place = names::place(topic.name(), &pipeline)?;
                let partitions = topic.partitions();
                let replicas = partitions.iter().map(|known| known.replicas().len());
                Some(Topic {
                    name: topic.name().to_owned(),
                    holds: place.holds,
                    shadow: place.shadow,
                    partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
                    replication: i32::try_from(replicas.min()?).unwrap_or(i32::MAX),
                    settings: BTreeMap::new(),
                })
            })
            .collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    })
    .await
    .flatten()
}

/// The settings that are asked for, by topic. A topic whose settings may not be read is left out.
async fn settings(
    admin: &Admin,
    topics: &[Topic],
) -> Result<BTreeMap<String, BTreeMap<String, String>>, StoreError> {
    let asked: Vec<ResourceSpecifier<'_>> = topics
        .iter()
        .map(|topic| ResourceSpecifier::Topic(&topic.name))
        .collect();
    let described = admin.describe_configs(&asked, &options()).await;
    let mut settings = BTreeMap::new();
    for resource in described.map_err(fault)?.into_iter().flatten() {
        let OwnedResourceSpecifier::Topic(name) = &resource.specifier else {
            continue;
        };
        let Some(topic) = topics.iter().find(|topic| topic.name == *name) else {
            continue;
        };
        let wanted = topic.holds.settings().iter();
        let found = wanted.filter_map(|(setting, _)| {
            let value = resource.get(setting)?.value.clone()?;
            Some(((*setting).to_owned(), value))
        });
        settings.insert(name.clone(), found.collect());
    }
    Ok(settings)
}
