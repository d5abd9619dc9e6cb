//! Where outputs are read from.

use std::path::PathBuf;

use clap::Args;
use kiln_pipeline::config::Config;
use kiln_pipeline::store::{Reader, Selection};

use crate::failure::Failure;

/// The store whose outputs are read: that of a configuration, or an embedded one by its directory.
#[derive(Debug, Args)]
pub(crate) struct Emitted {
    /// Read where this configuration writes: its Kafka topics or its directory
    #[arg(long, short, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
    /// Read this directory of an embedded store
    #[arg(long, value_name = "DIR", default_value = "kiln-data")]
    dir: PathBuf,
}

impl Emitted {
    /// The configuration of the store: the one that is named, or that of an embedded store by its directory.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        if let Some(file) = &self.config {
            return Config::load(file).map_err(Failure::wrong);
        }
        if !self.dir.is_dir() {
            return Err(Failure::wrong(format!(
                "no directory {}: name the store's with --dir, or use --config",
                self.dir.display()
            )));
        }
        Ok(Config::embedded(&self.dir))
    }

    pub(crate) async fn open(&self, selection: Selection) -> Result<Reader, Failure> {
        Reader::open(&self.config()?, selection)
            .await
            .map_err(Failure::stopped)
    }
}
