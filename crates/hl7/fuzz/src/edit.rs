use kiln_hl7::{AckCode, Acknowledgment, Draft, Index, Message, Path, Presence};

use super::message::with_message;

/// A path, a text and a message, a line each. Writing a message gives its bytes; the edit changes one segment and
/// nothing else; what was set is read; an acknowledgment, which is built the same way, is a message.
pub fn edit(input: &[u8]) {
    let mut lines = input.splitn(3, |&byte| byte == b'\n');
    let (Some(path), Some(text), Some(bytes)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let (Ok(path), Ok(text)) = (std::str::from_utf8(path), std::str::from_utf8(text)) else {
        return;
    };
    let Ok(path) = path.parse::<Path>() else {
        return;
    };
    with_message(bytes, |message| {
        let mut draft = Draft::from(*message);
        assert_eq!(draft.to_bytes(), message.bytes());
        match draft.set(&path, text) {
            Ok(()) => reread(message, &draft, &path, text),
            Err(_) => assert_eq!(draft.to_bytes(), message.bytes()),
        }
        if draft.set_raw(&path, text.as_bytes()).is_ok() {
            let bytes = draft.to_bytes();
            let mut index = Index::new();
            let message = Message::parse(&bytes, &mut index).expect("an edited message is one");
            let value = message.get(&path).expect("the segment is there");
            assert_eq!(value.raw(), text.as_bytes());
        }
    });
    acknowledge(bytes);
}

fn reread(message: &Message<'_>, draft: &Draft<'_>, path: &Path, text: &str) {
    let bytes = draft.to_bytes();
    let mut index = Index::new();
    let edited = Message::parse(&bytes, &mut index).expect("an edited message is one");
    let value = edited.get(path).expect("the segment is there");
    assert_eq!(value.text().as_deref(), Ok(text));
    assert_eq!(value.presence() == Presence::Empty, text.is_empty());
    assert_eq!(edited.segment_count(), message.segment_count());
    let mut differing = message
        .segments()
        .zip(edited.segments())
        .filter(|(before, after)| before.raw() != after.raw());
    assert!(
        differing
            .next()
            .is_none_or(|(before, _)| before.name() == path.segment())
    );
    assert!(differing.next().is_none());
}

fn acknowledge(bytes: &[u8]) {
    let acknowledgment = Acknowledgment {
        code: AckCode::AE,
        errors: &[],
        expected_sequence_number: None,
        control_id: "1",
        at: "2024",
    };
    let mut answer = Vec::new();
    acknowledgment.answer_unreadable(bytes, &mut answer);
    assert!(answer.starts_with(b"MSH"));
    with_message(bytes, |message| {
        answer.clear();
        acknowledgment.answer(message, &mut answer);
        Message::parse(&answer, &mut Index::new()).expect("an answer to a message is a message");
    });
}
