use crate::types::view::views;
use crate::types::{Cwe, Date, DateTime};

views! {
    /// DIN, a date and an institution (§2A.3.16).
    Din "DIN" {
        1 date = DateTime,
        2 institution_name: Cwe,
    }

    /// JCC, a job (§2A.3.37).
    Jcc "JCC" {
        1 job_code: Cwe,
        2 job_class: Cwe,
        3 job_description_text,
    }

    /// SPD, a specialty (§2A.3.73).
    Spd "SPD" {
        1 specialty_name,
        2 governing_board,
        3 eligible_or_certified,
        4 date_of_certification = Date,
    }
}
