use std::cell::RefCell;

use kiln_hl7::{Index, Message, Presence, Segment, Value, batch};

/// Anything may be parsed; what is a message can be read whole.
pub fn parse(input: &[u8]) {
    with_message(input, read_all);
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
    let text = value.text();
    let text = text.as_deref();
    assert_eq!(value.text_in(scratch), text.map_err(|error| *error));
    if let Err(error) = text {
        assert!((value.offset()..=end).contains(&error.offset));
    }
    assert_eq!(value.part(usize::MAX).presence(), Presence::Absent);
}
