//! Subjects timed side by side: in interleaved rounds, over small slices of the same work.
//!
//! A machine is never quite alone. Each slice takes well under a scheduler's time slice, so that its shortest time is
//! one that nothing disturbed; the sum of the slices' shortest times is what the work takes, and the sum of their
//! medians what it took.

use std::hint::black_box;
use std::time::Instant;

use crate::random::Random;

/// The work: does slice `n` and returns something that depends on it.
pub type Work<'w> = Box<dyn FnMut(usize) -> usize + 'w>;

/// Subjects that do the same work.
pub struct Contest<'w> {
    slices: usize,
    subjects: Vec<(String, Work<'w>)>,
}

/// What one subject took for all slices, in nanoseconds.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The subject.
    pub subject: String,
    /// Sum of each slice's shortest time.
    pub min_ns: f64,
    /// Sum of each slice's median time.
    pub median_ns: f64,
    /// All slices together, round by round.
    pub rounds_ns: Vec<f64>,
}

impl<'w> Contest<'w> {
    /// A contest over so many slices.
    pub fn new(slices: usize) -> Self {
        Self {
            slices,
            subjects: Vec::new(),
        }
    }

    /// Adds a subject.
    pub fn enter(&mut self, subject: &str, work: impl FnMut(usize) -> usize + 'w) {
        self.subjects.push((subject.to_owned(), Box::new(work)));
    }

    /// Times all subjects on each slice, `rounds` times. Each round takes them in another order, so that none is always the
    /// one that finds the slice pushed out of the caches by the subject before it.
    pub fn run(mut self, rounds: usize) -> Vec<Timing> {
        let mut times = vec![vec![Vec::with_capacity(rounds); self.slices]; self.subjects.len()];
        let mut random = Random::new(crate::SEED);
        let mut order: Vec<usize> = (0..self.subjects.len()).collect();
        for _ in 0..rounds {
            for place in (1..order.len()).rev() {
                let other = random.within(0..place as u64 + 1);
                order.swap(place, usize::try_from(other).unwrap_or(place));
            }
            for slice in 0..self.slices {
                for &subject in &order {
                    let ((_, work), times) = (&mut self.subjects[subject], &mut times[subject]);
                    let begun = Instant::now();
                    black_box(work(slice));
                    times[slice].push(begun.elapsed().as_secs_f64() * 1e9);
                }
            }
        }
        self.subjects
            .into_iter()
            .zip(times)
            .map(|((subject, _), times)| Timing::new(subject, &times))
            .collect()
    }
}

impl Timing {
    /// From the times of each slice, round by round.
    fn new(subject: String, slices: &[Vec<f64>]) -> Self {
        let rounds = slices.first().map_or(0, Vec::len);
        Self {
            subject,
            min_ns: slices.iter().map(|times| quantile(times, 0.0)).sum(),
            median_ns: slices.iter().map(|times| quantile(times, 0.5)).sum(),
            rounds_ns: (0..rounds)
                .map(|round| slices.iter().map(|times| times[round]).sum())
                .collect(),
        }
    }

    /// How many times as fast as `peer`: by the medians, by the shortest times, and the relative interquartile range of
    /// the rounds' ratios.
    pub fn against(&self, peer: &Timing) -> Ratio {
        let rounds: Vec<f64> = peer
            .rounds_ns
            .iter()
            .zip(&self.rounds_ns)
            .map(|(peer, own)| peer / own)
            .collect();
        Ratio {
            by_median: peer.median_ns / self.median_ns,
            by_min: peer.min_ns / self.min_ns,
            spread: (quantile(&rounds, 0.75) - quantile(&rounds, 0.25)) / quantile(&rounds, 0.5),
        }
    }
}

/// One subject's speed over another's.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// Of the medians.
    pub by_median: f64,
    /// Of the shortest times.
    pub by_min: f64,
    /// Between the quartiles of the rounds' ratios, as a part of their median.
    pub spread: f64,
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place among a few numbers"
    )]
    let place = ((sorted.len().saturating_sub(1)) as f64 * part).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
