//! Why somebody is to be shown what a message says.

/// Longest purpose in characters.
pub(crate) const MAX_PURPOSE_CHARS: usize = 500;

/// The purpose, or what is wrong with it.
pub(crate) fn read(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("say why, such as a ticket".to_owned()),
        1..=MAX_PURPOSE_CHARS => Ok(text.to_owned()),
        _ => Err(format!("at most {MAX_PURPOSE_CHARS} characters")),
    }
}
