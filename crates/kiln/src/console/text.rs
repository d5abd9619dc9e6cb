//! Text for pages.

/// Characters of a message that are shown.
const MAX_MESSAGE_CHARS: usize = 20_000;

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

/// The lines, each as one; of a long message the beginning.
pub(super) fn shortened_lines(text: &str) -> String {
    let mut left = MAX_MESSAGE_CHARS;
    let mut out = String::new();
    for line in text.lines() {
        out.push_str(&shortened(line, left));
        out.push('\n');
        left = left.saturating_sub(line.chars().count());
        if left == 0 {
            break;
        }
    }
    out
}
