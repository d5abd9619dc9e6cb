//! The nearest valid name, for errors.

/// Names further away than this many edits are no help.
const MAX_EDITS: usize = 4;

/// `; did you mean `x`?`, or nothing when no name is near.
pub(crate) fn hint<S: AsRef<str>>(name: &str, valid: impl IntoIterator<Item = S>) -> String {
    let lower = name.to_ascii_lowercase();
    let mut best: Option<(usize, String)> = None;
    for candidate in valid {
        let candidate = candidate.as_ref();
        let edits = strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase());
        let nearer = best
            .as_ref()
            .is_none_or(|(least, other)| (edits, candidate) < (*least, other.as_str()));
        if edits <= MAX_EDITS.min(candidate.len().div_ceil(2)) && nearer {
            best = Some((edits, candidate.to_owned()));
        }
    }
    best.map(|(_, name)| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}
