//! Mistakes in a configuration file.

use std::fmt;

/// One mistake: where it stands, what is wrong and how to put it right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `environment` for a variable.
    pub file: String,
    /// Line, from 1; 0 when the mistake has no place (a file that cannot be read, a variable).
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// Path of the value, for example `listeners[0].address`.
    pub path: String,
    /// What is wrong and the fix.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if self.path.is_empty() {
            write!(f, ": {}", self.what)
        } else {
            write!(f, ": {}: {}", self.path, self.what)
        }
    }
}

/// Every mistake of a configuration, in the order of the file. Displays one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(super) fn new(mut problems: Vec<Problem>) -> ConfigErrors {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        ConfigErrors { problems }
    }

    /// The mistakes, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.problems.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
