use crate::types::view::views;
use crate::types::{Cwe, Nr, Number};

views! {
    /// OG, what groups observations, as OBX-4 since v2.8.2 (§2A.3.50).
    Og "OG" {
        1 original_sub_identifier,
        2 group = Number,
        3 sequence = Number,
        4 identifier,
    }

    /// PRL, the result that led to an order (§2A.3.57).
    Prl "PRL" {
        1 parent_observation_identifier: Cwe,
        2 parent_observation_sub_identifier,
        3 parent_observation_value_descriptor,
    }

    /// RFR, a reference range and whom it is for (§2A.3.63).
    Rfr "RFR" {
        1 numeric_range: Nr,
        2 administrative_sex: Cwe,
        3 age_range: Nr,
        4 gestational_age_range: Nr,
        5 species,
        6 race,
        7 conditions,
    }
}
