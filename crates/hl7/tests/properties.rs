//! What holds for all bytes and all messages.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{
    AckCode, Acknowledgment, Charset, Continuation, Continuity, Delimiters, Draft, Index, Message,
    Path, Presence, Value, batch, utf8_from_utf16,
};
use proptest::prelude::*;

/// Reads everything that can be read of a message.
fn read_all(message: &Message<'_>) {
    fn read(value: Value<'_>, bytes: &[u8], scratch: &mut String) {
        assert_eq!(
            &bytes[value.offset()..value.offset() + value.raw().len()],
            value.raw()
        );
        let text = value.text().map(std::borrow::Cow::into_owned);
        assert_eq!(value.text_in(scratch).map(str::to_owned), text);
        assert_eq!(value.pieces().find_map(Result::err), value.text().err());
        assert!(value.part(1_000_000).presence() == Presence::Absent);
    }
    for deviation in message.deviations() {
        assert!(deviation.offset <= message.bytes().len());
        assert!(message.segment_at(deviation.segment).is_some());
        let _ = message.path_at(deviation.offset);
    }
    let mut scratch = String::new();
    for segment in message.segments() {
        assert_eq!(segment.name().len(), 3);
        for field in segment
            .fields()
            .chain([segment.field(0), segment.field(usize::MAX)])
        {
            for repetition in field.repetitions() {
                read(repetition, message.bytes(), &mut scratch);
                for component in repetition.parts() {
                    read(component, message.bytes(), &mut scratch);
                    for subcomponent in component.parts() {
                        read(subcomponent, message.bytes(), &mut scratch);
                    }
                }
            }
        }
    }
}

/// Bytes that often are, or nearly are, a message.
fn nearly_a_message() -> impl Strategy<Value = Vec<u8>> {
    let charset = prop::sample::select(
        &[
            "",
            "ASCII",
            "8859/1",
            "8859/6",
            "8859/9",
            "BIG-5",
            "GB 18030-2000",
            "KS X 1001",
            "ISO IR14",
            "ISO IR87",
            "~ISO IR87~ISO IR159||ISO 2022-1994",
            "8859/1~8859/5",
            "UNICODE UTF-16",
            "UNICODE UTF-8~ISO IR87",
        ][..],
    );
    let piece = prop_oneof![
        4 => prop::sample::select(&b"|^~\\&\r\n#\"XFT.Z0"[..]).prop_map(|byte| vec![byte]),
        2 => Just(b"\rPID|".to_vec()),
        1 => Just(b"\\XA4A4\\".to_vec()),
        1 => prop::sample::select(&["\x1b$B", "\x1b$(D", "\x1b(B", "\x1b(I", "\x1b)I", "\x1b-L", "\\M2442\\", "\\C2842\\", "\\.sp3\\"][..])
            .prop_map(|switch| switch.as_bytes().to_vec()),
        2 => "[a-z]{0,6}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    (charset, prop::collection::vec(piece, 0..60)).prop_map(|(charset, pieces)| {
        let mut bytes =
            format!("MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||{charset}\rNTE|").into_bytes();
        bytes.extend(pieces.concat());
        bytes
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), msh in any::<bool>()) {
        let bytes = if msh { [b"MSH".as_slice(), &bytes].concat() } else { bytes };
        let mut index = Index::new();
        if let Ok(message) = Message::parse(&bytes, &mut index) {
            read_all(&message);
        }
        let ack = Acknowledgment { code: AckCode::AR, errors: &[], expected_sequence_number: None, control_id: "1", at: "2024" };
        let mut out = Vec::new();
        ack.answer_unreadable(&bytes, &mut out);
        prop_assert!(out.starts_with(b"MSH"));
        for entry in batch::read(&bytes) {
            match entry {
                batch::Entry::FileHeader(segment) | batch::Entry::BatchTrailer(segment) => {
                    for number in 0..4 {
                        let _ = segment.field(number).value().text();
                    }
                }
                batch::Entry::Problem(problem) => prop_assert!(problem.offset <= bytes.len()),
                _ => {}
            }
        }
        let split: usize = batch::messages(&bytes).map(<[u8]>::len).sum();
        prop_assert!(split <= bytes.len());
    }

    #[test]
    fn near_messages_read_whole(bytes in nearly_a_message()) {
        let mut index = Index::new();
        if let Ok(message) = Message::parse(&bytes, &mut index) {
            read_all(&message);
            let mut out = Vec::new();
            Acknowledgment { code: AckCode::AA, errors: &[], expected_sequence_number: None, control_id: "1", at: "2024" }.answer(&message, &mut out);
            prop_assert!(Message::parse(&out, &mut Index::new()).is_ok());
        }
    }

    #[test]
    fn fragments_join_to_what_was_cut(lines in prop::collection::vec("[B-Z]{3}(\\|[a-z^~&]{0,12}){1,5}", 1..6),
                                      cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5), within in any::<bool>()) {
        let lines: Vec<String> = lines.into_iter().filter(|line| !["MSH", "DSC", "FHS", "BHS", "MSA", "QRD", "QPD"].iter().any(|name| line.starts_with(name))).collect();
        let body = lines.iter().fold(String::new(), |body, line| body + line + "\r");
        let whole = format!("MSH|^~\\&|A\r{body}");
        // Cut behind any character of a segment's fields, by ADD; between messages by DSC, or within one message.
        let mut places: Vec<usize> = body.match_indices('|').map(|(at, _)| at + 1).collect();
        places.sort_unstable();
        let mut cuts: Vec<usize> = cuts.iter().filter(|_| !places.is_empty()).map(|cut| *cut.get(&places)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let (mut at, mut sent) = (0, Vec::new());
        for &cut in &cuts {
            sent.push(&body[at..cut]);
            at = cut;
        }
        sent.push(&body[at..]);
        let messages: Vec<String> = if within {
            vec![format!("MSH|^~\\&|A\r{}", sent.join("\rADD|"))]
        } else {
            (0..sent.len()).map(|number| {
                let (pointer, add) = if number == 0 { (String::new(), "") } else { (format!("|||||||||||{number}"), "ADD|") };
                let dsc = if number + 1 == sent.len() { String::new() } else { format!("\rADD\rDSC|{}|F\r", number + 1) };
                format!("MSH|^~\\&|A{pointer}\r{add}{}{dsc}", sent[number])
            }).collect()
        };
        let mut continuation = Continuation::new(1 << 16);
        let (mut index, mut out) = (Index::new(), Vec::new());
        for (number, bytes) in messages.iter().enumerate() {
            let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
            let taken = continuation.take(&message, &mut out).unwrap();
            let expected = match (number + 1 == messages.len(), cuts.is_empty()) {
                (_, true) => Continuity::Whole,
                (true, _) => Continuity::Joined,
                (false, _) => Continuity::Waiting,
            };
            prop_assert_eq!(taken, expected);
        }
        if !cuts.is_empty() {
            prop_assert_eq!(String::from_utf8(out).unwrap(), whole);
        }
        prop_assert_eq!(continuation.waiting(), 0);
    }

    #[test]
    fn any_delimiters_will_do(order in Just(b"!\"#$%&'()*+,./:;<=>?@[\\]^_`{|}~".to_vec()).prop_shuffle(), count in 3usize..=6,
                              text in "\\PC{0,20}|[!-/:-@\\[-`{-~\\r\\n]{0,20}") {
        // An escape needs a delimiter; MSH-2 may stop behind it. (A hyphen would split the name in MSH-18.)
        let optional = |place: usize| (place < count).then(|| order[place]);
        let delimiters = Delimiters {
            field: order[0],
            component: order[1],
            repetition: optional(2),
            escape: Some(order[3]),
            subcomponent: if count > 3 { Some(order[4]) } else { None },
            truncation: if count > 4 { Some(order[5]) } else { None },
        };
        let mut draft = Draft::new(delimiters, Charset::Utf8);
        draft.push_segment("PID").unwrap();
        let path: Path = "PID-5.2".parse().unwrap();
        draft.set(&path, &text).unwrap();
        draft.set(&"PID-6".parse().unwrap(), "end").unwrap();
        let bytes = draft.to_bytes();
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        prop_assert_eq!(message.delimiters(), delimiters);
        prop_assert_eq!(message.get(&path).unwrap().text().unwrap(), text);
        prop_assert_eq!(message.segment("PID").unwrap().field(6).raw(), b"end");
    }

    #[test]
    fn utf16_is_rewritten_whole(text in "\\PC{0,40}", big in any::<bool>(), mark in any::<bool>(), cut in any::<bool>()) {
        let text = format!("MSH|^~\\&|{text}");
        let order = if big { u16::to_be_bytes } else { u16::to_le_bytes };
        let marked = if mark { format!("\u{feff}{text}") } else { text.clone() };
        let mut bytes: Vec<u8> = marked.encode_utf16().flat_map(order).collect();
        let mut buffer = "left over".to_owned();
        prop_assert_eq!(utf8_from_utf16(&bytes, &mut buffer).unwrap(), text.as_bytes());
        prop_assert_eq!(utf8_from_utf16(text.as_bytes(), &mut buffer).unwrap(), text.as_bytes());
        if cut {
            bytes.pop();
            prop_assert!(utf8_from_utf16(&bytes, &mut buffer).is_err());
        }
    }

    #[test]
    fn paths_survive_writing(occurrence in 1usize..50, field in 1usize..50, repetition in 1usize..50,
                             component in prop::option::of(1usize..50), subcomponent in prop::option::of(1usize..50)) {
        let mut written = format!("OBX[{occurrence}]-{field}[{repetition}]");
        for number in component.iter().chain(subcomponent.iter().filter(|_| component.is_some())) {
            written = format!("{written}.{number}");
        }
        let path: Path = written.parse().unwrap();
        prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
    }

    #[test]
    fn paths_never_panic(written in "\\PC{0,20}|PID[-\\[\\].0-9]{0,12}") {
        let _ = written.parse::<Path>();
    }

    #[test]
    fn escaped_text_reads_back(text in "\\PC{0,40}|[\\\\|^~&FSTREX.0-9 ]{0,40}") {
        let mut escaped = String::new();
        for character in text.chars() {
            match "|F^S~R&T\\E".split_once(character) {
                Some((_, behind)) if "|^~&\\".contains(character) => {
                    escaped.extend(['\\', behind.chars().next().unwrap(), '\\']);
                }
                _ => escaped.push(character),
            }
        }
        let bytes = format!("MSH|^~\\&|A\rNTE|1||{escaped}|end\r");
        let mut index = Index::new();
        let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
        let note = message.segment("NTE").unwrap();
        prop_assert_eq!(note.field(3).repetition_count(), 1);
        prop_assert_eq!(note.field(3).value().part(1).part(1).text().unwrap(), text);
        prop_assert_eq!(note.field(4).raw(), b"end");
    }

    #[test]
    fn splitting_by_hand_gives_the_same(lines in prop::collection::vec("[A-Z]{3}(\\|([a-z^~&\"]{0,12}|[a-z]{28,33}[a-z^~&]{0,40})){0,8}", 0..8)) {
        // The oracle: split by each delimiter in turn, as the standard's chapter 2 tells it.
        let bytes = format!("MSH|^~\\&|A|B\r{}", lines.join("\r"));
        let mut index = Index::new();
        let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
        prop_assert_eq!(message.segment_count(), lines.len() + 1);
        for (line, segment) in lines.iter().zip(message.segments().skip(1)) {
            let mut fields = line.split('|');
            prop_assert_eq!(fields.next().unwrap(), segment.name());
            // These declare delimiters themselves; their numbers are tested by hand.
            if ["MSH", "FHS", "BHS"].contains(&segment.name()) {
                continue;
            }
            let fields: Vec<&str> = fields.collect();
            prop_assert_eq!(segment.field_count(), fields.len());
            for (place, field) in fields.iter().enumerate() {
                let repetitions: Vec<&str> = field.split('~').collect();
                let ours = segment.field(place + 1);
                prop_assert_eq!(ours.repetition_count(), repetitions.len());
                for (place, component) in repetitions[0].split('^').enumerate() {
                    prop_assert_eq!(ours.component(place + 1).raw(), component.as_bytes());
                }
                for (place, repetition) in repetitions.iter().enumerate() {
                    let ours = ours.repetition(place + 1);
                    prop_assert_eq!(ours.raw(), repetition.as_bytes());
                    for (place, component) in repetition.split('^').enumerate() {
                        let ours = ours.part(place + 1);
                        prop_assert_eq!(ours.raw(), component.as_bytes());
                        let subcomponents: Vec<_> = component.split('&').map(str::as_bytes).collect();
                        prop_assert!(ours.parts().map(|part| part.raw()).eq(subcomponents));
                    }
                }
            }
        }
    }

    #[test]
    fn files_split_into_the_messages_they_hold(count in 0usize..6, end in prop::sample::select(&["\r", "\n", "\r\n"][..]), framed in any::<bool>()) {
        let expected: Vec<String> = (0..count).map(|n| format!("MSH|^~\\&|A{n}{end}PID|{n}{end}")).collect();
        let file: String = expected
            .iter()
            .map(|message| if framed { format!("\x0b{message}\x1c\r") } else { message.clone() })
            .collect();
        let split: Vec<&[u8]> = batch::messages(file.as_bytes()).collect();
        prop_assert_eq!(split, expected.iter().map(String::as_bytes).collect::<Vec<_>>());
    }
}
