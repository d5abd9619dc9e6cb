//! Text for pages.

/// The text, cut to so many characters with a word on how many there are; control characters are shown as one sign.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let count = text.chars().count();
    if count <= most {
        return text.chars().map(plain).collect();
    }
    let start: String = text.chars().take(most).map(plain).collect();
    format!("{start}… ({count} characters)")
}
