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
                family.get_metric().iter().map(|metric| {
                    let label = metric
                        .get_label()
                        .first()
                        .map(|label| label.value().to_owned());
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    // counters of whole numbers
                    let count = metric.get_counter().get_value() as u64;
                    (label.unwrap_or_default(), count)
                })
            };
            match family.name() {
                "kiln_listen_messages_total" => tally.received = counts().collect(),
                "kiln_listen_acknowledgments_total" => tally.acknowledged = counts().collect(),
                "kiln_listen_refused_total" => tally.refused = counts().collect(),
                "kiln_transform_resources_total" => tally.resources = counts().collect(),
                "kiln_transform_dead_letters_total" => tally.dead = counts().collect(),
                "kiln_transform_duplicates_total" => {
                    tally.duplicates = counts().map(|(_, count)| count).sum();
                }
                _ => {}
            }
        }
        tally
    }
}
