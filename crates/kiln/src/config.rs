//! `kiln config`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kiln_pipeline::{Pipeline, config};

use crate::failure::Failure;
use crate::output::print;

/// Print the configuration's schema or an example, or check a file
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kiln config example > kiln.yaml\n  kiln config check kiln.yaml\n  kiln config schema > kiln.schema.json     for your editor"
)]
pub(crate) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The JSON Schema of the configuration
    Schema,
    /// A commented example with every setting and its default
    Example,
    /// Check a file, the environment and the certificates as `kiln serve` would, and start nothing
    Check {
        /// The configuration
        #[arg(default_value = "kiln.yaml")]
        file: PathBuf,
    },
}

impl Config {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let text = match self.what {
            What::Schema => format!("{:#}\n", config::schema()),
            What::Example => config::Config::example().to_owned(),
            What::Check { file } => {
                let config = config::Config::load(&file).map_err(Failure::wrong)?;
                let found = Pipeline::check_tls(&config);
                found.map_err(|error| Failure::wrong(format!("{}: {error}", file.display())))?;
                let keys = Pipeline::check_keys(&config);
                let wrong =
                    |error| format!("{}: store.encryption.keyFile: {error}", file.display());
                keys.map_err(|error| Failure::wrong(wrong(error)))?;
                format!("{}: good\n", file.display())
            }
        };
        print(text)
    }
}
