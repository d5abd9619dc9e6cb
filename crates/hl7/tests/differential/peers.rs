//! The other parsers, each asked for all that it reads.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

use crate::reading::{Outcome, Reading};

/// hl7-parser, by its entry that takes LF and CRLF for line ends too.
pub(crate) fn hl7_parser(message: &str) -> Outcome {
    caught(|| {
        let message = hl7_parser::parse_message_with_lenient_newlines(message).ok()?;
        let mut reading = Reading::default();
        for segment in message.segments() {
            let place = reading.segment(segment.name);
            for (field, number) in segment.fields().zip(1..) {
                for (repetition, r) in field.repeats().zip(1..) {
                    for (component, c) in repetition.components().zip(1..) {
                        for (subcomponent, s) in component.subcomponents().zip(1..) {
                            let raw = subcomponent.raw_value();
                            // MSH-2 has no escapes, it declares them.
                            let text = match (segment.name, number) {
                                ("MSH", 2) => raw.to_owned(),
                                _ => message.separators.decode(raw).to_string(),
                            };
                            reading.value(&place, [number, r, c, s], text);
                        }
                    }
                }
            }
        }
        Some(reading)
    })
}

/// rust-hl7. Its fields count the segment's name as number 0.
pub(crate) fn rust_hl7(message: &str) -> Outcome {
    caught(|| {
        let message = rusthl7::message::Message::try_from(message).ok()?;
        let escapes = rusthl7::escape_sequence::EscapeSequence::new(message.get_separators());
        let mut reading = Reading::default();
        for segment in &message.segments {
            let place = reading.segment(segment.fields[0].source);
            for (field, number) in segment.fields.iter().zip(0..).skip(1) {
                for (repetition, r) in field.subcomponents.iter().zip(1..) {
                    for (component, c) in repetition.iter().zip(1..) {
                        for (&subcomponent, s) in component.iter().zip(1..) {
                            let text = escapes.decode(subcomponent.to_owned()).into_owned();
                            reading.value(&place, [number, r, c, s], text);
                        }
                    }
                }
            }
        }
        Some(reading)
    })
}

/// HAPI HL7v2, all messages by one process of `tests/java/parser/Parse.java`.
pub(crate) fn hapi(class_path: &str, messages: &[String]) -> Vec<Outcome> {
    let mut lines = String::new();
    for message in messages {
        lines.extend(message.bytes().map(|byte| format!("{byte:02x}")));
        lines.push('\n');
    }
    let mut java = Command::new("java")
        .args(["-cp", class_path, "Parse"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("java starts");
    let mut stdin = java.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = java.wait_with_output().expect("java ends");
    writer.join().expect("no panic").expect("java reads all");
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).expect("the answers are ASCII");
    let outcomes: Vec<Outcome> = answers.lines().map(answer).collect();
    assert_eq!(outcomes.len(), messages.len());
    outcomes
}

fn answer(line: &str) -> Outcome {
    if line == "refused" {
        return Outcome::Refused;
    }
    let mut reading = Reading::default();
    for word in line.split(' ') {
        match word.split_once('=') {
            None => reading.segments.push(word.to_owned()),
            Some((place, text)) => {
                let bytes = (0..text.len() / 2)
                    .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("digits"))
                    .collect();
                let text = String::from_utf8(bytes).expect("it is UTF-8");
                reading.values.insert(place.to_owned(), text);
            }
        }
    }
    Outcome::Read(reading)
}

fn caught(read: impl FnOnce() -> Option<Reading>) -> Outcome {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Some(reading)) => Outcome::Read(reading),
        Ok(None) => Outcome::Refused,
        Err(_) => Outcome::Panicked,
    }
}
