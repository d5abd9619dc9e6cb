//! `kiln serve`

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use kiln_fhir::Mapper;
use kiln_pipeline::Pipeline;
use kiln_pipeline::config::{Config, LogFormat};
use tracing_subscriber::EnvFilter;

use crate::console::{self, Access};
use crate::failure::Failure;
use crate::interrupt;

/// Listen for senders and emit FHIR, until told to stop
#[derive(Debug, Args)]
#[command(
    long_about = "Listens for HL7v2 over MLLP and emits FHIR R4. Without Kafka brokers in the configuration everything is kept in one directory of this machine (the embedded store); with brokers the same configuration runs any number of instances.\n\nThe configuration is checked whole before anything starts. SIGTERM and Ctrl-C stop gracefully: no new messages, the ones in hand are acknowledged and committed. Logs are JSON lines on standard error; RUST_LOG sets their level.",
    after_help = "Examples:\n  kiln config example > kiln.yaml && kiln serve --config kiln.yaml\n  KILN_LISTEN_ADDRESS=0.0.0.0:2575 kiln serve --config kiln.yaml"
)]
pub(crate) struct Serve {
    /// The configuration; `kiln config example` prints one
    #[arg(long, short, value_name = "FILE", env = "KILN_CONFIG")]
    config: PathBuf,
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let config = Config::load(&self.config).map_err(Failure::wrong)?;
        let access = Access::of(&config)?;
        let mapper = Arc::new(Mapper::profiled(config.profile).map_err(Failure::stopped)?);
        log(config.log_format);
        open_files(&config);
        interrupt::runtime()?.block_on(serve(config, mapper, access))
    }
}

async fn serve(config: Config, mapper: Arc<Mapper>, access: Access) -> Result<(), Failure> {
    let stop = interrupt::token()?;
    let open = access.is_open();
    let pages = move |workings| console::routes(access, workings);
    let mut running = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        started = Pipeline::start_with(config, mapper, pages) => started.map_err(Failure::stopped)?,
    };
    for listener in running.listeners() {
        eprintln!(
            "kiln: listening on {} ({})",
            listener.address, listener.name
        );
    }
    if let Some(address) = running.http_address() {
        eprintln!("kiln: health and metrics on http://{address}");
        if open {
            eprintln!("kiln: console on http://{address}/");
        }
    }
    let gave_up = tokio::select! {
        () = stop.cancelled() => None,
        error = running.failed() => Some(error.to_string()),
    };
    let left = running.shutdown().await;
    match gave_up {
        Some(error) => Err(Failure::Stopped(error)),
        None => left.map_err(Failure::stopped),
    }
}

/// Lets this process have as many files as the system allows, and says so when that is less than its connections may need.
fn open_files(config: &Config) {
    let connections: usize = config
        .listeners
        .iter()
        .map(|listener| listener.max_connections)
        .sum();
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) if files < connections as u64 => tracing::warn!(
            files,
            connections,
            "the system allows fewer open files than maxConnections: raise the service's limit (LimitNOFILE, ulimit -n)"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}

fn log(format: Option<LogFormat>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let suits = || {
        if std::io::stderr().is_terminal() {
            LogFormat::Text
        } else {
            LogFormat::Json
        }
    };
    match format.unwrap_or_else(suits) {
        LogFormat::Text => lines.compact().init(),
        LogFormat::Json => lines.json().init(),
    }
}
