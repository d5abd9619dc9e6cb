//! What a running pipeline did, for people.

use std::collections::BTreeMap;

use prometheus::Registry;

/// Counts since the pipeline started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages kept, by type.
    pub received: BTreeMap<String, u64>,
    /// Acknowledgments, by code.
    pub acknowledged: BTreeMap<String, u64>,
    /// Messages refused at the door, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Resources committed, by type.
    pub resources: BTreeMap<String, u64>,
    /// Messages that transform could not map, by reason.
    pub dead: BTreeMap<String, u64>,
    /// Resends dropped.
    pub duplicates: u64,
}

impl Tally {
    pub(crate) fn of(registry: &Registry) -> Tally {
        let mut tally = Tally::default();
        for family in registry.gather() {
            let counts = || {
                let mut counts: BTreeMap<String, u64> = BTreeMap::new();
                for metric in family.get_metric() {
                    // By what each is counted; of which listener does not matter here.
                    let mut labels = metric.get_label().iter();
                    let label = labels.find(|label| label.name() != "listener");
                    let label = label.map(|label| label.value().to_owned());
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    // counters of whole numbers
                    let count = metric.get_counter().get_value() as u64;
                    *counts.entry(label.unwrap_or_default()).or_default() += count;
                }
                counts
            };
            match family.name() {
                "kiln_listen_messages_total" => tally.received = counts(),
                "kiln_listen_acknowledgments_total" => tally.acknowledged = counts(),
                "kiln_listen_refused_total" => tally.refused = counts(),
                "kiln_transform_resources_total" => tally.resources = counts(),
                "kiln_transform_dead_letters_total" => tally.dead = counts(),
                "kiln_transform_duplicates_total" => {
                    tally.duplicates = counts().values().sum();
                }
                _ => {}
            }
        }
        tally
    }
}
