use kiln_hl7::types::{DateTime, Number};
use kiln_hl7::{Continuation, Message, Piece, Value};

use super::message::with_message;

/// What is made of a message beyond splitting it: deviations in it, places of its bytes, dates and numbers, pieces of
/// text, and messages joined.
pub fn rules(input: &[u8]) {
    with_message(input, |message| {
        let end = message.bytes().len();
        for deviation in message.deviations() {
            assert!(deviation.offset <= end);
        }
        for segment in message.segments() {
            for field in segment.fields() {
                field.repetitions().for_each(|value| read(value, message));
            }
        }
        let mut whole = Vec::new();
        let _ = Continuation::new(input.len()).take(message, &mut whole);
    });
}

fn read(value: Value<'_>, message: &Message<'_>) {
    // A path gives the place that it was found by, or one within it.
    if let Some(path) = message.path_at(value.offset()) {
        let found = message.get(&path).expect("the segment is there");
        assert!(found.offset() >= value.offset());
    }
    let _ = DateTime::from_value(value);
    let _ = Number::from_value(value);
    let pieces: Result<Vec<Piece<'_>>, _> = value.pieces().collect();
    assert_eq!(pieces.is_ok(), value.text().is_ok());
}
