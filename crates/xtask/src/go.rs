//! Programs that are built from Go modules, once for each state of a module's `go.sum`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::need::{cache, digest, go, root, run};

/// Programs that one module of this tree pins.
pub(crate) struct Programs {
    /// The module's directory, whose last part names where they are kept.
    pub(crate) module: &'static str,
    /// Build tags, separated by commas.
    pub(crate) tags: &'static str,
    /// Flags for the linker, beside those that leave debug information out.
    pub(crate) flags: &'static str,
    /// Each program and its package.
    pub(crate) packages: &'static [(&'static str, &'static str)],
}

impl Programs {
    /// The directory that holds them. What is not there yet is built.
    pub(crate) fn directory(&self) -> Result<PathBuf, String> {
        let module = root().join(self.module);
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        let state = digest(&module.join("go.sum"))?;
        let directory = cache()?.join(format!("{name}-{state:016x}"));
        for (name, package) in self.packages {
            let program = directory.join(name);
            if !program.exists() {
                println!("-- {name} is built; once");
                self.build(&module, package, &program)?;
            }
        }
        Ok(directory)
    }

    fn build(&self, module: &Path, package: &str, program: &Path) -> Result<(), String> {
        go()?;
        // A build that is cut off leaves no program.
        let begun = program.with_extension("begun");
        run(Command::new("go")
            .current_dir(module)
            .env("CGO_ENABLED", "0")
            .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false"])
            .args(["-tags", self.tags])
            .args(["-ldflags", &format!("-s -w {}", self.flags), "-o"])
            .arg(&begun)
            .arg(package))
        .map_err(|error| format!("{error}; the Go module proxy must be reachable"))?;
        fs::rename(&begun, program).map_err(|error| format!("{}: {error}", program.display()))
    }
}
