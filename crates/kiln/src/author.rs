//! Who does something that the audit stream has, and why.

/// Who, and why.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    /// The person or program.
    pub(crate) by: String,
    /// In their own words.
    pub(crate) purpose: Option<String>,
}

impl Author {
    /// Whoever runs this command, as the system's environment says.
    pub(crate) fn here(purpose: Option<&str>) -> Author {
        let by = ["USER", "LOGNAME"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|name| !name.trim().is_empty())
            .unwrap_or_else(|| "unknown".to_owned());
        Author {
            by,
            purpose: purpose.map(str::to_owned),
        }
    }

    /// Whoever sees the console: by name, where they are known.
    pub(crate) fn console(person: Option<&str>) -> Author {
        Author {
            by: person.unwrap_or("console").to_owned(),
            purpose: None,
        }
    }
}
