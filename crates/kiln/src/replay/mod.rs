//! `kiln replay`

mod audited;
mod compare;
mod job;
mod pace;
mod summary;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use kiln_fhir::Mapper;
use kiln_pipeline::config::{Config, Lane};
use kiln_pipeline::record::header;
use kiln_pipeline::replay::{Choice, Replayer};
use kiln_pipeline::store::{ReplayInto, StoreError};

pub(crate) use self::audited::Audited;
use self::compare::Comparison;
pub(crate) use self::compare::outcome;
pub(crate) use self::job::{shadow_name, time};
use self::pace::Pace;
use self::summary::Summary;
use crate::author::Author;
use crate::dead::purpose;
use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::maps;
use crate::output::print;

/// Messages of the log that are read at once.
const BATCH: usize = 500;

/// Convert kept messages again, by other maps, or show what that would change
#[derive(Debug, Args)]
#[command(
    long_about = "Reads the raw log again, from its beginning or from --since on, and converts the messages that are chosen, by the maps as they are now or with another overlay. Resends are left out as they were before.\n\nWith --diff nothing is written: the differences to what was emitted are listed by element, counted. With --into NAME the outputs go beside what was emitted, to be read as those of a pipeline <name>.NAME on Kafka, and from the directory shadows/NAME of an embedded store. With --into same they go behind what was emitted: where a later message about the same patient was emitted since, the replayed one overwrites it.\n\nOutputs and position are committed as one. A replay that was stopped goes on where it was when the same command is given again; one that is done has nothing left to do. --job NAME begins another.\n\nIt works beside a running pipeline; on the embedded store through the process that has it.",
    after_help = "Examples:\n  kiln replay --config kiln.yaml --since 2026-03-01 --overlay new/ --diff\n  kiln replay --config kiln.yaml --feed lab --type ORU^R01 --into shadow --rate 200\n  kiln replay --dir kiln-data --control-id MSG00001 --into same\n\nExit codes: 0 done; 1 some messages could not be converted; 3 stopped before the end."
)]
pub(crate) struct Replay {
    /// Where outputs go: `same`, or the name of a shadow
    #[arg(long, value_name = "NAME", value_parser = job::into, required_unless_present = "diff", conflicts_with = "diff")]
    into: Option<ReplayInto>,
    /// Write nothing; list the differences to what was emitted
    #[arg(long)]
    diff: bool,
    /// Show the values of the first occurrence of each difference: they are content of messages
    #[arg(long, requires = "diff", requires = "purpose")]
    values: bool,
    /// Why; it stands in the audit stream, beside who began the replay and how it ended
    #[arg(long, value_name = "TEXT", value_parser = purpose::read)]
    purpose: Option<String>,
    /// The lane whose log is read: interactive or bulk
    #[arg(long, default_value = "interactive", value_name = "LANE", value_parser = job::lane)]
    lane: Lane,
    /// Received at this time or later: 2026-03-01 (UTC) or 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = job::time)]
    since: Option<i64>,
    /// Received before this time
    #[arg(long, value_name = "TIME", value_parser = job::time)]
    until: Option<i64>,
    /// Only of this feed
    #[arg(long)]
    feed: Option<String>,
    /// Only with this control id (MSH-10)
    #[arg(long, value_name = "ID")]
    control_id: Option<String>,
    /// Only of this message type, such as ADT^A01
    #[arg(long = "type", short, value_name = "TYPE")]
    message_type: Option<String>,
    /// A site's overlay over the maps, in place of the configuration's
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
    /// Most messages a second
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// The replay's name, by which it goes on [default: made of the choice, the maps and where the outputs go]
    #[arg(long, value_name = "NAME", value_parser = job::name)]
    job: Option<String>,
    #[command(flatten)]
    emitted: Emitted,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = self.emitted.config()?;
        let mapper = Arc::new(self.mapper(&config)?);
        interrupt::runtime()?.block_on(self.replay(config, mapper))
    }

    fn mapper(&self, config: &Config) -> Result<Mapper, Failure> {
        let site = self.overlay.as_ref().or(config.overlay.as_ref());
        maps::profiled(config.profile, site.map(PathBuf::as_path))
    }

    fn choice(&self) -> Choice {
        Choice {
            since_ms: self.since,
            until_ms: self.until,
            feed: self.feed.clone(),
            control_id: self.control_id.clone(),
            message_type: self.message_type.clone(),
        }
    }

    /// What is told of the choice, and of what is shown.
    fn told(&self) -> Vec<(&'static str, String)> {
        let time = |ms: i64| {
            Timestamp::from_millisecond(ms)
                .unwrap_or_default()
                .to_string()
        };
        let lane = Some(self.lane.label().to_owned());
        let shown = self.values.then(|| "values".to_owned());
        [
            ("lane", lane),
            ("since", self.since.map(time)),
            ("until", self.until.map(time)),
            (header::FEED, self.feed.clone()),
            (header::CONTROL_ID, self.control_id.clone()),
            (header::MESSAGE_TYPE, self.message_type.clone()),
            ("shown", shown),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }

    async fn replay(&self, config: Config, mapper: Arc<Mapper>) -> Result<(), Failure> {
        let stop = interrupt::token()?;
        let choice = self.choice();
        let into = self.into.clone().unwrap_or(ReplayInto::Same);
        let job = job::job(
            self.job.as_deref(),
            into,
            self.diff,
            self.lane,
            &choice,
            mapper.version(),
        );
        let name = job.name.clone();
        let author = Author::here(self.purpose.as_deref());
        let audited = Audited::new(author, &job, self.diff, self.told());
        audited.begins(&config).await?;
        let batch = BATCH.min(self.rate as usize);
        let mut replayer = Replayer::open(&config, mapper, self.lane, choice, job, batch)
            .await
            .map_err(Failure::stopped)?;
        let (mut summary, mut pace) = (Summary::new(name), Pace::new(self.rate));
        let mut comparison = Comparison::default();
        let replaying = async {
            while let Some((messages, read)) = replayer.next().await.map_err(resumable)? {
                summary.add(&messages, read);
                pace.progress(&summary);
                let count = messages.len();
                if self.diff {
                    comparison.add(messages)?;
                } else if read > 0 {
                    replayer.commit(messages).await.map_err(resumable)?;
                }
                pace.wait(count).await;
            }
            Ok(())
        };
        let ended = tokio::select! {
            () = stop.cancelled() => Err(Failure::stopped("interrupted; the same command goes on where it was")),
            done = replaying => done,
        };
        let told = audited.ends(&config, &summary, &ended);
        let told = told.await;
        ended?;
        told?;
        pace.done();
        if self.diff {
            let report = comparison.report(&config, self.values).await?;
            return print(if self.json {
                serde_json::to_string(&report).map_err(Failure::stopped)? + "\n"
            } else {
                report.text()
            });
        }
        print(if self.json {
            summary.json()
        } else {
            summary.text()
        })?;
        if summary.failed() {
            return Err(Failure::SomeFailed);
        }
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn resumable(error: StoreError) -> Failure {
    Failure::stopped(format!("{error}; the same command goes on where it was"))
}
