//! What to do about a dead letter.

/// By the reason that it is one.
pub(super) fn remedy(reason: &str) -> &'static str {
    match reason {
        "no-map" => {
            "Map the type in the site's overlay (see it in the playground), then retry. If nobody needs it, drop it, and drop the type by a filter of the overlay."
        }
        "no-message-type" => "Ask the sender to value MSH-9, and drop these.",
        "too-large" => {
            "The message has more segments or resources than a conversion holds. Ask the sender to split it."
        }
        "unreadable" => {
            "The bytes are no HL7v2 message, or not in the character set that MSH-18 names. Look at the place, and ask the sender to correct it."
        }
        "truncated" | "too-long" => {
            "Only the beginning was kept, so it cannot be retried. Have it sent again; for long messages raise maxFrameBytes first."
        }
        "acknowledgment" => {
            "The sender sends acknowledgments as messages: its connection is set up the wrong way round. Drop these."
        }
        "unsupported-version" => "MSH-12 names no version 2.x. Ask the sender to correct it.",
        "out-of-sequence" => {
            "The sender and the feed do not agree on the next sequence number. Look what was lost between, then retry."
        }
        "mapping-panic" => {
            "A defect of Kiln: report it with an invented message that shows the same. Retry after the update."
        }
        _ => "Look at the place and the reason, correct the cause, then retry.",
    }
}
