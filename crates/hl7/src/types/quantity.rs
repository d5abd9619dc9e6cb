use crate::types::view::views;
use crate::types::{Cwe, Number};

views! {
    /// SN, a number with a comparator, or two with what stands between them: `>^100`, `^1^:^128`, `^0^-^1` (§2A.3.71).
    Sn "SN" {
        1 comparator,
        2 first = Number,
        3 separator,
        4 second = Number,
    }

    /// CQ, a quantity and its unit (§2A.3.11).
    Cq "CQ" {
        1 quantity = Number,
        2 units: Cwe,
    }

    /// NR, a range of numbers (§2A.3.48).
    Nr "NR" {
        1 low = Number,
        2 high = Number,
    }

    /// MO, money (§2A.3.41).
    Mo "MO" {
        1 quantity = Number,
        2 denomination,
    }

    /// CP, a price and what it is for (§2A.3.10).
    Cp "CP" {
        1 price: Mo,
        2 price_type,
        3 from_value = Number,
        4 to_value = Number,
        5 range_units: Cwe,
        6 range_type,
    }
}
