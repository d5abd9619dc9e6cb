use crate::types::view::views;
use crate::types::{Cwe, Date};

views! {
    /// CX, an identifier and who gave it (§2A.3.14).
    Cx "CX" {
        1 id_number,
        2 check_digit,
        3 check_digit_scheme,
        4 assigning_authority: Hd,
        5 identifier_type_code,
        6 assigning_facility: Hd,
        7 effective_date = Date,
        8 expiration_date = Date,
        9 assigning_jurisdiction: Cwe,
        10 assigning_agency: Cwe,
        11 security_check,
        12 security_check_scheme,
    }

    /// HD, who or what gives identifiers: a local name, a universal id, or both (§2A.3.33).
    Hd "HD" {
        1 namespace_id,
        2 universal_id,
        3 universal_id_type,
    }

    /// EI, an identifier of a thing, as an order (§2A.3.25).
    Ei "EI" {
        1 entity_identifier,
        2 namespace_id,
        3 universal_id,
        4 universal_id_type,
    }

    /// EIP, what placer and filler call the same thing (§2A.3.26).
    Eip "EIP" {
        1 placer_assigned_identifier: Ei,
        2 filler_assigned_identifier: Ei,
    }

    /// DLN, a driving licence (§2A.3.18).
    Dln "DLN" {
        1 license_number,
        2 issuing_state,
        3 expiration_date = Date,
    }

    /// PLN, a practitioner's licence or other number (§2A.3.55).
    Pln "PLN" {
        1 id_number,
        2 type_of_id_number,
        3 qualifying_information,
        4 expiration_date = Date,
    }
}
