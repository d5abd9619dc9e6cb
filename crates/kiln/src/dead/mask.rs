//! A message with its shape and nothing of what it says.

use std::fmt::Write as _;

use kiln_hl7::{Index, Message};

/// What of MSH is shown: delimiters, sender and receiver (3 to 6), time (7), type, control id, processing id and version
/// (9 to 12), wanted answers (15, 16) and character set (18).
const MSH_SHOWN: [usize; 14] = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 18];

/// The lines of a message: names of segments, delimiters and punctuation stay, every letter becomes `x` and every digit
/// `9`; of MSH what identifies the message stays too. Of bytes that are no message nothing but punctuation is left.
pub(crate) fn masked(bytes: &[u8]) -> String {
    let mut index = Index::new();
    let readable = Message::parse(bytes, &mut index).is_ok();
    let text = String::from_utf8_lossy(bytes);
    let separator = text.get(3..4).filter(|_| readable);
    let mut out = String::with_capacity(text.len());
    for line in lines(&text) {
        match separator.filter(|separator| line.get(3..4) == Some(separator)) {
            Some(separator) => segment(line, separator, &mut out),
            None => out.extend(line.chars().map(mask)),
        }
        out.push('\n');
    }
    out
}

/// The lines of a message as they are, for a terminal.
pub(crate) fn open(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    lines(&text).fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{}", super::words::shown(line));
        out
    })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n']).filter(|line| !line.is_empty())
}

fn segment(line: &str, separator: &str, out: &mut String) {
    let mut fields = line.split(separator);
    let name = fields.next().unwrap_or_default();
    out.push_str(name);
    // MSH-1 is the separator itself.
    let first = if name == "MSH" { 2 } else { 1 };
    for (number, field) in (first..).zip(fields) {
        out.push_str(separator);
        if name == "MSH" && MSH_SHOWN.contains(&number) {
            out.extend(field.chars().map(printable));
        } else {
            out.extend(field.chars().map(mask));
        }
    }
}

fn mask(c: char) -> char {
    match c {
        '0'..='9' => '9',
        ' '..='~' if !c.is_ascii_alphabetic() => c,
        _ => 'x',
    }
}

fn printable(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_message_its_shape_and_what_identifies_it_are_left() {
        let message = b"MSH|^~\\&|ADT|NORTH|KILN|LAKE|20260102||ADT^A01^ADT_A01|7|P|2.5\rPID|1||12-3^^^N||D\xc3\xb6e^Jane||1980\r";
        assert_eq!(
            masked(message),
            "MSH|^~\\&|ADT|NORTH|KILN|LAKE|20260102||ADT^A01^ADT_A01|7|P|2.5\n\
             PID|9||99-9^^^x||xxx^xxxx||9999\n"
        );
    }

    #[test]
    fn of_bytes_that_are_no_message_no_letter_and_no_digit_is_left() {
        assert_eq!(
            masked(b"Doe^Jane|1980\rNK1|Roe"),
            "xxx^xxxx|9999\nxx9|xxx\n"
        );
        assert_eq!(masked(b"DOE\x1b[2J"), "xxxx[9x\n");
    }

    #[test]
    fn an_unmasked_message_does_not_steer_the_terminal() {
        assert_eq!(open(b"PID|\x1b[2J\rPV1|I"), "PID|\u{fffd}[2J\nPV1|I\n");
    }
}
