//! The progress bar, on a terminal only.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

/// Fewer files than this are done before a bar could be read.
const WORTH_A_BAR: usize = 20;

/// Progress over files.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn over(files: usize) -> Progress {
        if files < WORTH_A_BAR || !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(files as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {pos} of {len} files, {per_sec}, {eta} left")
        {
            bar.set_style(style);
        }
        Progress(bar)
    }

    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    pub(crate) fn done(&self) {
        self.0.finish_and_clear();
    }
}
