//! Where topics differ from what is asked. Pure.

use std::fmt;

use serde::Serialize;

use crate::config::{Config, Lane, StoreConfig};
use crate::store::kafka::{self, Topic};

/// One thing about one topic that is not as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The topic.
    pub topic: String,
    /// What about it.
    #[serde(flatten)]
    pub aspect: Aspect,
}

/// What about a topic is not as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "aspect", rename_all = "camelCase")]
pub enum Aspect {
    /// It is not there.
    Missing,
    /// Its number of partitions.
    Partitions {
        /// How many it has.
        found: i32,
        /// How many it should have.
        asked: i32,
    },
    /// Its number of replicas, of the partition that has the fewest.
    Replication {
        /// How many it has.
        found: i32,
        /// How many it should have.
        asked: i32,
    },
    /// A setting of it.
    Setting {
        /// As Kafka names it.
        name: &'static str,
        /// Its value.
        found: String,
        /// The value that it should have.
        asked: &'static str,
    },
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.topic)?;
        match &self.aspect {
            Aspect::Missing => f.write_str("is missing"),
            Aspect::Partitions { found, asked } => write!(f, "has {found} partitions, not {asked}"),
            Aspect::Replication { found, asked } => write!(f, "has {found} replicas, not {asked}"),
            Aspect::Setting { name, found, asked } => write!(f, "{name} is {found}, not {asked}"),
        }
    }
}

impl Drift {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        let topic = &self.topic;
        match &self.aspect {
            Aspect::Missing => {
                format!("create {topic}, or set store.kafka.topics.create and restart an instance")
            }
            Aspect::Partitions { found, .. } => format!(
                "set store.kafka.topics.partitions to {found}: with more partitions the feeds of a topic that holds messages would lose their order"
            ),
            Aspect::Replication { found, .. } => format!(
                "move it with kafka-reassign-partitions, or set store.kafka.topics.replication to {found}"
            ),
            Aspect::Setting { name, asked, .. } => format!(
                "kafka-configs --alter --entity-type topics --entity-name {topic} --add-config {name}={asked}"
            ),
        }
    }
}

/// What of the topics is not as the configuration asks; those of resource types that no message had yet are not missed.
pub(crate) fn drifts(config: &Config, topics: &[Topic]) -> Vec<Drift> {
    let StoreConfig::Kafka(kafka) = &config.store else {
        return Vec::new();
    };
    let bulk = |listener: &crate::config::ListenerConfig| listener.lane == Lane::Bulk;
    let needs_bulk = config.roles.listen && config.listeners.iter().any(bulk);
    let mut drifted: Vec<Drift> = kafka::needed(&config.name, needs_bulk)
        .into_iter()
        .filter(|name| !topics.iter().any(|topic| topic.name == *name))
        .map(|topic| Drift {
            topic,
            aspect: Aspect::Missing,
        })
        .collect();
    for topic in topics {
        let aspects = of_topic(topic, kafka.topics.partitions, kafka.topics.replication);
        drifted.extend(aspects.into_iter().map(|aspect| Drift {
            topic: topic.name.clone(),
            aspect,
        }));
    }
    drifted
}

fn of_topic(topic: &Topic, partitions: i32, replication: i32) -> Vec<Aspect> {
    let mut aspects = Vec::new();
    if topic.partitions != partitions {
        aspects.push(Aspect::Partitions {
            found: topic.partitions,
            asked: partitions,
        });
    }
    if topic.replication != replication {
        aspects.push(Aspect::Replication {
            found: topic.replication,
            asked: replication,
        });
    }
    for (name, asked) in topic.holds.settings() {
        let found = topic.settings.get(*name);
        aspects.extend(
            found
                .filter(|found| found != asked)
                .map(|found| Aspect::Setting {
                    name,
                    found: found.clone(),
                    asked,
                }),
        );
    }
    aspects
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::kafka::Holds;

    fn config(more: &str) -> Config {
        let text = format!(
            "name: north\nstore:\n  kafka:\n    brokers: [\"kafka:9092\"]\n    topics: {{ partitions: 6, replication: 3 }}\n{more}"
        );
        Config::parse(&text, "kiln.yaml", &|_| None).unwrap()
    }

    fn topic(name: &str, holds: Holds) -> Topic {
        let settings = holds.settings().iter();
        Topic {
            name: name.to_owned(),
            holds,
            shadow: false,
            partitions: 6,
            replication: 3,
            settings: settings
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    fn as_asked() -> Vec<Topic> {
        vec![
            topic("north.audit", Holds::Audit),
            topic("north.dead", Holds::Dead),
            topic("north.fhir.Patient", Holds::Fhir),
            topic("north.hl7v2", Holds::Raw),
        ]
    }

    fn told(config: &Config, topics: &[Topic]) -> Vec<String> {
        let drifted = drifts(config, topics);
        drifted.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn topics_as_asked_are_no_drift() {
        assert_eq!(told(&config(""), &as_asked()), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_told_with_both_sides() {
        let mut topics = as_asked();
        topics[0].partitions = 12;
        topics[1].replication = 1;
        topics[2]
            .settings
            .insert("message.timestamp.type".to_owned(), "CreateTime".to_owned());
        topics[3]
            .settings
            .insert("cleanup.policy".to_owned(), "compact".to_owned());
        assert_eq!(
            told(&config(""), &topics),
            [
                "north.audit: has 12 partitions, not 6",
                "north.dead: has 1 replicas, not 3",
                "north.fhir.Patient: message.timestamp.type is CreateTime, not LogAppendTime",
                "north.hl7v2: cleanup.policy is compact, not delete",
            ]
        );
    }

    #[test]
    fn readers_may_compact_fhir_but_nobody_the_log() {
        let mut topics = as_asked();
        for topic in &mut topics {
            topic
                .settings
                .insert("cleanup.policy".to_owned(), "compact".to_owned());
        }
        let drifted = drifts(&config(""), &topics);
        let names: Vec<&str> = drifted.iter().map(|drift| drift.topic.as_str()).collect();
        assert_eq!(names, ["north.audit", "north.dead", "north.hl7v2"]);
    }

    #[test]
    fn what_the_brokers_do_not_show_is_not_judged() {
        let mut topics = as_asked();
        for topic in &mut topics {
            topic.settings.clear();
        }
        assert_eq!(told(&config(""), &topics), Vec::<String>::new());
    }

    #[test]
    fn a_topic_that_no_message_may_be_without_is_missed() {
        assert_eq!(
            told(&config(""), &[]),
            ["north.hl7v2", "north.dead", "north.audit"].map(|name| format!("{name}: is missing"))
        );
        let bulk = config("listeners:\n  - name: loads\n    lane: bulk\n");
        assert_eq!(told(&bulk, &as_asked()), ["north.bulk.hl7v2: is missing"]);
    }
}
