//! How fast, and how far.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::summary::Summary;

/// How often progress is told where there is no terminal to draw on.
const TELL_INTERVAL: Duration = Duration::from_secs(10);

/// A bound on messages a second, and progress on standard error.
pub(super) struct Pace {
    rate: u32,
    started: Instant,
    messages: u64,
    told: Instant,
    spinner: Option<ProgressBar>,
}

impl Pace {
    pub(super) fn new(rate: u32) -> Pace {
        let terminal = std::io::stderr().is_terminal();
        Pace {
            rate,
            started: Instant::now(),
            messages: 0,
            told: Instant::now(),
            spinner: terminal.then(ProgressBar::new_spinner),
        }
    }

    pub(super) fn progress(&mut self, summary: &Summary) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(summary.progress());
            spinner.tick();
        } else if self.told.elapsed() >= TELL_INTERVAL {
            self.told = Instant::now();
            eprintln!("kiln: {}", summary.progress());
        }
    }

    /// Waits until so many more messages are due.
    pub(super) async fn wait(&mut self, messages: usize) {
        self.messages += messages as u64;
        #[allow(clippy::cast_precision_loss)] // a number of messages
        let due = Duration::from_secs_f64(self.messages as f64 / f64::from(self.rate));
        tokio::time::sleep(due.saturating_sub(self.started.elapsed())).await;
    }

    pub(super) fn done(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
