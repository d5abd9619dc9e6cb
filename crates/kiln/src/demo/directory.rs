//! A fresh directory for the demo.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// After so many demos it is time to remove some.
const MOST: usize = 100;

/// Makes the directory that was asked for, or the first free `kiln-demo-N`.
pub(crate) fn fresh(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let cannot = |path: &Path, error| {
        Failure::wrong(format!(
            "cannot make {}: {error}; name another with --dir",
            path.display()
        ))
    };
    if let Some(path) = asked {
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Failure::wrong(format!(
                "{} is not empty: name a fresh directory with --dir",
                path.display()
            )));
        }
        return fs::create_dir_all(path)
            .map(|()| path.to_owned())
            .map_err(|error| cannot(path, error));
    }
    for n in 1..=MOST {
        let path = PathBuf::from(if n == 1 {
            "kiln-demo".to_owned()
        } else {
            format!("kiln-demo-{n}")
        });
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&path, error)),
        }
    }
    Err(Failure::wrong(format!(
        "there are {MOST} directories kiln-demo-N here: remove some, or name one with --dir"
    )))
}
