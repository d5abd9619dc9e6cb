//! `kubectl kiln`: what pipelines do and why, on one screen. On the PATH, kubectl finds it by its name.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use kiln_operator::api::Hl7Pipeline;
use kiln_operator::plugin;
use kube::api::ListParams;
use kube::{Api, Client};

/// What Kiln's pipelines do, and why.
#[derive(Parser)]
#[command(name = "kubectl kiln", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One line for each pipeline.
    Status {
        /// Of all namespaces.
        #[arg(short = 'A', long)]
        all_namespaces: bool,
        /// Namespace; that of the kubeconfig's context when absent.
        #[arg(short, long)]
        namespace: Option<String>,
    },
    /// What is wrong with a pipeline first, and what to do.
    Why(One),
    /// What would make a pipeline more ready, each with the fix.
    Scorecard(One),
}

#[derive(Args)]
struct One {
    /// Name of the pipeline.
    name: String,
    /// Namespace; that of the kubeconfig's context when absent.
    #[arg(short, long)]
    namespace: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match answer(Cli::parse().command).await {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("kubectl kiln: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn answer(command: Command) -> Result<String, kube::Error> {
    let client = Client::try_default().await?;
    let within = |namespace: Option<String>| -> Api<Hl7Pipeline> {
        let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
        Api::namespaced(client.clone(), &namespace)
    };
    Ok(match command {
        Command::Status {
            all_namespaces,
            namespace,
        } => {
            let api = if all_namespaces {
                Api::all(client.clone())
            } else {
                within(namespace)
            };
            plugin::status(&api.list(&ListParams::default()).await?.items)
        }
        Command::Why(one) => plugin::why(&within(one.namespace).get(&one.name).await?),
        Command::Scorecard(one) => plugin::scorecard(&within(one.namespace).get(&one.name).await?),
    })
}
