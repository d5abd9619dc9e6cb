//! Where messages and outputs are kept, and how to reach Kafka.

use std::path::{Path, PathBuf};

use super::super::checked::{EmbeddedConfig, Limits, StoreConfig};
use super::super::document::{Document, KafkaDocument};
use super::super::kafka::{KafkaConfig, RESERVED_PROPERTIES, SaslConfig, TlsConfig, TopicsConfig};
use super::super::secret::{Given, Secret};
use super::Check;

impl Check<'_> {
    pub(super) fn store(&mut self, document: &Document, limits: &Limits) -> Option<StoreConfig> {
        let given = document.store.clone().unwrap_or_default();
        match (&given.embedded, &given.kafka) {
            (Some(_), Some(_)) => {
                self.report("store", "choose one of embedded and kafka".to_owned());
                None
            }
            (_, Some(kafka)) => self.kafka(kafka).map(StoreConfig::Kafka),
            (embedded, None) => {
                let embedded = embedded.clone().unwrap_or_default();
                let retain_messages = embedded
                    .retain_messages
                    .unwrap_or(EmbeddedConfig::DEFAULT_RETAIN_MESSAGES);
                if retain_messages < limits.dedupe_messages as u64 {
                    self.report(
                        "store.embedded.retainMessages",
                        format!(
                            "at least limits.dedupeMessages ({}), or a resend is not recognised after a restart",
                            limits.dedupe_messages
                        ),
                    );
                }
                Some(StoreConfig::Embedded(EmbeddedConfig {
                    directory: embedded
                        .directory
                        .unwrap_or_else(|| PathBuf::from("kiln-data")),
                    retain_messages,
                }))
            }
        }
    }

    /// The key file, where there is encryption.
    pub(super) fn key_file(&mut self, document: &Document) -> Option<PathBuf> {
        let encryption = document.store.as_ref()?.encryption.as_ref()?;
        if encryption.key_file.is_none() {
            self.report(
                "store.encryption",
                "keyFile is missing: the file with the keys, one a line".to_owned(),
            );
        }
        encryption.key_file.clone()
    }

    fn kafka(&mut self, given: &KafkaDocument) -> Option<KafkaConfig> {
        if given.brokers.is_empty() {
            self.report(
                "store.kafka.brokers",
                "name at least one broker, `host:port`".to_owned(),
            );
        }
        for (at, broker) in given.brokers.iter().enumerate() {
            let port = broker
                .rsplit_once(':')
                .and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none() {
                self.report(
                    &format!("store.kafka.brokers[{at}]"),
                    "not `host:port`, for example kafka-1.example.org:9092".to_owned(),
                );
            }
        }
        for name in given.properties.keys() {
            if RESERVED_PROPERTIES.contains(&name.as_str()) {
                self.report(
                    &format!("store.kafka.properties.{name}"),
                    "cannot be passed through: delivery rests on it, or it has a setting of its own".to_owned(),
                );
            }
        }
        let tls = given.tls.as_ref().map(|tls| {
            let identity = match (&tls.cert, &tls.key) {
                (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
                (None, None) => None,
                _ => {
                    self.report(
                        "store.kafka.tls",
                        "cert and key belong together; give both".to_owned(),
                    );
                    None
                }
            };
            TlsConfig {
                ca: tls.ca.clone(),
                identity,
            }
        });
        let sasl = match &given.sasl {
            None => None,
            Some(sasl) => {
                if sasl.mechanism.is_none() {
                    self.report(
                        "store.kafka.sasl",
                        "mechanism is missing; valid are PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"
                            .to_owned(),
                    );
                }
                let username =
                    self.username(sasl.username.as_deref(), sasl.username_file.as_deref());
                let password =
                    self.password(sasl.password_file.as_deref(), sasl.password_env.as_deref());
                Some(SaslConfig {
                    mechanism: sasl.mechanism?,
                    username: username?,
                    password: password?,
                })
            }
        };
        let topics = given.topics.clone().unwrap_or_default();
        let default = TopicsConfig::default();
        let small = |value: Option<u32>, default| {
            value.map_or(default, |value| i32::try_from(value).unwrap_or(i32::MAX))
        };
        Some(KafkaConfig {
            brokers: given.brokers.clone(),
            tls,
            sasl,
            properties: given.properties.clone(),
            topics: TopicsConfig {
                create: topics.create.unwrap_or(default.create),
                partitions: small(topics.partitions, default.partitions),
                replication: small(topics.replication, default.replication),
            },
        })
    }

    fn username(&mut self, name: Option<&str>, file: Option<&Path>) -> Option<Given> {
        match (name, file) {
            (Some(name), None) => Some(Given::Here(Secret::new(name.to_owned()))),
            (None, Some(file)) => self.file("store.kafka.sasl.usernameFile", file),
            _ => {
                self.report(
                    "store.kafka.sasl",
                    "give one of username and usernameFile".to_owned(),
                );
                None
            }
        }
    }

    fn password(&mut self, file: Option<&Path>, name: Option<&str>) -> Option<Given> {
        match (file, name) {
            (Some(file), None) => self.file("store.kafka.sasl.passwordFile", file),
            (None, Some(name)) => {
                let value = (self.variable)(name);
                if value.is_none() {
                    self.report(
                        "store.kafka.sasl.passwordEnv",
                        format!("set the variable {name}"),
                    );
                }
                value.map(|value| Given::Here(Secret::new(value)))
            }
            _ => {
                self.report(
                    "store.kafka.sasl",
                    "give one of passwordFile and passwordEnv".to_owned(),
                );
                None
            }
        }
    }

    /// A file that can be read.
    pub(super) fn file(&mut self, path: &str, file: &Path) -> Option<Given> {
        let given = Given::File(file.to_owned());
        match given.read() {
            Ok(_) => Some(given),
            Err(error) => {
                self.report(path, format!("cannot be read ({error})"));
                None
            }
        }
    }
}
