//! Acknowledgments: who, what, where, in the sender's delimiters and version.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{
    AckCode, AckError, Acknowledgment, ErrorCode, ErrorLocation, Index, Message, Severity,
};

fn ack<'a>(code: AckCode, errors: &'a [AckError<'a>]) -> Acknowledgment<'a> {
    Acknowledgment {
        code,
        errors,
        expected_sequence_number: None,
        control_id: "K1",
        at: "20240501083001+0000",
    }
}

fn answer(ack: &Acknowledgment<'_>, bytes: &[u8]) -> String {
    let mut index = Index::new();
    let message = Message::parse(bytes, &mut index).unwrap();
    let mut out = Vec::new();
    ack.answer(&message, &mut out);
    Message::parse(&out, &mut Index::new()).expect("an acknowledgment is a message");
    String::from_utf8(out).unwrap()
}

fn answer_unreadable(bytes: &[u8]) -> String {
    let error = AckError {
        location: Some(ErrorLocation::segment(*b"MSH", 1)),
        code: ErrorCode::SegmentSequence,
        severity: Severity::Error,
        text: "no",
    };
    let mut out = Vec::new();
    ack(AckCode::AR, &[error]).answer_unreadable(bytes, &mut out);
    Message::parse(&out, &mut Index::new()).expect("an acknowledgment is a message");
    String::from_utf8(out).unwrap()
}

#[test]
fn parties_swap_and_the_rest_is_echoed() {
    let text = answer(
        &ack(AckCode::AA, &[]),
        b"MSH|^~\\&|APP^1.2^ISO|FAC|RAPP|RFAC|20240501||ORU^R01^ORU_R01|C-9|T|2.5.1^DEU||||||8859/1\r",
    );
    assert_eq!(
        text,
        "MSH|^~\\&|RAPP|RFAC|APP^1.2^ISO|FAC|20240501083001+0000||ACK^R01^ACK|K1|T|2.5.1^DEU||||||8859/1\rMSA|AA|C-9\r"
    );
}

#[test]
fn the_way_character_sets_switch_is_echoed() {
    let text = answer(
        &ack(AckCode::AA, &[]),
        b"MSH|^~\\&|\x1b$B4A;z\x1b(B|B|C|D|||ADT^A08|7|P|2.6||||||ASCII~ISO IR87||ISO 2022-1994\r",
    );
    assert_eq!(
        text,
        "MSH|^~\\&|C|D|\x1b$B4A;z\x1b(B|B|20240501083001+0000||ACK^A08^ACK|K1|P|2.6||||||ASCII~ISO IR87||ISO 2022-1994\rMSA|AA|7\r"
    );
}

#[test]
fn delimiters_are_the_senders() {
    let error = AckError {
        location: Some("PID-3[2].4.1".parse::<kiln_hl7::Path>().unwrap().into()),
        code: ErrorCode::DataType,
        severity: Severity::Warning,
        text: "a!b$c",
    };
    let text = answer(
        &ack(AckCode::AE, &[error]),
        b"MSH!$%*@!A!B!C!D!!!ADT$A08!7!P!2.6\r",
    );
    assert_eq!(
        text,
        "MSH!$%*@!C!D!A!B!20240501083001+0000!!ACK$A08$ACK!K1!P!2.6\rMSA!AE!7\r\
         ERR!!PID$1$3$2$4$1!102$Data type error$HL70357!W!!!!a*F*b*S*c\r"
    );
}

#[test]
fn err_follows_the_version() {
    let error = AckError {
        location: Some("PID[2]-3".parse::<kiln_hl7::Path>().unwrap().into()),
        code: ErrorCode::RequiredFieldMissing,
        severity: Severity::Error,
        text: "PID-3 is missing",
    };
    let unplaced = AckError {
        location: None,
        code: ErrorCode::ApplicationInternal,
        ..error
    };
    let errors = [error, unplaced];
    for version in ["2.1", "2.3", "2.3.1", "2.4"] {
        let message = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|7|P|{version}\r");
        let text = answer(&ack(AckCode::AE, &errors), message.as_bytes());
        let behind = text.split_once('\r').unwrap().1;
        assert_eq!(
            behind,
            "MSA|AE|7|PID-3 is missing\rERR|PID^2^3^101&Required field missing&HL70357\r\
             ERR|^^^207&Application internal error&HL70357\r"
        );
    }
    for version in ["2.5", "2.5.1", "2.7", "2.8.2", "2.9", "3.0", "2.10"] {
        let message = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|7|P|{version}\r");
        let text = answer(&ack(AckCode::AE, &errors), message.as_bytes());
        let behind = text.split_once('\r').unwrap().1;
        assert_eq!(
            behind,
            "MSA|AE|7\rERR||PID^2^3^1|101^Required field missing^HL70357|E||||PID-3 is missing\r\
             ERR|||207^Application internal error^HL70357|E||||PID-3 is missing\r",
            "{version}"
        );
    }
}

#[test]
fn every_code_is_the_tables() {
    use ErrorCode as E;

    for (code, text) in [
        (AckCode::AA, "AA"),
        (AckCode::AE, "AE"),
        (AckCode::AR, "AR"),
        (AckCode::CA, "CA"),
        (AckCode::CE, "CE"),
        (AckCode::CR, "CR"),
    ] {
        assert!(answer(&ack(code, &[]), b"MSH|^~\\&|A\r").contains(&format!("MSA|{text}|")));
    }
    let codes = [
        (E::SegmentSequence, 100),
        (E::RequiredFieldMissing, 101),
        (E::DataType, 102),
        (E::TableValueNotFound, 103),
        (E::UnsupportedMessageType, 200),
        (E::UnsupportedEventCode, 201),
        (E::UnsupportedProcessingId, 202),
        (E::UnsupportedVersion, 203),
        (E::UnknownKeyIdentifier, 204),
        (E::Duplicate, 205),
        (E::ApplicationRecordLocked, 206),
        (E::ApplicationInternal, 207),
    ];
    assert!(codes.iter().all(|(code, number)| code.code() == *number));
}

#[test]
fn missing_header_fields_have_defaults() {
    assert_eq!(
        answer(&ack(AckCode::AE, &[]), b"MSH|^~\\&|A\r"),
        "MSH|^~\\&|||A||20240501083001+0000||ACK|K1|P|2.5.1\rMSA|AE|\r"
    );
}

#[test]
fn unreadable_messages_are_answered_with_what_can_be_read() {
    let err = "ERR||MSH^1|100^Segment sequence error^HL70357|E||||no\r";
    let nothing = format!("MSH|^~\\&|||||20240501083001+0000||ACK|K1|P|2.5.1\rMSA|AR|\r{err}");
    for bytes in [&b""[..], b"PID|1", b"\xff\x00", b"MSH", b"MSH|", b"MSH\r"] {
        assert_eq!(answer_unreadable(bytes), nothing);
    }
    // A defect behind MSH leaves all of MSH readable.
    let text = answer_unreadable(
        b"\xEF\xBB\xBFMSH|^~\\&|A|B|C|D|||ADT^A01^ADT_A01|7|P|2.6\rPID|\xff\rxx\r",
    );
    assert_eq!(
        text,
        format!("MSH|^~\\&|C|D|A|B|20240501083001+0000||ACK^A01^ACK|K1|P|2.6\rMSA|AR|7\r{err}")
    );
    // Without usable delimiters, plain fields still are: the sender finds its control id.
    let text = answer_unreadable(b"MSH|^^\\&|A|B^x|C|D|||ADT^A01|7-b|P|2.6\r");
    assert_eq!(
        text,
        format!("MSH|^~\\&|C|D|A||20240501083001+0000||ACK|K1|P|2.6\rMSA|AR|7-b\r{err}")
    );
}

#[test]
fn texts_fit_the_message() {
    let error = AckError {
        location: None,
        code: ErrorCode::DataType,
        severity: Severity::Information,
        text: "größer | als\r\n&",
    };
    let of = |charset: &str| {
        let message = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|7|P|2.5||||||{charset}\r");
        answer(&ack(AckCode::AE, &[error]), message.as_bytes())
    };
    assert!(of("UNICODE UTF-8").ends_with("|I||||größer \\F\\ als  \\T\\\r"));
    assert!(of("ASCII").ends_with("|I||||gr??er \\F\\ als  \\T\\\r"));
}

#[test]
fn a_link_that_numbers_its_messages_is_told_the_number() {
    let bytes =
        b"MSH|^~\\&|ADT|767543|LAB|767543|199003141304-0500||ADT^A08^ADT_A01|XX3657|P|2.7|0\r";
    for (expected, msa) in [(1, "MSA|AA|XX3657||1\r"), (-1, "MSA|AA|XX3657||-1\r")] {
        let ack = Acknowledgment {
            expected_sequence_number: Some(expected),
            ..ack(AckCode::AA, &[])
        };
        let text = answer(&ack, bytes);
        assert!(text.ends_with(msa), "{text}");
    }
}
