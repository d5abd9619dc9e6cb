//! What was emitted, and what would be now.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use kiln_pipeline::config::Config;
use kiln_pipeline::record::{Record, header};
use kiln_pipeline::replay::{Became, Replayed};
use kiln_pipeline::store::{Reader, Selection, Stream, Target};
use serde::Serialize;
use serde_json::Value;

use crate::differences::{Outcome, Report, Resource, differences};
use crate::failure::Failure;

/// Most bytes of FHIR that are held to be compared, old and new together.
const MAX_BYTES: usize = 512 * 1024 * 1024;

/// What the chosen messages give now, and what they gave, by their place in the log.
#[derive(Default)]
pub(super) struct Comparison {
    /// In the order of the log.
    messages: Vec<Message>,
    by_source: BTreeMap<String, usize>,
    bytes: usize,
}

struct Message {
    place: Place,
    became: Became,
    new: Vec<Bytes>,
    old: Vec<Bytes>,
    /// The reason of its dead letter.
    refused: Option<String>,
}

/// Where a message lies.
#[derive(Clone, Serialize)]
pub(super) struct Place {
    source: String,
    control_id: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, control id {}", self.source, self.control_id)
    }
}

impl Comparison {
    pub(super) fn add(&mut self, messages: Vec<Replayed>) -> Result<(), Failure> {
        for message in messages {
            let emitted = message.outputs.into_iter();
            let new: Vec<Bytes> = emitted
                .filter(|output| output.target != Target::Dead)
                .map(|output| output.record.value)
                .collect();
            self.hold(new.iter().map(Bytes::len).sum())?;
            let control_id = message.raw.record.header(header::CONTROL_ID).to_owned();
            self.by_source
                .insert(message.source.clone(), self.messages.len());
            self.messages.push(Message {
                place: Place {
                    source: message.source,
                    control_id,
                },
                became: message.became,
                new,
                old: Vec::new(),
                refused: None,
            });
        }
        Ok(())
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes += bytes;
        if self.bytes > MAX_BYTES {
            return Err(Failure::wrong(format!(
                "more than {} MiB of FHIR to compare: choose fewer messages by --since, --until, --feed or --type",
                MAX_BYTES / 1024 / 1024
            )));
        }
        Ok(())
    }

    /// Reads what was emitted, and compares.
    pub(super) async fn report(
        mut self,
        config: &Config,
        values: bool,
    ) -> Result<Report<Place>, Failure> {
        for stream in [Stream::Fhir, Stream::Dead] {
            let selection = Selection {
                stream,
                ..Selection::default()
            };
            let mut reader = Reader::open(config, selection)
                .await
                .map_err(Failure::stopped)?;
            while let Some(record) = reader.next().await.map_err(Failure::stopped)? {
                self.emitted(record, stream)?;
            }
        }
        let mut report = Report::new();
        for message in self.messages {
            let place = message.place.clone();
            report.add(message.differences(), || place.clone(), values);
        }
        report.sort();
        Ok(report)
    }

    fn emitted(&mut self, record: Record, stream: Stream) -> Result<(), Failure> {
        if record.headers.get(header::REPLAY).is_some() {
            return Ok(());
        }
        let Some(at) = self.by_source.get(record.header(header::SOURCE)).copied() else {
            return Ok(());
        };
        self.hold(record.value.len())?;
        let message = &mut self.messages[at];
        match stream {
            Stream::Dead => message.refused = Some(record.header(header::REASON).to_owned()),
            _ => message.old.push(record.value),
        }
        Ok(())
    }
}

impl Message {
    fn differences(self) -> Vec<crate::differences::Difference> {
        let before = match self.refused {
            Some(reason) => Outcome::Failed(reason),
            None if self.old.is_empty() => Outcome::Absent,
            None => Outcome::Resources(resources(&self.old)),
        };
        let after = match self.became {
            // A message that was dropped before has left nothing to know it by.
            Became::Dropped(_) if matches!(before, Outcome::Absent) => Outcome::Absent,
            became => became_of(&became, &self.new),
        };
        differences(before, after)
    }
}

/// What became of a message that was converted again.
pub(crate) fn outcome(message: &Replayed) -> Outcome {
    let emitted = message.outputs.iter();
    let emitted = emitted.filter(|output| output.target != Target::Dead);
    let values: Vec<Bytes> = emitted.map(|output| output.record.value.clone()).collect();
    became_of(&message.became, &values)
}

fn became_of(became: &Became, values: &[Bytes]) -> Outcome {
    match became {
        Became::Resources => Outcome::Resources(resources(values)),
        Became::Dead(reason) => Outcome::Failed((*reason).to_owned()),
        Became::Dropped(filter) => Outcome::Dropped(filter.clone()),
    }
}

/// Resources, those of a Bundle one by one.
fn resources(values: &[Bytes]) -> Vec<Resource> {
    let mut all = Vec::new();
    for value in values {
        let json: Value = serde_json::from_slice(value).unwrap_or_default();
        match json["entry"]
            .as_array()
            .filter(|_| json["resourceType"] == "Bundle")
        {
            Some(entries) => {
                all.extend(entries.iter().map(|entry| Resource::of(&entry["resource"])));
            }
            None => all.push(Resource::of(&json)),
        }
    }
    all
}
