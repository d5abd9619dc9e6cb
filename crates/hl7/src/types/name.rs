use crate::types::view::views;
use crate::types::{Cwe, DateTime, Hd, Number};

views! {
    /// XPN, a person's name (§2A.3.90).
    Xpn "XPN" {
        1 family_name: Fn,
        2 given_name,
        3 further_given_names,
        4 suffix,
        5 prefix,
        6 degree,
        7 name_type_code,
        8 name_representation_code,
        9 name_context: Cwe,
        10 name_validity_range,
        11 name_assembly_order,
        12 effective_date = DateTime,
        13 expiration_date = DateTime,
        14 professional_suffix,
        15 called_by,
    }

    /// FN, a family name and its parts (§2A.3.30).
    Fn "FN" {
        1 surname,
        2 own_surname_prefix,
        3 own_surname,
        4 partner_surname_prefix,
        5 partner_surname,
    }

    /// XCN, an identified person and the name (§2A.3.88).
    Xcn "XCN" {
        1 person_identifier,
        2 family_name: Fn,
        3 given_name,
        4 further_given_names,
        5 suffix,
        6 prefix,
        7 degree,
        8 source_table: Cwe,
        9 assigning_authority: Hd,
        10 name_type_code,
        11 check_digit,
        12 check_digit_scheme,
        13 identifier_type_code,
        14 assigning_facility: Hd,
        15 name_representation_code,
        16 name_context: Cwe,
        17 name_validity_range,
        18 name_assembly_order,
        19 effective_date = DateTime,
        20 expiration_date = DateTime,
        21 professional_suffix,
        22 assigning_jurisdiction: Cwe,
        23 assigning_agency: Cwe,
        24 security_check,
        25 security_check_scheme,
    }

    /// PPN, who did something, and when (§2A.3.56).
    Ppn "PPN" {
        1 person_identifier,
        2 family_name: Fn,
        3 given_name,
        4 further_given_names,
        5 suffix,
        6 prefix,
        7 degree,
        8 source_table: Cwe,
        9 assigning_authority: Hd,
        10 name_type_code,
        11 check_digit,
        12 check_digit_scheme,
        13 identifier_type_code,
        14 assigning_facility: Hd,
        15 performed_at = DateTime,
        16 name_representation_code,
        17 name_context: Cwe,
        18 name_validity_range,
        19 name_assembly_order,
        20 effective_date = DateTime,
        21 expiration_date = DateTime,
        22 professional_suffix,
        23 assigning_jurisdiction: Cwe,
        24 assigning_agency: Cwe,
        25 security_check,
        26 security_check_scheme,
    }

    /// XON, an organization and its identifier (§2A.3.89).
    Xon "XON" {
        1 organization_name,
        2 organization_name_type_code: Cwe,
        3 id_number = Number,
        4 check_digit = Number,
        5 check_digit_scheme,
        6 assigning_authority: Hd,
        7 identifier_type_code,
        8 assigning_facility: Hd,
        9 name_representation_code,
        10 organization_identifier,
    }

    /// CNN, an identified person, simplified (§2A.3.9).
    Cnn "CNN" {
        1 id_number,
        2 family_name,
        3 given_name,
        4 further_given_names,
        5 suffix,
        6 prefix,
        7 degree,
        8 source_table,
        9 assigning_authority_namespace_id,
        10 assigning_authority_universal_id,
        11 assigning_authority_universal_id_type,
    }

    /// NDL, a person, when and where (§2A.3.46).
    Ndl "NDL" {
        1 name: Cnn,
        2 start = DateTime,
        3 end = DateTime,
        4 point_of_care,
        5 room,
        6 bed,
        7 facility: Hd,
        8 location_status,
        9 patient_location_type,
        10 building,
        11 floor,
    }
}
