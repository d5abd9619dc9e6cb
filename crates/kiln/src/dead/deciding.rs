//! Deciding about letters, in commits of a bounded size.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use jiff::Timestamp;
use kiln_pipeline::config::{Config, Lane};
use kiln_pipeline::dead::{Decision, Letter};
use kiln_pipeline::record::Record;
use kiln_pipeline::store::{Decider, Output, Position};
use tokio_util::sync::CancellationToken;

use super::letters::{self, Wanted};
use crate::author::Author;
use crate::failure::Failure;

/// Most letters and bytes in one commit.
const COMMIT_LETTERS: usize = 500;
const COMMIT_BYTES: usize = 8 * 1024 * 1024;
/// Most letters that are told of one by one as not retried.
const MAX_TOLD: usize = 100;

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) decided: u64,
    pub(crate) before: u64,
    pub(crate) failed: u64,
    /// Letters that could not be retried, and why; the first of them.
    pub(crate) told: Vec<(Position, String)>,
}

/// Letters on their way to a commit.
#[derive(Default)]
struct Batch {
    raw: Vec<(Lane, Record)>,
    outputs: Vec<Output>,
    letters: usize,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.letters >= COMMIT_LETTERS || self.bytes >= COMMIT_BYTES
    }
}

/// Decides about the letters that are wanted, those of `ids` when there are any; without a decider they are only counted.
pub(crate) async fn decide(
    config: &Config,
    wanted: &Wanted,
    ids: &BTreeSet<Position>,
    decision: Decision,
    author: &Author,
    mut decider: Option<Box<dyn Decider>>,
    stop: &CancellationToken,
) -> Result<Outcome, Failure> {
    let (mut outcome, mut batch) = (Outcome::default(), Batch::default());
    letters::visit(config, wanted, ids, stop, async |letter, decided| {
        if decided.is_some() {
            outcome.before += 1;
            return Ok(ControlFlow::Continue(()));
        }
        outcome.add(&letter, decision, author, config, &mut batch);
        if batch.is_full() {
            commit(decider.as_deref_mut(), &mut batch).await?;
        }
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    commit(decider.as_deref_mut(), &mut batch).await?;
    let found = outcome.decided + outcome.before + outcome.failed;
    let missing = (ids.len() as u64).saturating_sub(found);
    if missing > 0 {
        return Err(Failure::wrong(format!(
            "{missing} of the ids are no dead letters here, or not chosen by the options; the others are decided"
        )));
    }
    Ok(outcome)
}

async fn commit(
    decider: Option<&mut (dyn Decider + '_)>,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let batch = std::mem::take(batch);
    match decider {
        Some(decider) if !batch.outputs.is_empty() => decider
            .commit(batch.raw, batch.outputs)
            .await
            .map_err(|error| {
                Failure::stopped(format!("{error}; what was committed before stays decided"))
            }),
        _ => Ok(()),
    }
}

impl Outcome {
    fn add(
        &mut self,
        letter: &Letter,
        decision: Decision,
        author: &Author,
        config: &Config,
        batch: &mut Batch,
    ) {
        let now = Timestamp::now();
        if decision == Decision::Retried {
            match letter.retry(&config.listeners, now.as_millisecond()) {
                Ok(raw) => {
                    batch.bytes += raw.value.len();
                    batch.raw.push((letter.lane(config), raw));
                }
                Err(why) => {
                    self.failed += 1;
                    if self.told.len() < MAX_TOLD {
                        self.told.push((letter.id, why.to_string()));
                    }
                    return;
                }
            }
        }
        self.decided += 1;
        batch.letters += 1;
        let purpose = author.purpose.as_deref();
        let outputs = letter.decided(decision, &author.by, purpose, now);
        batch.outputs.extend(outputs);
    }
}
