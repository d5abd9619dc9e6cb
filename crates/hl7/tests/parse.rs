//! Reading messages: segments, fields, parts, presence, paths.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{Charset, Delimiters, Index, Level, Message, Path, Presence, Value};

const ADMISSION: &str = "MSH|^~\\&|ADM|NORTH|EHR|SOUTH|20240501083000||ADT^A01^ADT_A01|7001|P^T|2.5.1|||AL|NE\r\
    EVN|A01|20240501083000\r\
    PID|1||4711^^^NORTH&1.2.3&ISO^MR~88-1^^^NHS^NH||Marlow&van^Ida^\"\"||19700101|\"\"\r\
    OBX|1|NM|8867-4^Heart rate^LN||71\r\
    OBX|2|ST|note||first~second~third\r\
    ZZZ\r";

fn value(message: &Message<'_>, path: &str) -> Option<String> {
    let path: Path = path.parse().unwrap();
    message
        .get(&path)
        .map(|value| value.text().unwrap().into_owned())
}

#[test]
fn segments_are_found_by_place_and_by_name() {
    let mut index = Index::new();
    let message = Message::parse(ADMISSION.as_bytes(), &mut index).unwrap();
    let names: Vec<_> = message.segments().map(|segment| segment.name()).collect();
    assert_eq!(names, ["MSH", "EVN", "PID", "OBX", "OBX", "ZZZ"]);
    assert_eq!(message.segment_count(), 6);
    assert_eq!(message.segments().len(), 6);
    assert_eq!(message.segment("OBX").unwrap().ordinal(), 3);
    assert_eq!(
        message.segments_named("OBX").nth(1).unwrap().field(1).raw(),
        b"2"
    );
    assert_eq!(message.segment_at(5).unwrap().field_count(), 0);
    assert!(message.segment_at(6).is_none());
    assert!(message.segment("NK1").is_none());
    let pid = message.segment("PID").unwrap();
    assert!(ADMISSION[pid.offset()..].starts_with("PID|1|"));
    assert_eq!(message.bytes(), ADMISSION.as_bytes());
    assert_eq!(message.delimiters(), Delimiters::RECOMMENDED);
}

#[test]
fn msh_is_numbered_as_in_the_standard() {
    let mut index = Index::new();
    let message = Message::parse(ADMISSION.as_bytes(), &mut index).unwrap();
    let msh = message.msh();
    assert_eq!(msh.field(1).raw(), b"|");
    assert_eq!(msh.field(2).raw(), b"^~\\&");
    assert_eq!(msh.field(2).value().text().unwrap(), "^~\\&");
    assert_eq!(msh.field(2).repetition_count(), 1);
    assert_eq!(msh.field(2).component(1).raw(), b"^~\\&");
    assert_eq!(msh.field(3).raw(), b"ADM");
    assert_eq!(msh.field_count(), 16);
    assert_eq!(msh.fields().nth(11).unwrap().raw(), b"2.5.1");
}

#[test]
fn header_names_the_fields() {
    let mut index = Index::new();
    let message = Message::parse(ADMISSION.as_bytes(), &mut index).unwrap();
    let header = message.header();
    let read = [
        (header.sending_application(), "ADM"),
        (header.sending_facility(), "NORTH"),
        (header.receiving_application(), "EHR"),
        (header.receiving_facility(), "SOUTH"),
        (header.date_time(), "20240501083000"),
        (header.message_code(), "ADT"),
        (header.trigger_event(), "A01"),
        (header.structure(), "ADT_A01"),
        (header.control_id(), "7001"),
        (header.processing_id(), "P"),
        (header.version(), "2.5.1"),
        (header.accept_ack(), "AL"),
        (header.application_ack(), "NE"),
        (header.character_set(), ""),
    ];
    for (value, expected) in read {
        assert_eq!(value.text().unwrap(), expected);
    }
}

#[test]
fn paths_reach_every_level() {
    let mut index = Index::new();
    let message = Message::parse(ADMISSION.as_bytes(), &mut index).unwrap();
    let expected = [
        ("PID-3", Some("4711^^^NORTH&1.2.3&ISO^MR")),
        ("PID-3.1", Some("4711")),
        ("PID-3[2].1", Some("88-1")),
        ("PID-3[1].4.2", Some("1.2.3")),
        ("PID-3[2].4.1", Some("NHS")),
        ("PID-3[2].4.2", Some("")),
        ("PID-3[3]", Some("")),
        ("PID-5.1.2", Some("van")),
        ("PID-99", Some("")),
        ("OBX[2]-5[3]", Some("third")),
        ("OBX[3]-5", None),
        ("ZZZ-1", Some("")),
        ("NK1-1", None),
        ("MSH-1", Some("|")),
        ("MSH-2", Some("^~\\&")),
    ];
    for (path, text) in expected {
        assert_eq!(value(&message, path).as_deref(), text, "{path}");
    }
}

#[test]
fn absent_empty_null_and_valued_differ() {
    let mut index = Index::new();
    let message = Message::parse(ADMISSION.as_bytes(), &mut index).unwrap();
    let pid = message.segment("PID").unwrap();
    assert_eq!(pid.field(2).presence(), Presence::Empty);
    assert_eq!(pid.field(8).presence(), Presence::Null);
    assert_eq!(pid.field(9).presence(), Presence::Absent);
    assert_eq!(pid.field(0).presence(), Presence::Absent);
    assert_eq!(pid.field(5).presence(), Presence::Valued);
    assert!(pid.field(5).is_valued() && !pid.field(8).is_valued());
    assert_eq!(pid.field(5).component(3).presence(), Presence::Null);
    assert_eq!(pid.field(5).component(4).presence(), Presence::Absent);
    assert_eq!(pid.field(3).component(2).presence(), Presence::Empty);
    assert_eq!(pid.field(3).repetition(3).presence(), Presence::Absent);
    assert_eq!(pid.field(3).repetition(0).presence(), Presence::Absent);
    assert_eq!(pid.field(9).repetition_count(), 0);
    assert_eq!(pid.field(2).repetition_count(), 1);
    // A repetition is null by itself.
    let mut index = Index::new();
    let message = Message::parse(b"MSH|^~\\&|A\rPID|1||\"\"~7", &mut index).unwrap();
    let ids = message.segment("PID").unwrap().field(3);
    assert_eq!(ids.repetition(1).presence(), Presence::Null);
    assert_eq!(ids.repetition(2).presence(), Presence::Valued);
}

#[test]
fn a_value_knows_its_level_and_place() {
    let mut index = Index::new();
    let message = Message::parse(ADMISSION.as_bytes(), &mut index).unwrap();
    let id = message.segment("PID").unwrap().field(3).value();
    assert_eq!(id.level(), Level::Repetition);
    let authority = id.part(4);
    assert_eq!(authority.level(), Level::Component);
    let oid = authority.part(2);
    assert_eq!(oid.level(), Level::Subcomponent);
    assert_eq!(&ADMISSION.as_bytes()[oid.offset()..][..5], oid.raw());
    // Undivided, the first part is the value itself; there is no second.
    assert_eq!(oid.part(1).raw(), oid.raw());
    assert_eq!(oid.part(2).presence(), Presence::Absent);
    assert_eq!(id.part(1).part(1).raw(), b"4711");
    assert_eq!(id.parts().count(), 5);
    assert_eq!(id.part(99).parts().count(), 0);
    let birth = message.segment("PID").unwrap().field(7).value();
    assert_eq!(birth.part(1).part(1).raw(), b"19700101");
}

#[test]
fn delimiters_are_what_msh_says() {
    let bytes = b"MSH!$%*@#!A!B\rPID!1!!7$x@y%8\r";
    let mut index = Index::new();
    let message = Message::parse(bytes, &mut index).unwrap();
    assert_eq!(message.delimiters().truncation, Some(b'#'));
    assert_eq!(value(&message, "PID-3[2]").unwrap(), "8");
    assert_eq!(value(&message, "PID-3.2.2").unwrap(), "y");
    // What MSH-2 leaves out is plain text.
    let mut index = Index::new();
    let message = Message::parse(b"MSH|^|A\rPID|a~b&c\\T\\^d", &mut index).unwrap();
    assert_eq!(value(&message, "PID-1.1").unwrap(), "a~b&c\\T\\");
    assert_eq!(
        message
            .segment("PID")
            .unwrap()
            .field(1)
            .component(1)
            .part(1)
            .raw(),
        b"a~b&c\\T\\"
    );
}

#[test]
fn every_line_end_and_blank_line_is_tolerated() {
    for end in ["\r", "\n", "\r\n", "\r\r", "\n\n \t\r\n"] {
        let text = format!("\u{feff} {end}{}", ADMISSION.replace('\r', end));
        let mut index = Index::new();
        let message = Message::parse(text.as_bytes(), &mut index).unwrap();
        assert_eq!(message.segment_count(), 6, "{end:?}");
        assert_eq!(value(&message, "PID-8").unwrap(), "\"\"");
        assert_eq!(value(&message, "OBX[2]-5[3]").unwrap(), "third");
    }
    let mut index = Index::new();
    let message = Message::parse(ADMISSION.trim_end().as_bytes(), &mut index).unwrap();
    assert_eq!(
        message.segment_count(),
        6,
        "the last line end may be missing"
    );
}

#[test]
fn one_index_serves_many_messages() {
    let mut index = Index::new();
    for round in 0..3 {
        let bytes = format!("MSH|^~\\&|A{round}\rPID|{round}\r");
        let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
        assert_eq!(message.segment_count(), 2);
        assert_eq!(value(&message, "PID-1").unwrap(), round.to_string());
    }
}

#[test]
fn the_character_set_is_msh_18() {
    for (declared, charset) in [
        ("", Charset::Utf8),
        ("ASCII", Charset::Ascii),
        ("UNICODE UTF-8", Charset::Utf8),
        ("8859/1", Charset::Latin1),
        ("8859/15~ASCII", Charset::Latin9),
        ("~8859/1", Charset::Utf8),
        ("\"\"", Charset::Utf8),
        ("GB 18030-2000", Charset::Gb18030),
    ] {
        let bytes = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||{declared}|\rPID|1\r");
        let mut index = Index::new();
        assert_eq!(
            Message::parse(bytes.as_bytes(), &mut index)
                .unwrap()
                .charset(),
            charset,
            "{declared}"
        );
    }
}

#[test]
fn what_a_repetition_does_not_reach_stands_at_its_end() {
    let bytes = b"MSH|^~\\&|A\rPID|1||47^N~88^M^L|x\r";
    let mut index = Index::new();
    let message = Message::parse(bytes, &mut index).unwrap();
    let field = message.segment("PID").unwrap().field(3);
    for absent in [field.component(3), field.value().part(3)] {
        assert_eq!(absent.presence(), Presence::Absent);
        assert_eq!(absent.offset(), 22);
    }
    assert_eq!(field.component(2).raw(), b"N");
    assert_eq!(field.repetition(2).part(3).raw(), b"L");
}

/// Short values are searched in one step and long ones piece by piece: both, and what lies around the seam, tell the
/// same as splitting by hand does, in the middle of a message and at its end.
#[test]
#[cfg_attr(
    miri,
    ignore = "takes minutes; the tests above go through the same code"
)]
fn parts_are_the_same_however_long_a_value_is() {
    for length in (0..12).chain(52..80).chain([200]) {
        for pattern in ["abcdefg^", "^", "ab~", "a^b&c~^", "abcdefghijklm&"] {
            let value: String = pattern.chars().cycle().take(length).collect();
            for behind in ["", "|", "|x^y~z&", &"|^~&x".repeat(30)] {
                let bytes = format!("MSH|^~\\&|A\rNTE|{value}{behind}");
                let mut index = Index::new();
                let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
                let field = message.segment("NTE").unwrap().field(1);
                let (mut repetitions, mut offset) = (value.split('~'), 15);
                for number in 1..=value.split('~').count() + 2 {
                    let Some(expected) = repetitions.next() else {
                        assert_eq!(field.repetition(number).presence(), Presence::Absent);
                        assert_eq!(field.repetition(number).offset(), 15 + length);
                        continue;
                    };
                    let repetition = field.repetition(number);
                    assert_eq!(repetition.raw(), expected.as_bytes());
                    assert_eq!(repetition.offset(), offset);
                    check_components(expected, |number| repetition.part(number));
                    if number == 1 {
                        check_components(expected, |number| field.component(number));
                    }
                    offset += expected.len() + 1;
                }
            }
        }
    }
}

fn check_components<'a>(expected: &str, component: impl Fn(usize) -> Value<'a>) {
    for (raw, number) in expected.split('^').zip(1..) {
        let found = component(number);
        assert_eq!(found.raw(), raw.as_bytes());
        for (raw, number) in raw.split('&').zip(1..) {
            assert_eq!(found.part(number).raw(), raw.as_bytes());
        }
    }
    let beyond = component(expected.split('^').count() + 1);
    assert_eq!(beyond.presence(), Presence::Absent);
}
