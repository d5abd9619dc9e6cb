//! `kiln-operator`: looks after pipelines, and prints the custom resource definitions.

mod health;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use kiln_operator::api::definitions;
use kiln_operator::controller::{Context, Election, LeaseTimes, Scope, run};
use kiln_operator::desired::Settings;
use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// The Lease that decides which of several operators works.
const LEASE: &str = "kiln-operator";

/// The Kiln operator: makes the cluster as its `Hl7Pipeline`s say.
#[derive(Parser)]
#[command(name = "kiln-operator", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look after pipelines until told to stop. Of several operators one works and the others wait.
    Run(Run),
    /// Print the custom resource definitions as YAML, ready for `kubectl apply --server-side -f -`.
    Crds {
        /// Write each definition to a file of its own in this directory instead of to standard output.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Args)]
struct Run {
    /// Look after the pipelines of this namespace only; of all namespaces when absent.
    #[arg(long, env = "KILN_WATCH_NAMESPACE")]
    namespace: Option<String>,
    /// Namespace of the operator itself: where its Lease lies, and from where pipelines let it in.
    #[arg(long, env = "KILN_OPERATOR_NAMESPACE", default_value = "kiln-system")]
    own_namespace: String,
    /// Name of this operator among its like, in the Lease and in Events.
    #[arg(long, env = "KILN_OPERATOR_NAME")]
    name: String,
    /// Image of the instances of pipelines that name none.
    #[arg(long, env = "KILN_IMAGE")]
    image: String,
    /// Address of `/livez` and `/readyz`.
    #[arg(long, env = "KILN_HEALTH_ADDRESS", default_value = "0.0.0.0:8080")]
    health: SocketAddr,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(options) => operate(&options),
        Command::Crds { out } => out.as_deref().map_or_else(print, write),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kiln-operator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn operate(options: &Run) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    tokio::runtime::Runtime::new()?.block_on(lead(options))
}

/// Works while it leads. An operator that loses the Lease ends, so that it starts anew as one that waits.
async fn lead(options: &Run) -> Result<(), Box<dyn std::error::Error>> {
    let stop = stopped()?;
    let health = health::serve(options.health, stop.clone()).await?;
    let client = Client::try_default()
        .await
        .map_err(|error| format!("no cluster to look after: {error}"))?;
    let settings = Settings {
        image: options.image.clone(),
        namespace: options.own_namespace.clone(),
    };
    let scope = options
        .namespace
        .clone()
        .map_or(Scope::Cluster, Scope::Namespace);
    let mut election = Election::new(
        client.clone(),
        &options.own_namespace,
        LEASE,
        &options.name,
        LeaseTimes::default(),
    );
    if !election.lead(&stop).await {
        return Ok(());
    }
    tracing::info!(name = options.name, "this operator leads");
    let context = Arc::new(Context::new(client, settings, options.name.clone()).await?);
    let working = stop.child_token();
    // The Lease is held until the last pass has ended, and then given free for the next operator.
    let done = CancellationToken::new();
    let renewing = async {
        election.renew(&done).await;
        working.cancel();
    };
    let work = async {
        let result = run(context, &scope, working.clone()).await;
        done.cancel();
        result
    };
    let ((), result) = tokio::join!(renewing, work);
    result?;
    health.abort();
    if !stop.is_cancelled() {
        return Err("the Lease was lost; another operator goes on".into());
    }
    Ok(())
}

/// Cancelled by SIGTERM and by Ctrl-C.
fn stopped() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}

fn print() -> Result<(), Box<dyn std::error::Error>> {
    for definition in definitions() {
        print!("---\n{}", definition.yaml()?);
    }
    Ok(())
}

fn write(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
    for definition in definitions() {
        let file = directory.join(definition.file_name());
        std::fs::write(&file, definition.yaml()?)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}
