use crate::types::DateTime;
use crate::types::view::views;

views! {
    /// CWE, a code that may be of a local system, or text alone (§2A.3.13).
    Cwe "CWE" {
        1 identifier,
        2 description,
        3 coding_system,
        4 alternate_identifier,
        5 alternate_text,
        6 alternate_coding_system,
        7 coding_system_version,
        8 alternate_coding_system_version,
        9 original_text,
        10 second_alternate_identifier,
        11 second_alternate_text,
        12 second_alternate_coding_system,
        13 second_alternate_coding_system_version,
        14 coding_system_oid,
        15 value_set_oid,
        16 value_set_version = DateTime,
        17 alternate_coding_system_oid,
        18 alternate_value_set_oid,
        19 alternate_value_set_version = DateTime,
        20 second_alternate_coding_system_oid,
        21 second_alternate_value_set_oid,
        22 second_alternate_value_set_version = DateTime,
    }

    /// CNE, a code of a closed table (§2A.3.8).
    Cne "CNE" {
        1 identifier,
        2 description,
        3 coding_system,
        4 alternate_identifier,
        5 alternate_text,
        6 alternate_coding_system,
        7 coding_system_version,
        8 alternate_coding_system_version,
        9 original_text,
        10 second_alternate_identifier,
        11 second_alternate_text,
        12 second_alternate_coding_system,
        13 second_alternate_coding_system_version,
        14 coding_system_oid,
        15 value_set_oid,
        16 value_set_version = DateTime,
        17 alternate_coding_system_oid,
        18 alternate_value_set_oid,
        19 alternate_value_set_version = DateTime,
        20 second_alternate_coding_system_oid,
        21 second_alternate_value_set_oid,
        22 second_alternate_value_set_version = DateTime,
    }

    /// CE, the forerunner of both, until v2.6 (§2A.3.6).
    Ce "CE" {
        1 identifier,
        2 description,
        3 coding_system,
        4 alternate_identifier,
        5 alternate_text,
        6 alternate_coding_system,
    }

    /// CF, a code whose text is formatted (§2A.3.7).
    Cf "CF" {
        1 identifier,
        2 formatted_text,
        3 coding_system,
        4 alternate_identifier,
        5 alternate_formatted_text,
        6 alternate_coding_system,
        7 coding_system_version,
        8 alternate_coding_system_version,
        9 original_text,
    }
}
