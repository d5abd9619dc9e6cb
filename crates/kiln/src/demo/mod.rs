//! `kiln demo`

mod beside;
mod directory;
mod report;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use kiln_fhir::Mapper;
use kiln_pipeline::config::Config;
use kiln_pipeline::{Pipeline, RunningPipeline};
use tokio_util::sync::CancellationToken;

use crate::console::{self, Access};
use crate::failure::Failure;
use crate::fixtures::FIXTURES;
use crate::{interrupt, send};

/// Where the console is, unless it is taken.
const CONSOLE_PORT: u16 = 8090;
/// How many senders the demo plays.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
/// The transform has this long to finish what was acknowledged.
const CATCH_UP: Duration = Duration::from_secs(30);
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);
const RETRIES: u32 = 3;

/// See it work: real messages over a real socket become FHIR in a directory
#[derive(Debug, Args)]
#[command(
    long_about = "Starts the whole of Kiln on its embedded store in a fresh directory, sends it the messages that it carries (invented people) over a real MLLP socket, and shows what became of them. Nothing to install; nothing leaves this machine.",
    after_help = "Examples:\n  kiln demo\n  kiln demo --hold                open the console; elsewhere: kiln send --to localhost:2575 your.hl7\n  kiln demo --dir /tmp/first-look --port 0"
)]
pub(crate) struct Demo {
    /// Stay up for your own messages and for the console, until Ctrl-C
    #[arg(long)]
    hold: bool,
    /// Listen here; another free port is picked when it is taken
    #[arg(long, default_value_t = 2575)]
    port: u16,
    /// Where to keep everything: a directory that does not exist yet [default: kiln-demo, kiln-demo-2, ...]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mapper = Arc::new(Mapper::embedded().map_err(Failure::stopped)?);
        let directory = directory::fresh(self.dir.as_deref())?;
        interrupt::runtime()?.block_on(async {
            let stop = interrupt::token()?;
            let mut running = start(&directory, self.port, self.hold, mapper.clone()).await?;
            let address = running.listeners().first().map(|listener| listener.address);
            let address =
                address.ok_or_else(|| Failure::stopped("the pipeline opened no listener"))?;
            if self.port != 0 && address.port() != self.port {
                eprintln!(
                    "kiln: port {} is taken, listening on {}",
                    self.port,
                    address.port()
                );
            }
            let shown = show(&running, address, &directory, &mapper, stop.clone()).await;
            if self.hold && shown.is_ok() {
                tokio::select! {
                    () = stop.cancelled() => {}
                    error = running.failed() => return Err(Failure::stopped(error)),
                }
            }
            let left = running.shutdown().await.map_err(Failure::stopped);
            shown.and(left)
        })
    }
}

async fn start(
    directory: &std::path::Path,
    port: u16,
    hold: bool,
    mapper: Arc<Mapper>,
) -> Result<RunningPipeline, Failure> {
    let console = if hold {
        Some(free(CONSOLE_PORT).await)
    } else {
        None
    };
    let config = Config::embedded(directory)
        .listening_on(free(port).await)
        .http_on(console);
    let access = Access::of(&config)?;
    Pipeline::start_with(config, mapper, move |workings| {
        console::routes(access, workings)
    })
    .await
    .map_err(Failure::stopped)
}

/// That port of this machine, or any other when it is taken. Asked for before the start, so that a taken port is no failed
/// start.
async fn free(port: u16) -> SocketAddr {
    let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let taken = tokio::net::TcpListener::bind(on(port)).await.is_err();
    on(if taken { 0 } else { port })
}

async fn show(
    running: &RunningPipeline,
    address: SocketAddr,
    directory: &std::path::Path,
    mapper: &Mapper,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let messages = send::outgoing(FIXTURES.iter().copied(), None)?;
    let settings = send::Settings {
        to: address.to_string(),
        tls: None,
        connections: CONNECTIONS,
        rate: None,
        retries: RETRIES,
        timeout: ACKNOWLEDGED_WITHIN,
    };
    let sent = send::send(settings, messages, None, stop).await?;
    if !running.caught_up(CATCH_UP).await {
        return Err(Failure::stopped(format!(
            "the messages were not transformed within {CATCH_UP:?}; see {}",
            directory.display()
        )));
    }
    let example = beside::example(mapper)?;
    let report = report::Report {
        sent: &sent,
        tally: &running.tally(),
        example: &example,
        address,
        directory,
        console: running.http_address(),
    };
    report.print(report::columns())
}
