//! Files and directories of messages, as `convert` and `send` take them.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use walkdir::WalkDir;

use crate::failure::Failure;

/// Where one input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// The file; `None` is standard input.
    path: Option<PathBuf>,
    /// Its path below the argument that named it; its name when it was named itself.
    pub(crate) relative: PathBuf,
}

impl Input {
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let Some(path) = &self.path else {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes)?;
            return Ok(bytes);
        };
        fs::read(path)
    }

    /// What it holds, or the failure that names it.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Failure> {
        self.read()
            .map_err(|error| Failure::wrong(format!("cannot read {}: {error}", self.name())))
    }

    /// How people know it.
    pub(crate) fn name(&self) -> String {
        self.path.as_ref().map_or_else(
            || "standard input".to_owned(),
            |path| path.display().to_string(),
        )
    }
}

/// The inputs that the arguments name, directories searched for `*.hl7` in the order of their names.
pub(crate) fn inputs(arguments: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            inputs.push(Input {
                path: None,
                relative: PathBuf::from("stdin"),
            });
        } else if argument.is_dir() {
            let before = inputs.len();
            directory(argument, &mut inputs)?;
            if inputs.len() == before {
                return Err(Failure::wrong(format!(
                    "no *.hl7 below {}: name the files instead",
                    argument.display()
                )));
            }
        } else if argument.is_file() {
            let relative = argument
                .file_name()
                .map_or_else(|| argument.clone(), PathBuf::from);
            inputs.push(Input {
                path: Some(argument.clone()),
                relative,
            });
        } else {
            return Err(Failure::wrong(format!(
                "no file or directory {}: check the path",
                argument.display()
            )));
        }
    }
    Ok(inputs)
}

fn directory(root: &Path, inputs: &mut Vec<Input>) -> Result<(), Failure> {
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            Failure::wrong(format!("cannot search {}: {error}", root.display()))
        })?;
        let named = entry
            .path()
            .extension()
            .is_some_and(|extension: &OsStr| extension.eq_ignore_ascii_case("hl7"));
        if entry.file_type().is_file() && named {
            let relative = entry
                .path()
                .strip_prefix(root)
                .unwrap_or(entry.path())
                .to_owned();
            inputs.push(Input {
                path: Some(entry.into_path()),
                relative,
            });
        }
    }
    Ok(())
}
