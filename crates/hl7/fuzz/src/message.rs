use std::cell::RefCell;

use kiln_hl7::batch::{self, Entry};
use kiln_hl7::{Conformance, Index, Message, ParseOptions, Presence, Segment, Value};

/// Anything may be parsed; what is a message can be read whole.
pub fn parse(input: &[u8]) {
    with_message(input, |message| {
        read_all(message);
        deviate(message);
    });
    let mut entries = batch::read(input);
    assert!(entries.all(|entry| match entry {
        Entry::Problem(problem) => problem.offset <= input.len(),
        _ => true,
    }));
    let split: usize = batch::messages(input).map(<[u8]>::len).sum();
    assert!(split <= input.len());
}

thread_local! {
    // Kept from input to input, as a listener does.
    static INDEX: RefCell<Index> = RefCell::default();
}

/// Does something with the message that the bytes are, if they are one.
pub fn with_message(bytes: &[u8], act: impl FnOnce(&Message<'_>)) {
    INDEX.with_borrow_mut(|index| {
        if let Ok(message) = Message::parse(bytes, index) {
            act(&message);
        }
    });
}

/// What deviates lies within the message, and strict reading refuses just what deviates.
fn deviate(message: &Message<'_>) {
    let bytes = message.bytes();
    let found = message.deviations().inspect(|found| {
        assert!(found.offset <= bytes.len());
        assert!(message.segment_at(found.segment).is_some());
    });
    let strict = ParseOptions {
        conformance: Conformance::Strict,
        ..ParseOptions::default()
    };
    let refused = Message::parse_with(bytes, &mut Index::new(), strict).err();
    assert_eq!(
        refused.map(|error| error.offset),
        found.map(|found| found.offset).next()
    );
}

/// Reads every segment whole. They lie in the message one after the other.
fn read_all(message: &Message<'_>) {
    let mut end = 0;
    for segment in message.segments() {
        assert!(segment.offset() >= end);
        end = segment.offset() + segment.raw().len();
        assert_eq!(&message.bytes()[segment.offset()..end], segment.raw());
        assert_eq!(segment.name().len(), 3);
        read_segment(segment, message);
    }
    assert!(end <= message.bytes().len());
}

/// Reads every value of a segment at each level.
pub fn read_segment(segment: Segment<'_>, message: &Message<'_>) {
    let mut scratch = String::new();
    let beyond = [segment.field(0), segment.field(usize::MAX)];
    for field in segment.fields().chain(beyond) {
        for repetition in field.repetitions() {
            read(repetition, message, &mut scratch);
            for component in repetition.parts() {
                read(component, message, &mut scratch);
                component
                    .parts()
                    .for_each(|part| read(part, message, &mut scratch));
            }
        }
    }
}

fn read(value: Value<'_>, message: &Message<'_>, scratch: &mut String) {
    let end = value.offset() + value.raw().len();
    assert_eq!(&message.bytes()[value.offset()..end], value.raw());
    let pieces = value.pieces().find_map(Result::err);
    let text = value.text();
    assert_eq!(pieces, text.as_ref().err().copied());
    let text = text.as_deref();
    assert_eq!(value.text_in(scratch), text.map_err(|error| *error));
    if let Err(error) = text {
        assert!((value.offset()..=end).contains(&error.offset));
    }
    assert_eq!(value.part(usize::MAX).presence(), Presence::Absent);
}
