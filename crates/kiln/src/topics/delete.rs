//! `kiln topics delete`

use clap::Args;
use kiln_pipeline::topics;
use serde_json::json;

use super::Of;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

/// Delete every topic of a pipeline with all it holds
#[derive(Debug, Args)]
#[command(
    long_about = "Deletes the pipeline's topics and those of its shadows: raw messages, FHIR, dead letters and audit events are gone for good. Stop every instance first, or they make the topics anew. What was deleted already is no fault, so that the command may be given again.",
    after_help = "Exit codes: 0 no topic of the pipeline is left; 2 the name does not match, and nothing was deleted; 3 a topic stays, with the reason."
)]
pub(super) struct Delete {
    #[command(flatten)]
    of: Of,
    /// The name of the pipeline as its configuration has it, to say that this one is meant
    #[arg(long, value_name = "NAME")]
    confirm: String,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl Delete {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.of.config()?;
        if self.confirm != config.name {
            return Err(Failure::wrong(format!(
                "--confirm {} is not the name in {}: `{}` is; nothing was deleted",
                self.confirm,
                self.of.config.display(),
                config.name
            )));
        }
        let asked = interrupt::runtime()?.block_on(topics::delete(&config));
        let deleted = asked.map_err(Failure::stopped)?;
        print(if self.json {
            format!("{}\n", json!({"deleted": deleted}))
        } else {
            let names = deleted.iter().map(|name| format!("{name}\n"));
            names.collect::<String>() + &format!("{} topics deleted\n", deleted.len())
        })
    }
}
