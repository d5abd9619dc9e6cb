//! An overlay's directory: every YAML file below it. Names that begin with a dot are left out, which also leaves out the
//! hidden directories that Kubernetes keeps behind a mounted `ConfigMap`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kiln_fhir::{MapErrors, MapSource, Mapper};

/// Bounds of an overlay.
const MAX_FILES: usize = 1_000;
const MAX_BYTES: u64 = 16 * 1024 * 1024;
const MAX_DEPTH: usize = 8;

/// Why a directory is no overlay.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// It, or a file in it, cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// What cannot be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is larger than an overlay may be.
    #[error("{directory}: more than {limit} in an overlay")]
    TooLarge {
        /// The directory.
        directory: PathBuf,
        /// The bound.
        limit: String,
    },
    /// Its maps are wrong.
    #[error("{}", told(directory, errors))]
    Maps {
        /// The directory.
        directory: PathBuf,
        /// Every mistake.
        errors: MapErrors,
    },
}

/// Each mistake on a line, its file so that it can be opened.
fn told(directory: &Path, errors: &MapErrors) -> String {
    let mut text = String::new();
    for (n, error) in errors.0.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        let path = directory.join(&error.file);
        let file = if path.is_file() {
            path.display().to_string()
        } else {
            error.file.clone()
        };
        let _ = write!(text, "{file}:{}: {}", error.line, error.message);
    }
    text
}

/// The maps of `base` under the overlay in `directory`.
pub fn overlay(base: &Mapper, directory: &Path) -> Result<Mapper, OverlayError> {
    Overlay::read(directory)?.over(base, directory)
}

/// The files of an overlay: path below the directory, and text; in order of path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlay(Vec<(String, String)>);

impl Overlay {
    pub(crate) fn read(directory: &Path) -> Result<Overlay, OverlayError> {
        let mut paths = Vec::new();
        list(directory, directory, 0, &mut paths)?;
        paths.sort();
        let mut files = Vec::with_capacity(paths.len());
        let mut bytes = 0;
        for (name, path) in paths {
            let text = fs::read_to_string(&path).map_err(|source| OverlayError::Read {
                path: path.clone(),
                source,
            })?;
            bytes += text.len() as u64;
            if bytes > MAX_BYTES {
                return Err(too_large(directory, format!("{MAX_BYTES} bytes")));
            }
            files.push((name, text));
        }
        Ok(Overlay(files))
    }

    pub(crate) fn over(&self, base: &Mapper, directory: &Path) -> Result<Mapper, OverlayError> {
        let sources: Vec<MapSource<'_>> = self
            .0
            .iter()
            .map(|(path, text)| MapSource { path, text })
            .collect();
        base.overlaid(&sources)
            .map_err(|errors| OverlayError::Maps {
                directory: directory.to_owned(),
                errors,
            })
    }
}

fn too_large(directory: &Path, limit: String) -> OverlayError {
    OverlayError::TooLarge {
        directory: directory.to_owned(),
        limit,
    }
}

fn list(
    top: &Path,
    directory: &Path,
    depth: usize,
    paths: &mut Vec<(String, PathBuf)>,
) -> Result<(), OverlayError> {
    let failed = |path: &Path, source| OverlayError::Read {
        path: path.to_owned(),
        source,
    };
    if depth > MAX_DEPTH {
        return Err(too_large(top, format!("{MAX_DEPTH} levels of directories")));
    }
    for entry in fs::read_dir(directory).map_err(|source| failed(directory, source))? {
        let path = entry.map_err(|source| failed(directory, source))?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        // Follows links: the files of a mounted ConfigMap are links.
        let kind = fs::metadata(&path).map_err(|source| failed(&path, source))?;
        if kind.is_dir() {
            list(top, &path, depth + 1, paths)?;
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml")
        {
            let below = path.strip_prefix(top).unwrap_or(&path);
            let name = below.to_string_lossy().replace('\\', "/");
            paths.push((name, path));
            if paths.len() > MAX_FILES {
                return Err(too_large(top, format!("{MAX_FILES} files")));
            }
        }
    }
    Ok(())
}
