//! Records of a file, one a line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Longest record.
const MAX_RECORD_BYTES: u64 = 1024 * 1024;

/// A file of records that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// The system does not give it out.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has a line that is no record.
    #[error("{} line {line}: more than {MAX_RECORD_BYTES} bytes, which no audit record has", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: i64,
    },
}

/// A file of records, one a line.
pub struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    read: i64,
}

impl Lines {
    /// From its first line.
    pub fn open(path: &Path) -> Result<Lines, LinesError> {
        let opened = File::open(path);
        let file = opened.map_err(|source| LinesError::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Lines {
            path: path.to_owned(),
            file: BufReader::new(file),
            read: 0,
        })
    }

    /// The next line, and its number from 0; empty ones are left out.
    pub fn next_line(&mut self) -> Result<Option<(i64, Vec<u8>)>, LinesError> {
        loop {
            let mut line = Vec::new();
            let read = (&mut self.file)
                .take(MAX_RECORD_BYTES)
                .read_until(b'\n', &mut line);
            let length = read.map_err(|source| LinesError::Read {
                path: self.path.clone(),
                source,
            })?;
            let number = self.read;
            self.read += 1;
            if length == 0 {
                return Ok(None);
            }
            if line.last() == Some(&b'\n') {
                line.pop();
            } else if length as u64 == MAX_RECORD_BYTES {
                return Err(LinesError::TooLong {
                    path: self.path.clone(),
                    line: number + 1,
                });
            }
            if !line.is_empty() {
                return Ok(Some((number, line)));
            }
        }
    }
}
