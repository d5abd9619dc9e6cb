//! Deviations from the encoding rules (HL7 v2.9 chapter 2) by code and place; strict refuses what tolerant lists.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{
    Charset, Conformance, Deviation, DeviationCode, Index, Message, ParseErrorKind, ParseOptions,
};

const MSH: &str = "MSH|^~\\&|LAB|NORTH|EHR|NORTH|20240501083000+0200||ADT^A01^ADT_A01|7|P|2.5.1";

fn deviations(bytes: &[u8]) -> Vec<Deviation> {
    let mut index = Index::new();
    let message = Message::parse(bytes, &mut index).unwrap();
    let found: Vec<_> = message.deviations().collect();
    for deviation in &found {
        let segment = message.segment_at(deviation.segment).unwrap();
        if let Some(path) = deviation.path {
            assert_eq!(path.segment(), segment.name());
            assert!(message.get(&path).is_some());
        }
    }
    let strict = ParseOptions {
        conformance: Conformance::Strict,
        ..ParseOptions::default()
    };
    let mut index = Index::new();
    let refused = Message::parse_with(bytes, &mut index, strict).err();
    let expected = found.first().map(|first| kiln_hl7::ParseError {
        kind: ParseErrorKind::Deviation { code: first.code },
        offset: first.offset,
    });
    assert_eq!(refused, expected, "strict refuses for the first");
    found
}

/// The codes and places, as `code place offset`.
fn told(bytes: impl AsRef<[u8]>) -> Vec<String> {
    deviations(bytes.as_ref())
        .iter()
        .map(|found| {
            let place = found.path.map_or("-".to_owned(), |path| path.to_string());
            format!("{} {place} {}", found.code.as_str(), found.offset)
        })
        .collect()
}

#[test]
fn a_conforming_message_has_none() {
    let message = format!(
        "{MSH}\rPID|1||4711^^^NORTH&1.2&ISO^MR~88||Marlow\\T\\Co^Ida||19700101|\"\"|||\rNTE|1||\\.in+4\\\\H\\a\\N\\\\.br\\\\X0D\\\\Z1\\\\E\\\r"
    );
    assert_eq!(told(message), [""; 0]);
    let message = MSH.replace("2.5.1", "2.8") + "||||||UNICODE UTF-8\rPID|1||||Mäx\r";
    assert_eq!(told(message.replace("^~\\&", "^~\\&#")), [""; 0]);
    let japanese = MSH.to_owned() + "||||||~ISO IR87||ISO 2022-1994\rPID|\x1b$B;3ED\x1b(B\r";
    assert_eq!(told(japanese), [""; 0]);
}

#[test]
fn what_stands_around_segments() {
    let end = MSH.len();
    assert_eq!(told(format!("\u{feff}{MSH}\r")), ["byte-order-mark - 0"]);
    assert_eq!(
        told(format!("\u{feff}\r\n {MSH}\r")),
        ["byte-order-mark - 0", "leading-blanks - 3"]
    );
    assert_eq!(
        told(format!("{MSH}\nPV1|1\r\nPV2|1\r")),
        [
            format!("line-feed - {end}"),
            format!("line-feed - {}", end + 6)
        ]
    );
    assert_eq!(
        told(format!("{MSH}\r\r \r\rPV1|1")),
        [
            format!("blank-line - {}", end + 1),
            format!("blank-line - {}", end + 2),
            format!("blank-line - {}", end + 4),
            format!("unended-segment - {}", end + 10),
        ]
    );
    assert_eq!(
        told(format!("{MSH}\r\n\r\nPV1\r")),
        [
            format!("line-feed - {end}"),
            format!("blank-line - {}", end + 2)
        ]
    );
}

#[test]
fn segments_that_do_not_belong() {
    let second = MSH.len() + 1;
    assert_eq!(
        told(format!("{MSH}\rpv1|1\r")),
        [format!("lowercase-name - {second}")]
    );
    assert_eq!(
        told(format!("{MSH}\r{MSH}\rBTS|1\r")),
        [
            format!("second-header - {second}"),
            format!("batch-segment - {}", 2 * second)
        ]
    );
}

#[test]
fn the_header() {
    assert_eq!(
        told("MSH|^~\\&|A\r"),
        [
            "missing-header-field MSH-9 10",
            "missing-header-field MSH-10 10",
            "missing-header-field MSH-11 10",
            "missing-header-field MSH-12 10",
        ]
    );
    assert_eq!(
        told(MSH.replace("2.5.1", "2.5.3") + "\r"),
        ["unknown-version MSH-12 70"]
    );
    assert_eq!(
        told(MSH.replace("0501083000", "0532083000") + "\r"),
        ["bad-date-time MSH-7 29"]
    );
    assert_eq!(
        told(MSH.replace("^~\\&", "^~\\&#") + "\r"),
        ["early-truncation MSH-2 8"]
    );
    assert_eq!(
        told(MSH.to_owned() + "||||||utf-8~ISO IR6\r"),
        ["charset-name MSH-18 81"]
    );
}

#[test]
fn values() {
    let told = |value: &str| {
        let begin = MSH.len() + "\rPID|1||".len();
        let bytes = format!("{MSH}\rPID|1||{value}\r");
        let found = deviations(bytes.as_bytes());
        found
            .iter()
            .map(|found| {
                format!(
                    "{} {} {}",
                    found.code.as_str(),
                    found.path.unwrap(),
                    found.offset - begin
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(told("C:\\dir"), ["stray-escape PID-3 2"]);
    assert_eq!(told("a^b&c\\~d"), ["stray-escape PID-3.2.2 5"]);
    assert_eq!(told("a~^b\x07"), ["control-character PID-3[2].2 4"]);
    assert_eq!(
        told("\\X4\\&\\C2899\\&\\XFF\\&\\.xy\\"),
        [
            "unknown-escape PID-3.1.1 0",
            "unknown-escape PID-3.1.2 5",
            "unknown-escape PID-3.1.3 13",
            "stray-escape PID-3.1.4 19",
            "stray-escape PID-3.1.4 23",
        ]
    );
    assert_eq!(
        told("\\M2442\\;3\\C2842\\"),
        ["unannounced-switch PID-3 0", "unannounced-switch PID-3 9"]
    );
    assert_eq!(told("\\M2442\\;3").last().unwrap(), "open-switch PID-3 9");
    assert_eq!(told("Mä"), ["undeclared-charset PID-3 1"]);
}

#[test]
fn undecodable_bytes_of_other_sets() {
    let message = MSH.to_owned() + "||||||8859/6\rPID|1||a^\u{1}";
    let mut bytes = message.into_bytes();
    *bytes.last_mut().unwrap() = 0xA1;
    bytes.push(b'\r');
    let at = bytes.len() - 2;
    assert_eq!(told(&bytes), [format!("undecodable PID-3.2 {at}")]);
}

#[test]
fn occurrences_are_counted() {
    let message = format!("{MSH}\rOBX|1\rNTE|1\rOBX|2|a\\\r");
    assert!(told(message)[0].starts_with("stray-escape OBX[2]-2 "));
}

#[test]
fn they_tell_what_to_do_and_no_content() {
    let bytes = format!("{MSH}\rPID|1||Marlow\\");
    for deviation in deviations(bytes.as_bytes()) {
        let shown = deviation.to_string();
        assert!(shown.contains("; "), "{shown}");
        assert!(!shown.contains("Marlow"), "{shown}");
    }
}

#[test]
fn words_are_distinct() {
    use DeviationCode as Code;
    let mut words = [
        Code::ByteOrderMark,
        Code::LeadingBlanks,
        Code::LineFeed,
        Code::BlankLine,
        Code::UnendedSegment,
        Code::LowercaseName,
        Code::SecondHeader,
        Code::BatchSegment,
        Code::MissingHeaderField,
        Code::UnknownVersion,
        Code::BadDateTime,
        Code::EarlyTruncation,
        Code::UndeclaredCharset,
        Code::CharsetName,
        Code::Undecodable,
        Code::OpenSwitch,
        Code::UnannouncedSwitch,
        Code::ControlCharacter,
        Code::StrayEscape,
        Code::UnknownEscape,
    ]
    .map(Code::as_str)
    .to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), 20);
}

#[test]
fn the_path_of_an_offset() {
    let bytes = b"MSH|^~\\&|A\rPID|1|a~b^c&d^|x&y\rPID|2\r";
    let mut index = Index::new();
    let message = Message::parse(bytes, &mut index).unwrap();
    let path = |offset| message.path_at(offset).map(|path| path.to_string());
    let expected = [
        (0, None),
        (3, Some("MSH-1")),
        (5, Some("MSH-2")),
        (9, Some("MSH-3")),
        (12, None),
        (15, Some("PID-1")),
        (17, Some("PID-2")),
        (19, Some("PID-2[2].1")),
        (21, Some("PID-2[2].2.1")),
        (23, Some("PID-2[2].2.2")),
        (25, Some("PID-2[2].3")),
        (26, Some("PID-3.1.1")),
        (28, Some("PID-3.1.2")),
        (34, Some("PID[2]-1")),
        (99, None),
    ];
    for (offset, place) in expected {
        assert_eq!(path(offset).as_deref(), place, "{offset}");
    }
    assert_eq!(message.charset(), Charset::Utf8);
}
