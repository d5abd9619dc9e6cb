//! Clients of librdkafka, with what delivery rests on set last.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers as _, Message, OwnedHeaders};

use crate::config::{Given, KafkaConfig, Secret};
use crate::record::{Headers, Record};
use crate::store::{Position, RawRecord, StoreError};
use crate::vault::{Kind, Vault};

/// Longest wait for metadata, offsets and watermarks.
pub(super) const QUERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a transaction, from its beginning until it is committed.
pub(super) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);
/// An abandoned transaction is aborted by its coordinator after this; it holds readers back until then.
const TRANSACTION_TIMEOUT_MS: &str = "15000";
/// A dead instance's partitions go to others after this; the least that brokers accept by default.
const SESSION_TIMEOUT_MS: &str = "6000";
/// A message that was not delivered within this is given up; its sender was answered AE before.
const MESSAGE_TIMEOUT_MS: &str = "30000";

/// Most that a consumer holds of what is not asked for yet. More would not make it faster, and it is there when transform is behind.
const PREFETCHED_KBYTES: (&str, &str) = ("queued.max.messages.kbytes", "4096");
/// How long a record waits for others to be sent with.
const LINGER: &str = "linger.ms";

/// What every client has. Credentials and certificates are those that their files hold now.
fn base(kafka: &KafkaConfig, instance: &str) -> Result<ClientConfig, StoreError> {
    let mut client = ClientConfig::new();
    // Quicker than librdkafka's defaults: recovery time is what senders feel.
    client
        .set("reconnect.backoff.max.ms", "1000")
        .set("client.id", format!("kiln-{instance}"));
    for (name, value) in &kafka.properties {
        client.set(name, value);
    }
    client
        .set("bootstrap.servers", kafka.brokers.join(","))
        .set("allow.auto.create.topics", "false");
    let protocol = match (&kafka.tls, &kafka.sasl) {
        (None, None) => "PLAINTEXT",
        (Some(_), None) => "SSL",
        (None, Some(_)) => "SASL_PLAINTEXT",
        (Some(_), Some(_)) => "SASL_SSL",
    };
    client.set("security.protocol", protocol);
    if let Some(tls) = &kafka.tls {
        if let Some(ca) = &tls.ca {
            client.set("ssl.ca.location", ca.to_string_lossy());
        }
        if let Some((cert, key)) = &tls.identity {
            client.set("ssl.certificate.location", cert.to_string_lossy());
            client.set("ssl.key.location", key.to_string_lossy());
        }
    }
    if let Some(sasl) = &kafka.sasl {
        client
            .set("sasl.mechanisms", sasl.mechanism.name())
            .set("sasl.username", given(&sasl.username)?.expose())
            .set("sasl.password", given(&sasl.password)?.expose());
    }
    Ok(client)
}

fn given(value: &Given) -> Result<Secret, StoreError> {
    value.read().map_err(|error| match value {
        Given::File(path) => StoreError::file(path, &error),
        Given::Here(_) => StoreError::Kafka(error.to_string()),
    })
}

/// Appends: idempotent, confirmed by all in-sync replicas. A sender waits for each, so that nothing lingers unless the
/// configuration says so: what comes while requests are under way goes together all the same.
pub(super) fn appending(kafka: &KafkaConfig, instance: &str) -> Result<ClientConfig, StoreError> {
    let mut client = base(kafka, instance)?;
    if !kafka.properties.contains_key(LINGER) {
        client.set(LINGER, "0");
    }
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", MESSAGE_TIMEOUT_MS);
    Ok(client)
}

/// Commits outputs and offsets as one (KIP-98, KIP-447).
pub(super) fn transactional(
    kafka: &KafkaConfig,
    instance: &str,
    id: &str,
) -> Result<ClientConfig, StoreError> {
    let mut client = base(kafka, instance)?;
    client
        .set("transactional.id", id)
        .set("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS)
        .set("message.timeout.ms", TRANSACTION_TIMEOUT_MS);
    Ok(client)
}

/// Reads only what was committed; positions are committed by transactions alone.
pub(super) fn consuming(
    kafka: &KafkaConfig,
    group: &str,
    instance: &str,
) -> Result<ClientConfig, StoreError> {
    let mut client = base(kafka, instance)?;
    let (prefetched, kbytes) = PREFETCHED_KBYTES;
    if !kafka.properties.contains_key(prefetched) {
        client.set(prefetched, kbytes);
    }
    client
        .set("group.id", group)
        .set("session.timeout.ms", SESSION_TIMEOUT_MS)
        .set("heartbeat.interval.ms", "2000")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest");
    Ok(client)
}

/// The headers of a record as Kafka's.
pub(super) fn to_kafka(headers: &Headers) -> OwnedHeaders {
    headers.iter().fold(
        OwnedHeaders::new_with_capacity(headers.iter().len()),
        |all, (name, value)| {
            all.insert(Header {
                key: name,
                value: Some(value),
            })
        },
    )
}

/// A message and where it lies, as it came from Kafka.
pub(super) fn placed(message: &impl Message) -> RawRecord {
    RawRecord {
        position: Position {
            partition: message.partition(),
            offset: message.offset(),
        },
        record: from_kafka(message),
    }
}

/// The record of a message of that topic as it was before it was kept.
pub(super) fn decrypted(
    vault: &Vault,
    topic: &str,
    kind: Kind,
    raw: RawRecord,
) -> Result<Record, StoreError> {
    let place = || format!("{topic}/{}", raw.position);
    vault.decrypted(kind, raw.record, place)
}

/// A record as it came from Kafka.
fn from_kafka(message: &impl Message) -> Record {
    let mut headers = Headers::new();
    if let Some(all) = message.headers() {
        for header in all.iter() {
            headers.push(
                header.key,
                String::from_utf8_lossy(header.value.unwrap_or_default()),
            );
        }
    }
    Record {
        key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
        value: bytes::Bytes::copy_from_slice(message.payload().unwrap_or_default()),
        headers,
    }
}

/// Whether a fault means that the brokers do not let this process in, or that it does not trust them.
pub(super) fn is_refusal(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::SSL
        )
    )
}

/// What a fault of the client means here.
#[allow(clippy::needless_pass_by_value)] // for map_err
pub(super) fn fault(error: KafkaError) -> StoreError {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::ProducerFenced
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::FencedInstanceId,
        ) => StoreError::Fenced(error.to_string()),
        _ if is_refusal(&error) => StoreError::Refused(error.to_string()),
        _ => StoreError::Kafka(error.to_string()),
    }
}
