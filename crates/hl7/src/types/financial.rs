use crate::types::view::views;
use crate::types::{Cwe, Date, DateTime, Mo, Number};

views! {
    /// AUI, an authorization (§2A.3.2).
    Aui "AUI" {
        1 authorization_number,
        2 date = Date,
        3 source,
    }

    /// CCD, when a charge begins (§2A.3.3).
    Ccd "CCD" {
        1 invocation_event,
        2 date_time = DateTime,
    }

    /// DDI, a deductible (§2A.3.15).
    Ddi "DDI" {
        1 delay_days = Number,
        2 monetary_amount: Mo,
        3 number_of_days = Number,
    }

    /// DTN, so many days of a kind (§2A.3.23).
    Dtn "DTN" {
        1 day_type,
        2 number_of_days = Number,
    }

    /// FC, a financial class (§2A.3.29).
    Fc "FC" {
        1 financial_class_code: Cwe,
        2 effective_date = DateTime,
    }

    /// ICD, whether a certification is required (§2A.3.34).
    Icd "ICD" {
        1 certification_patient_type: Cwe,
        2 certification_required,
        3 certification_required_at = DateTime,
    }

    /// MOC, an amount and what it is charged for (§2A.3.42).
    Moc "MOC" {
        1 monetary_amount: Mo,
        2 charge_code: Cwe,
    }

    /// MOP, an amount or a percentage (§2A.3.43).
    Mop "MOP" {
        1 money_or_percentage_indicator,
        2 quantity = Number,
        3 denomination,
    }

    /// OCD, an occurrence and its date (§2A.3.49).
    Ocd "OCD" {
        1 occurrence_code: Cwe,
        2 occurrence_date = Date,
    }

    /// OSP, an occurrence and its span (§2A.3.52).
    Osp "OSP" {
        1 occurrence_span_code: Cwe,
        2 start = Date,
        3 stop = Date,
    }

    /// UVC, a value code and its amount (§2A.3.81).
    Uvc "UVC" {
        1 value_code: Cwe,
        2 value_amount: Mo,
        3 non_monetary_amount = Number,
        4 monetary_amount_indicator,
    }
}
