use crate::types::view::views;
use crate::types::{Cwe, DateTime, Ei, Hd};

views! {
    /// XAD, an address (§2A.3.87).
    Xad "XAD" {
        1 street_address: Sad,
        2 other_designation,
        3 city,
        4 state,
        5 postal_code,
        6 country,
        7 address_type,
        8 other_geographic_designation,
        9 county: Cwe,
        10 census_tract: Cwe,
        11 address_representation_code,
        12 address_validity_range,
        13 effective_date = DateTime,
        14 expiration_date = DateTime,
        15 expiration_reason: Cwe,
        16 temporary,
        17 bad_address,
        18 address_usage,
        19 addressee,
        20 comment,
        21 preference_order,
        22 protection_code: Cwe,
        23 address_identifier: Ei,
    }

    /// AD, its forerunner (§2A.3.1).
    Ad "AD" {
        1 street_address,
        2 other_designation,
        3 city,
        4 state,
        5 postal_code,
        6 country,
        7 address_type,
        8 other_geographic_designation,
    }

    /// SAD, a street and its parts (§2A.3.68).
    Sad "SAD" {
        1 street_or_mailing_address,
        2 street_name,
        3 dwelling_number,
    }

    /// XTN, a telephone number or another way to reach someone (§2A.3.91).
    Xtn "XTN" {
        1 telephone_number,
        2 use_code,
        3 equipment_type,
        4 communication_address,
        5 country_code,
        6 area_code,
        7 local_number,
        8 extension,
        9 any_text,
        10 extension_prefix,
        11 speed_dial_code,
        12 unformatted_telephone_number,
        13 effective_date = DateTime,
        14 expiration_date = DateTime,
        15 expiration_reason: Cwe,
        16 protection_code: Cwe,
        17 shared_telecommunication_identifier: Ei,
        18 preference_order,
    }

    /// PL, where a patient is, from the bed to the building (§2A.3.54).
    Pl "PL" {
        1 point_of_care: Hd,
        2 room: Hd,
        3 bed: Hd,
        4 facility: Hd,
        5 location_status,
        6 person_location_type,
        7 building: Hd,
        8 floor: Hd,
        9 location_description,
        10 comprehensive_location_identifier: Ei,
        11 assigning_authority: Hd,
    }

    /// DLD, where a patient is discharged to, and from when on (§2A.3.17).
    Dld "DLD" {
        1 discharge_to_location: Cwe,
        2 effective_date = DateTime,
    }
}
