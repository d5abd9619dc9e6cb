use crate::types::view::views;
use crate::types::{Cq, Cwe, DateTime, Number};

views! {
    /// DR, from when to when (§2A.3.20).
    Dr "DR" {
        1 start = DateTime,
        2 end = DateTime,
    }

    /// TS, a time and how exact it is, until v2.6 (§2A.3.79). [`DateTime::from_value`] reads both as one.
    Ts "TS" {
        1 time = DateTime,
        2 degree_of_precision,
    }

    /// RI, how often, until v2.6 (§2A.3.64).
    Ri "RI" {
        1 repeat_pattern,
        2 explicit_time_interval,
    }

    /// TQ, when and how often to do something, until v2.6 (§2A.3.78). As a component its parts are subcomponents, of
    /// which CQ and RI show their first.
    Tq "TQ" {
        1 quantity: Cq,
        2 interval: Ri,
        3 duration,
        4 start = DateTime,
        5 end = DateTime,
        6 priority,
        7 condition,
        8 instructions,
        9 conjunction,
        10 order_sequencing,
        11 occurrence_duration: Cwe,
        12 total_occurrences = Number,
    }

    /// RPT, a pattern of repetition (§2A.3.67).
    Rpt "RPT" {
        1 repeat_pattern: Cwe,
        2 calendar_alignment,
        3 phase_range_begin = Number,
        4 phase_range_end = Number,
        5 period_quantity = Number,
        6 period_units,
        7 institution_specified_time,
        8 event,
        9 event_offset_quantity = Number,
        10 event_offset_units,
        11 general_timing_specification,
    }
}
