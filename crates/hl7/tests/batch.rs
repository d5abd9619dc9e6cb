//! Files of messages are split without losing a byte of one.
#![allow(clippy::unwrap_used)]

use kiln_hl7::Presence;
use kiln_hl7::batch::{Entry, messages, read};

fn split(bytes: &[u8]) -> Vec<&str> {
    messages(bytes)
        .map(|message| std::str::from_utf8(message).unwrap_or("not text"))
        .collect()
}

#[test]
fn one_or_many_with_any_line_end() {
    for end in ["\r", "\n", "\r\n"] {
        let one = format!("MSH|^~\\&|A{end}PID|1{end}");
        let two = format!("MSH|^~\\&|B{end}");
        assert_eq!(split(one.as_bytes()), [&one]);
        assert_eq!(split(format!("{one}{two}").as_bytes()), [&one, &two]);
        assert_eq!(
            split(format!("\u{feff}{end}{one}{end}{end}{two}{end}").as_bytes()),
            [&one, &two]
        );
    }
    assert_eq!(
        split(b"MSH|^~\\&|A\rPID|1"),
        ["MSH|^~\\&|A\rPID|1"],
        "the last line end may be missing"
    );
}

#[test]
fn frames_are_taken_off() {
    assert_eq!(
        split(b"\x0bMSH|^~\\&|A\rPID|1\r\x1c\r\x0bMSH|^~\\&|B\r\x1c\r\n"),
        ["MSH|^~\\&|A\rPID|1\r", "MSH|^~\\&|B\r"]
    );
    assert_eq!(
        split(b"\x0bMSH|^~\\&|A\x1c\x0bMSH|^~\\&|B\x1c"),
        ["MSH|^~\\&|A", "MSH|^~\\&|B"]
    );
}

#[test]
fn batch_segments_are_left_out() {
    let file = b"FHS|^~\\&|L\rBHS|^~\\&|L\rMSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\rBTS|2\rBHS|^~\\&|L\rMSH|^~\\&|C\rBTS|1\rFTS|2\r";
    assert_eq!(
        split(file),
        ["MSH|^~\\&|A\rPID|1\r", "MSH|^~\\&|B\r", "MSH|^~\\&|C\r"]
    );
}

#[test]
fn nothing_is_skipped_silently() {
    assert_eq!(
        split(b"hello\nworld\nMSH|^~\\&|A\n"),
        ["hello\nworld\n", "MSH|^~\\&|A\n"]
    );
    assert_eq!(split(b"PID|1\r"), ["PID|1\r"]);
    assert_eq!(
        split(b"MSH|^~\\&|A\rMSHX|1\r"),
        ["MSH|^~\\&|A\rMSHX|1\r"],
        "MSHX names no message"
    );
}

#[test]
fn blanks_are_no_message() {
    assert!(split(b"").is_empty());
    assert!(split(b" \r\n\x0b\x1c\r\xEF\xBB\xBF").is_empty());
    assert!(split(b"FHS|^~\\&|L\rFTS|0\r").is_empty());
}

/// The entries of a file, each in a word or two.
fn told(bytes: &[u8]) -> Vec<String> {
    read(bytes)
        .map(|entry| match entry {
            Entry::FileHeader(segment)
            | Entry::BatchHeader(segment)
            | Entry::BatchTrailer(segment)
            | Entry::FileTrailer(segment) => {
                assert_eq!(
                    &bytes[segment.offset()..segment.offset() + segment.raw().len()],
                    segment.raw()
                );
                segment.name().to_owned()
            }
            Entry::Message(message) => String::from_utf8_lossy(&message[..3]).into_owned(),
            Entry::Problem(problem) => format!("{:?} at {}", problem.kind, problem.offset),
            _ => "something new".to_owned(),
        })
        .collect()
}

#[test]
fn a_file_of_batches_that_counts_right() {
    let file = b"FHS|^~\\&|L\rBHS|^~\\&|L\rMSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\rBTS|2\rBHS|^~\\&|L\rBTS|0\rFTS|2\r";
    assert_eq!(
        told(file),
        ["FHS", "BHS", "MSH", "MSH", "BTS", "BHS", "BTS", "FTS"]
    );
    // Everything around the messages may be left out (2.10.3.1), and so may the counts.
    assert_eq!(told(b"MSH|^~\\&|A\rMSH|^~\\&|B\r"), ["MSH", "MSH"]);
    assert_eq!(
        told(b"BHS|^~\\&\rMSH|^~\\&|A\rBTS\r"),
        ["BHS", "MSH", "BTS"]
    );
    assert_eq!(
        told(b"FHS|^~\\&\rMSH|^~\\&|A\rFTS|1\r"),
        ["FHS", "MSH", "FTS"]
    );
    // Several files in one.
    assert_eq!(
        told(b"FHS|^~\\&\rFTS|0\rFHS|^~\\&\rFTS|0\r"),
        ["FHS", "FTS", "FHS", "FTS"]
    );
}

#[test]
fn counts_are_checked() {
    assert_eq!(
        told(b"FHS|^~\\&\rBHS|^~\\&\rMSH|^~\\&|A\rBTS|2\rFTS|3\r"),
        [
            "FHS",
            "BHS",
            "MSH",
            "BTS",
            "MessageCount { declared: 2, found: 1 } at 33",
            "FTS",
            "BatchCount { declared: 3, found: 1 } at 39",
        ]
    );
    assert_eq!(
        told(b"BHS|^~\\&\rBTS|two\r"),
        ["BHS", "BTS", "BadCount at 13"]
    );
    // What is no message is none of the batch's.
    assert_eq!(
        told(b"BHS|^~\\&\rPID|1\rMSH|^~\\&|A\rBTS|1\r"),
        ["BHS", "PID", "MSH", "BTS"]
    );
}

#[test]
fn what_lacks_its_counterpart_is_told() {
    assert_eq!(
        told(b"FHS|^~\\&\rBHS|^~\\&\rMSH|^~\\&|A\r"),
        [
            "FHS",
            "BHS",
            "MSH",
            "NoBatchTrailer at 29",
            "NoFileTrailer at 29"
        ]
    );
    assert_eq!(
        told(b"BHS|^~\\&\rBHS|^~\\&\rBTS\r"),
        ["BHS", "NoBatchTrailer at 9", "BHS", "BTS"]
    );
    assert_eq!(
        told(b"MSH|^~\\&|A\rBTS|1\rFTS\r"),
        [
            "MSH",
            "BTS",
            "NoBatchHeader at 11",
            "FTS",
            "NoFileHeader at 17"
        ]
    );
}

#[test]
fn batch_segments_have_fields_as_the_standard_numbers_them() {
    let file = b"FHS$%~\\&$LAB%X$$$$2024$$day.hl7$all$42\nBHS|^~\\&|LAB|||||||night|7\nBTS|0|done|1~2\nFTS$1$bye\n";
    let mut seen = 0;
    for entry in read(file) {
        match entry {
            Entry::FileHeader(header) => {
                assert_eq!(header.field(1).raw(), b"$");
                assert_eq!(header.field(2).value().text().unwrap(), "%~\\&");
                assert_eq!(header.field(3).component(2).text().unwrap(), "X");
                assert_eq!(header.field(9).raw(), b"day.hl7");
                assert_eq!(header.field(11).raw(), b"42");
                assert_eq!(header.field(12).presence(), Presence::Absent);
                assert_eq!(header.field(0).presence(), Presence::Absent);
                assert!(!format!("{header:?}").contains("LAB"));
            }
            Entry::BatchHeader(header) => assert_eq!(header.field(11).raw(), b"7"),
            Entry::BatchTrailer(trailer) => {
                assert_eq!(trailer.field(1).raw(), b"0");
                assert_eq!(trailer.field(2).raw(), b"done");
                assert_eq!(trailer.field(3).repetition_count(), 2);
            }
            Entry::FileTrailer(trailer) => assert_eq!(trailer.field(2).raw(), b"bye"),
            other => panic!("{other:?}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
}
