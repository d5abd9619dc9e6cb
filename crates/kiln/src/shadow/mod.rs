//! `kiln shadow`

mod counts;
mod pages;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use kiln_fhir::Mapper;
use kiln_pipeline::config::{Config, Lane, StoreConfig};
use kiln_pipeline::http;
use kiln_pipeline::replay::{Choice, Replayer, again};
use kiln_pipeline::store::{ReplayInto, ReplayJob};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::counts::Shared;
use crate::author::Author;
use crate::failure::Failure;
use crate::interrupt;
use crate::maps;
use crate::replay::{Audited, shadow_name};

/// Messages of the log that are read at once.
const BATCH: usize = 500;

/// Convert live messages by new maps too, beside the running pipeline, and count what differs
#[derive(Debug, Args)]
#[command(
    long_about = "Reads the raw log of the interactive lane on Kafka as it grows, from now on, and converts each message by the maps in force and by those of --overlay. What the new maps give goes beside what is emitted, into the topics of a pipeline <name>.NAME. What differs is counted by element and served as JSON on /differences; no value is shown. The pipeline is not disturbed: the shadow has a position of its own. It counts anew when it is started again, and what was received meanwhile is not compared.\n\nThe embedded store shows what was received to no second process as it comes: there, `kiln replay --overlay DIR --diff` compares what is kept.\n\nIn Kubernetes the operator runs this for an Hl7Pipeline with rollout.shadow, and decides by it.",
    after_help = "Examples:\n  kiln shadow --config kiln.yaml --overlay new/ --into new-maps --http 127.0.0.1:8091\n  curl -s 127.0.0.1:8091/differences | jq\n\nIt runs until it is told to stop. Exit codes: 0 stopped; 2 the configuration or the overlay is wrong, or the store is the embedded one; 3 the store failed."
)]
pub(crate) struct Shadow {
    /// The configuration of the running pipeline
    #[arg(long, short, value_name = "FILE", env = "KILN_CONFIG")]
    config: PathBuf,
    /// The new overlay over the maps, in place of the configuration's; none: the maps as Kiln brings them
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
    /// The name of the shadow
    #[arg(long, value_name = "NAME", value_parser = shadow_name)]
    into: String,
    /// Where /differences, /readyz, /livez and /metrics are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    http: SocketAddr,
}

impl Shadow {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(&self.config).map_err(Failure::wrong)?;
        if let StoreConfig::Embedded(embedded) = &config.store {
            return Err(Failure::wrong(format!(
                "{}: kiln shadow follows live messages on Kafka, and {} is an embedded store, which shows them to no second process; `kiln replay --overlay DIR --diff` compares what is kept there",
                self.config.display(),
                embedded.directory.display()
            )));
        }
        let with = |site| maps::profiled(config.profile, site);
        let maps = Maps {
            in_force: with(config.overlay.as_deref())?,
            new: Arc::new(with(self.overlay.as_deref())?),
        };
        interrupt::runtime()?.block_on(self.follow(&config, &maps))
    }

    async fn follow(&self, config: &Config, maps: &Maps) -> Result<(), Failure> {
        let stop = interrupt::token()?;
        let socket = TcpListener::bind(self.http).await.map_err(|error| {
            Failure::wrong(format!(
                "cannot listen on {}: {error}; give --http another",
                self.http
            ))
        })?;
        let counts = Shared::default();
        let pages = pages::routes(Arc::clone(&counts), maps.new.version());
        let served = CancellationToken::new();
        let serving = tokio::spawn(http::serve_pages(socket, pages, served.clone()));
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            failed = self.compare(config, maps, &counts) => failed,
        };
        served.cancel();
        // Nothing is left to be told of it.
        let _ = serving.await;
        ended
    }

    /// Until the store fails.
    async fn compare(&self, config: &Config, maps: &Maps, counts: &Shared) -> Result<(), Failure> {
        let now = Timestamp::now().as_millisecond();
        let choice = Choice {
            since_ms: Some(now),
            ..Choice::default()
        };
        let job = ReplayJob {
            name: format!("{}-{}", self.into, maps.new.version()),
            since_ms: Some(now),
            into: ReplayInto::Shadow(self.into.clone()),
        };
        let author = Author {
            by: config.instance.clone(),
            purpose: Some("maps are tried in shadow".to_owned()),
        };
        let audited = Audited::new(author, &job, false, Vec::new());
        audited.begins(config).await?;
        let new = Arc::clone(&maps.new);
        let lane = Lane::Interactive;
        let opened = Replayer::open(config, new, lane, choice, job, BATCH).await;
        let mut replayer = opened.map_err(Failure::stopped)?.following();
        counts::begun(counts);
        while let Some((messages, read)) = replayer.next().await.map_err(Failure::stopped)? {
            for after in &messages {
                let raw = after.raw.clone();
                let before = again(config, &maps.in_force, lane, raw, &self.into);
                counts::add(counts, &before, after);
            }
            if read > 0 {
                replayer.commit(messages).await.map_err(Failure::stopped)?;
            }
        }
        Ok(())
    }
}

struct Maps {
    in_force: Mapper,
    new: Arc<Mapper>,
}
