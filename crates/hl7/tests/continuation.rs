//! Fragments of segments (ADD) and of messages (DSC and MSH-14) are joined (HL7 v2.9 §2.10.2).
#![allow(clippy::unwrap_used)]

use kiln_hl7::{Continuation, ContinuationError, Continuity, Index, MAX_CONTINUED, Message};

/// Takes messages one after the other; gives what became of each, and the last whole.
fn take(messages: &[&str]) -> (Vec<Result<Continuity, ContinuationError>>, String) {
    let mut continuation = Continuation::new(4096);
    let mut out = Vec::new();
    let results = messages
        .iter()
        .map(|bytes| {
            let mut index = Index::new();
            let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
            continuation.take(&message, &mut out)
        })
        .collect();
    (results, String::from_utf8(out).unwrap())
}

use Continuity::{Joined, Waiting, Whole};

#[test]
fn the_standards_example() {
    // §2.10.2.2: three messages, of which the logical one has the segments of all.
    let (results, whole) = take(&[
        "MSH|^~\\&||||||||1001||2.4|123\rANY|1\rBNY|2\rDSC|W4xy\r",
        "MSH|^~\\&||||||||2106||2.4|124|W4xy\rCNY|3\rDNY|4\rDSC|V292\r",
        "MSH|^~\\&||||||||2401||2.4|125|V292\rENY|5\r",
    ]);
    assert_eq!(results, [Ok(Waiting), Ok(Waiting), Ok(Joined)]);
    assert_eq!(
        whole,
        "MSH|^~\\&||||||||1001||2.4|123\rANY|1\rBNY|2\rCNY|3\rDNY|4\rENY|5\r"
    );
}

#[test]
fn segments_are_continued_within_a_message() {
    // All that follows `ADD|` belongs to the segment before, delimiters and all, up to the next other segment.
    let (results, whole) = take(&["MSH|^~\\&|A\rANY|12\rADD|345|67\rADD|8|90\rBNY|1\n"]);
    assert_eq!(results, [Ok(Joined)]);
    assert_eq!(whole, "MSH|^~\\&|A\rANY|12345|678|90\rBNY|1\r");
}

#[test]
fn a_segment_is_continued_in_the_next_message() {
    let (results, whole) = take(&[
        "MSH|^~\\&|A\rANY|12\rADD\rDSC|p1|F\r",
        "MSH|^~\\&|A|||||||||||p1\rADD|34\rADD\rDSC|p2|F\r",
        "MSH|^~\\&|A|||||||||||p2\rADD|5|6\rBNY|1\r",
    ]);
    assert_eq!(results, [Ok(Waiting), Ok(Waiting), Ok(Joined)]);
    assert_eq!(whole, "MSH|^~\\&|A\rANY|12345|6\rBNY|1\r");
}

#[test]
fn others_may_come_between() {
    let (results, whole) = take(&[
        "MSH|^~\\&|A\rANY|1\rDSC|p|F\r",
        "MSH|^~\\&|B\rANY|2\rDSC|p|F\r",
        "MSH|^~\\&|A\rPID|1\r",
        "MSH|^~\\&|A|||||||||||p\rBNY|3\r",
    ]);
    assert_eq!(results, [Ok(Waiting), Ok(Waiting), Ok(Whole), Ok(Joined)]);
    assert_eq!(whole, "MSH|^~\\&|A\rANY|1\rBNY|3\r");
}

#[test]
fn answers_to_queries_are_whole() {
    for message in [
        "MSH|^~\\&|A\rMSA|AA|1\rDSP|1\rDSC|p\r",
        "MSH|^~\\&|A\rMSA|AA|1\rDSC|p|I\r",
        "MSH|^~\\&|A\rQRD|1\rDSC|p\r",
        "MSH|^~\\&|A\rDSC|p|I\r",
        "MSH|^~\\&|A\rPID|1\rDSC\r",
        "MSH|^~\\&|A\r",
    ] {
        assert_eq!(take(&[message]).0, [Ok(Whole)], "{message:?}");
    }
    // With DSC-2 it is a fragment nevertheless.
    let answer = "MSH|^~\\&|A\rMSA|AA|1\rDSC|p|F\r";
    assert_eq!(take(&[answer]).0, [Ok(Waiting)]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let orphan = "MSH|^~\\&|A|||||||||||p\rBNY|3\r";
    assert_eq!(
        take(&[orphan]).0,
        [Err(ContinuationError::Unknown { offset: 21 })]
    );
    let first = "MSH|^~\\&|A\rANY|1\rDSC|p|F\r";
    assert_eq!(
        take(&[first, "MSH|^~\\$|A|||||||||||p\rBNY|3\r", orphan]).0,
        [
            Ok(Waiting),
            Err(ContinuationError::Different),
            Err(ContinuationError::Unknown { offset: 21 })
        ]
    );
    let latin = "MSH|^~\\&|A|||||||||||p||||8859/1\rBNY|3\r";
    assert_eq!(
        take(&[first, latin]).0[1],
        Err(ContinuationError::Different)
    );
    assert_eq!(
        take(&[first, first, orphan]).0,
        [Ok(Waiting), Err(ContinuationError::Duplicate), Ok(Joined)]
    );
}

#[test]
fn what_is_held_is_bounded() {
    let limit = ContinuationError::TooLong { limit_bytes: 4096 };
    let long = format!("MSH|^~\\&|A\rANY|{}\rDSC|p|F\r", "x".repeat(4096));
    assert_eq!(take(&[&long]).0, [Err(limit)]);
    let half = |name| format!("MSH|^~\\&|{name}\rANY|{}\rDSC|p|F\r", "x".repeat(2040));
    assert_eq!(take(&[&half("A"), &half("B")]).0, [Ok(Waiting), Err(limit)]);
    let many: Vec<String> = (0..=MAX_CONTINUED)
        .map(|number| format!("MSH|^~\\&|A\rDSC|{number}|F\r"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (results, _) = take(&many);
    assert!(
        results[..MAX_CONTINUED]
            .iter()
            .all(|one| *one == Ok(Waiting))
    );
    assert_eq!(results[MAX_CONTINUED], Err(limit));
}
