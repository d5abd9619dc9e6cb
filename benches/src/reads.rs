//! Twenty reads as a router and a patient index would make them, of Kiln and of hl7-parser by their public queries.

use std::hint::black_box;

/// Segment, field and component.
pub const READS: [(&str, usize, usize); 20] = [
    ("MSH", 3, 1),
    ("MSH", 4, 1),
    ("MSH", 7, 1),
    ("MSH", 9, 1),
    ("MSH", 9, 2),
    ("MSH", 10, 1),
    ("MSH", 12, 1),
    ("PID", 3, 1),
    ("PID", 3, 4),
    ("PID", 5, 1),
    ("PID", 5, 2),
    ("PID", 7, 1),
    ("PID", 8, 1),
    ("PID", 11, 1),
    ("PID", 11, 3),
    ("PID", 11, 5),
    ("PV1", 2, 1),
    ("PV1", 3, 1),
    ("PV1", 7, 2),
    ("PV1", 19, 1),
];

/// Makes the reads of a message that Kiln parsed.
#[inline]
pub fn read_kiln(message: &kiln_hl7::Message<'_>) {
    for &(segment, field, component) in &READS {
        black_box(
            message
                .segment(segment)
                .map(|found| found.field(field).component(component).raw()),
        );
    }
}

/// Makes the reads of a message that hl7-parser parsed.
#[inline]
pub fn read_hl7_parser(message: &hl7_parser::Message<'_>) {
    for &(segment, field, component) in &READS {
        let found = message
            .segment(segment)
            .and_then(|found| found.field(field));
        black_box(
            found
                .and_then(|found| found.component(component))
                .map(hl7_parser::message::Component::raw_value),
        );
    }
}
