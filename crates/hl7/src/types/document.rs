use crate::types::Hd;
use crate::types::view::views;

views! {
    /// ED, a document or image within the message (§2A.3.24). ED.5 is encoded as ED.4 says; it is not decoded here.
    Ed "ED" {
        1 source_application: Hd,
        2 type_of_data,
        3 data_subtype,
        4 encoding,
        5 data,
    }

    /// RP, where a document or image is to be had (§2A.3.66).
    Rp "RP" {
        1 pointer,
        2 application_id: Hd,
        3 type_of_data,
        4 data_subtype,
    }
}
