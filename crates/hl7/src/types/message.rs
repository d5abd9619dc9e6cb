use crate::types::view::views;
use crate::types::{Cwe, Number};

views! {
    /// MSG, what a message is about (§2A.3.44).
    Msg "MSG" {
        1 message_code,
        2 trigger_event,
        3 message_structure,
    }

    /// PT, how a message is to be processed (§2A.3.58).
    Pt "PT" {
        1 processing_id,
        2 processing_mode,
    }

    /// VID, the version a message is in (§2A.3.83).
    Vid "VID" {
        1 version_id,
        2 internationalization_code: Cwe,
        3 international_version_id: Cwe,
    }

    /// ERL, where an error is (§2A.3.28).
    Erl "ERL" {
        1 segment_id,
        2 segment_sequence = Number,
        3 field_position = Number,
        4 field_repetition = Number,
        5 component_number = Number,
        6 subcomponent_number = Number,
    }

    /// ELD, where an error is and which, until v2.4 (§2A.3.27).
    Eld "ELD" {
        1 segment_id,
        2 segment_sequence = Number,
        3 field_position = Number,
        4 code: Cwe,
    }
}
