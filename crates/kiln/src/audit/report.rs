//! `kiln audit report`

use std::fmt::Write as _;

use clap::Args;
use jiff::Timestamp;
use kiln_pipeline::audit::{Review, Trail};

use crate::dead::words::{shown, time};
use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;
use crate::replay;

/// List who was shown, retried, dropped or replayed what, and why
#[derive(Debug, Args)]
#[command(
    long_about = "Lists for an access review who was shown what messages say, who retried or dropped dead letters, and who replayed messages: by purpose, with how often, when, and what. Nothing of the messages' content is in it.",
    after_help = "Examples:\n  kiln audit report --config kiln.yaml --since 2026-03-01 --until 2026-04-01\n  kiln audit report --dir kiln-data --json | jq '.accesses[] | select(.purpose == \"\")'"
)]
pub(super) struct Report {
    /// Done at this time or later: 2026-03-01 (UTC) or 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = replay::time)]
    since: Option<i64>,
    /// Done before this time
    #[arg(long, value_name = "TIME", value_parser = replay::time)]
    until: Option<i64>,
    #[command(flatten)]
    emitted: Emitted,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl Report {
    pub(super) fn run(self) -> Result<(), Failure> {
        let review = interrupt::runtime()?.block_on(self.review())?;
        print(if self.json {
            serde_json::to_string(&review).map_err(Failure::stopped)? + "\n"
        } else {
            text(&review)
        })
    }

    async fn review(&self) -> Result<Review, Failure> {
        let stop = interrupt::token()?;
        let config = self.emitted.config()?;
        let at = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let (since, until) = (at(self.since), at(self.until));
        let mut trail = Trail::open(&config).await.map_err(Failure::stopped)?;
        let mut review = Review::default();
        loop {
            let record = tokio::select! {
                () = stop.cancelled() => {
                    return Err(Failure::stopped("interrupted before all audit records were read"));
                }
                record = trail.next() => record.map_err(Failure::stopped)?,
            };
            match record {
                Some((_, record)) => review.see(&record, since, until),
                None => return Ok(review.done()),
            }
        }
    }
}

fn text(review: &Review) -> String {
    let mut text = String::new();
    if review.accesses.is_empty() {
        text.push_str("Nobody was shown, retried, dropped or replayed anything.\n");
    }
    let mut purpose = None;
    for access in &review.accesses {
        if purpose != Some(&access.purpose) {
            purpose = Some(&access.purpose);
            let told = match access.purpose.as_str() {
                "" => "no purpose was given".to_owned(),
                given => shown(given),
            };
            let _ = writeln!(text, "{told}");
        }
        let _ = write!(
            text,
            "  {}  {} × {}",
            shown(&access.by),
            access.count,
            access.deed.word()
        );
        if access.failed > 0 {
            let _ = write!(text, ", {} failed", access.failed);
        }
        let _ = writeln!(text, "  {} to {}", time(access.first), time(access.last));
        for named in &access.named {
            let _ = writeln!(text, "    {}", shown(named));
        }
    }
    for (count, what) in [
        (
            review.uncounted,
            "more events, of too many purposes and people to list",
        ),
        (
            review.unreadable,
            "records that are no audit events of Kiln",
        ),
    ] {
        if count > 0 {
            let _ = writeln!(text, "{count} {what}");
        }
    }
    text
}
