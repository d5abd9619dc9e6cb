//! Typed views of values (HL7 v2.9 chapter 2A). The examples are the chapter's own, or of its grammar.
#![allow(clippy::unwrap_used)]

use kiln_hl7::types::{
    Aui, Cp, Cwe, Cx, Date, DateTime, Dld, Dr, Ed, Ei, Eip, Fn, Number, Og, Osp, Ppn, Precision,
    Prl, Rfr, Ri, Rp, Sn, Spd, Time, Tq, Uvc, Xad, Xcn, Xon, Xpn, Xtn,
};
use kiln_hl7::{Index, Message, Presence, Value};
use proptest::prelude::*;

/// Reads the value of ZZ1-1 by a view or type.
fn with<T>(value: &str, read: impl FnOnce(Value<'_>) -> T) -> T {
    let bytes = format!("MSH|^~\\&|A\rZZ1|{value}\r");
    let mut index = Index::new();
    let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
    read(message.segment("ZZ1").unwrap().field(1).value())
}

fn text(value: Value<'_>) -> String {
    value.text().unwrap().into_owned()
}

#[test]
fn dates_keep_their_precision() {
    let date = |text: &str| text.parse::<Date>().unwrap();
    assert_eq!(date("1988").precision(), Precision::Year);
    assert_eq!(date("198807").precision(), Precision::Month);
    assert_eq!(date("19880704").precision(), Precision::Day);
    let day = date("20240229");
    assert_eq!(
        (day.year(), day.month(), day.day()),
        (2024, Some(2), Some(29))
    );
    assert_eq!(date("1988").day(), None);
}

#[test]
fn times_keep_their_precision_and_offset() {
    // §2A.3.22: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ], and its examples.
    let cases = [
        ("199904", Precision::Month, None),
        ("20010402", Precision::Day, None),
        ("1976070401-0500", Precision::Hour, Some(-300)),
        ("198807050000", Precision::Minute, None),
        ("19880704010159-0500", Precision::Second, Some(-300)),
        ("19880704010159.1-0500", Precision::Fraction(1), Some(-300)),
        (
            "19960823013030.0050+0545",
            Precision::Fraction(4),
            Some(345),
        ),
        ("1988-0000", Precision::Year, Some(0)),
    ];
    for (written, precision, offset) in cases {
        let read: DateTime = written.parse().unwrap();
        assert_eq!(read.precision(), precision, "{written}");
        assert_eq!(read.offset_minutes(), offset, "{written}");
        assert_eq!(read.to_string(), written);
        if let Some(time) = read.time() {
            assert_eq!(time.offset_minutes(), offset);
        }
    }
    let time: Time = "235959.0050+1400".parse().unwrap();
    assert_eq!(
        (time.hour(), time.minute(), time.second(), time.nanosecond()),
        (23, Some(59), Some(59), Some(5_000_000))
    );
    assert_eq!(time.to_string(), "235959.0050+1400");
    assert_eq!("09".parse::<Time>().unwrap().precision(), Precision::Hour);
}

#[test]
fn what_is_no_date_or_time_is_refused_with_its_place() {
    // Leap days: every fourth year, but of the full centuries only every fourth.
    for written in ["20240229", "20000229", "20231231", "19000228"] {
        assert!(written.parse::<Date>().is_ok(), "{written}");
    }
    for (written, offset) in [
        ("", 0),
        ("198", 0),
        ("19x8", 0),
        ("19881", 4),
        ("198800", 4),
        ("198813", 4),
        ("20230229", 6),
        ("19000229", 6),
        ("20240431", 6),
        ("20240100", 6),
        ("2024010124", 8),
        ("202401012360", 10),
        ("20240101235960", 12),
        ("20240101235959.", 15),
        ("20240101235959.12345", 19),
        ("202401012359.5", 12),
        ("20240101+1500", 9),
        ("20240101+0160", 11),
        ("20240101+01", 11),
        ("20240101Z", 8),
        ("2024-01-01", 7),
        (" 2024", 0),
    ] {
        let error = written.parse::<DateTime>().unwrap_err();
        assert_eq!(error.offset(), offset, "{written:?}: {error}");
    }
    assert!("2400".parse::<Time>().is_err());
    assert!("1988070401".parse::<Date>().is_err());
}

#[test]
fn a_value_that_is_none_is_none_and_a_bad_one_is_placed_in_the_message() {
    for empty in ["", "\"\"", "^", "^D"] {
        assert_eq!(with(empty, DateTime::from_value), Ok(None), "{empty}");
        assert!(with(empty, |value| Number::from_value(value)
            .unwrap()
            .is_none()));
    }
    // ZZ1-1 begins behind MSH|^~\&|A and ZZ1|.
    let error = with("20230229", DateTime::from_value).unwrap_err();
    assert_eq!(error.offset(), 15 + 6);
    let error = with("a^20230229", |value| Dr::from(value).end()).unwrap_err();
    assert_eq!(error.offset(), 15 + 2 + 6);
    assert!(!error.to_string().contains("2023"));
}

#[test]
fn a_ts_says_how_exact_it_is() {
    // §2A.3.79: the second component restricts the first.
    for (written, shown) in [
        ("19880704010159.12^S", "19880704010159"),
        ("19880704010159-0500^M", "198807040101-0500"),
        ("19880704010159^H", "1988070401"),
        ("19880704010159^D", "19880704"),
        ("19880704^L", "198807"),
        ("19880704^Y", "1988"),
        ("1988^D", "1988"),
        ("19880704^?", "19880704"),
    ] {
        let read = with(written, DateTime::from_value).unwrap().unwrap();
        assert_eq!(read.to_string(), shown, "{written}");
    }
}

#[test]
fn numbers_are_kept_as_written() {
    // §2A.3.47: an optional sign, digits, an optional point.
    for written in ["999", "-123.792", "+1", "0.10", "007", ".5", "5."] {
        assert_eq!(Number::parse(written).unwrap().as_str(), written);
    }
    assert_eq!(
        Number::parse("-123.75").unwrap().to_f64().to_bits(),
        (-123.75_f64).to_bits()
    );
    assert_eq!(Number::parse("+007").unwrap().to_i64(), Some(7));
    assert_eq!(Number::parse("7.0").unwrap().to_i64(), None);
    for (wrong, offset) in [
        ("", 0),
        ("-", 1),
        (".", 1),
        ("1e5", 1),
        ("1,5", 1),
        ("1.2.3", 3),
        ("--1", 1),
        (" 1", 0),
        ("NaN", 0),
        ("٣", 0),
    ] {
        assert_eq!(
            Number::parse(wrong).unwrap_err().offset(),
            offset,
            "{wrong}"
        );
    }
}

#[test]
fn structured_numerics() {
    // The examples of §2A.3.71.
    for (written, comparator, first, separator, second) in [
        (">^100", ">", Some("100"), "", None),
        ("^100^-^200", "", Some("100"), "-", Some("200")),
        ("^1^:^228", "", Some("1"), ":", Some("228")),
        ("^2^+", "", Some("2"), "+", None),
    ] {
        with(written, |value| {
            let sn = Sn::from(value);
            assert_eq!(text(sn.comparator()), comparator);
            assert_eq!(sn.first().unwrap().map(Number::as_str), first);
            assert_eq!(text(sn.separator()), separator);
            assert_eq!(sn.second().unwrap().map(Number::as_str), second);
        });
    }
}

#[test]
fn identifiers() {
    with(
        "1234567^4^M11^ADT01&1.2.3&ISO^MR^University Hospital^2004^20240229",
        |value| {
            let cx = Cx::from(value);
            assert_eq!(text(cx.id_number()), "1234567");
            assert_eq!(text(cx.check_digit()), "4");
            assert_eq!(text(cx.check_digit_scheme()), "M11");
            assert_eq!(text(cx.assigning_authority().namespace_id()), "ADT01");
            assert_eq!(text(cx.assigning_authority().universal_id()), "1.2.3");
            assert_eq!(text(cx.assigning_authority().universal_id_type()), "ISO");
            assert_eq!(text(cx.identifier_type_code()), "MR");
            assert_eq!(
                text(cx.assigning_facility().namespace_id()),
                "University Hospital"
            );
            assert_eq!(
                cx.effective_date().unwrap().unwrap().precision(),
                Precision::Year
            );
            assert_eq!(cx.expiration_date().unwrap().unwrap().day(), Some(29));
            assert_eq!(cx.security_check_scheme().presence(), Presence::Absent);
        },
    );
    with("A&LAB&1.2&ISO^B&RIS", |value| {
        let pair = Eip::from(value);
        let placer: Ei<'_> = pair.placer_assigned_identifier();
        assert_eq!(text(placer.entity_identifier()), "A");
        assert_eq!(text(placer.universal_id()), "1.2");
        assert_eq!(
            text(pair.filler_assigned_identifier().namespace_id()),
            "RIS"
        );
    });
}

#[test]
fn names_and_addresses() {
    with(
        "van Marlow&van&Marlow&de&Vries^Ida^Q.^III^Dr.^MD^L^A^^^G^2000^2010^PhD",
        |value| {
            let name = Xpn::from(value);
            let family: Fn<'_> = name.family_name();
            assert_eq!(text(family.surname()), "van Marlow");
            assert_eq!(text(family.own_surname()), "Marlow");
            assert_eq!(text(family.partner_surname_prefix()), "de");
            assert_eq!(text(name.further_given_names()), "Q.");
            assert_eq!(text(name.suffix()), "III");
            assert_eq!(text(name.prefix()), "Dr.");
            assert_eq!(text(name.name_type_code()), "L");
            assert_eq!(text(name.name_assembly_order()), "G");
            assert_eq!(name.expiration_date().unwrap().unwrap().to_string(), "2010");
            assert_eq!(text(name.professional_suffix()), "PhD");
        },
    );
    with("11^Marlow^Ida^^^^MD^^NORTH&1.2&ISO^L^^^NP", |value| {
        let person = Xcn::from(value);
        assert_eq!(text(person.person_identifier()), "11");
        assert_eq!(text(person.family_name().surname()), "Marlow");
        assert_eq!(text(person.assigning_authority().universal_id()), "1.2");
        assert_eq!(text(person.identifier_type_code()), "NP");
    });
    with("North Clinic^L^716^9^M10^AHA^XX^^A^716-N", |value| {
        let clinic = Xon::from(value);
        assert_eq!(text(clinic.organization_name()), "North Clinic");
        assert_eq!(clinic.id_number().unwrap().unwrap().to_i64(), Some(716));
        assert_eq!(text(clinic.organization_identifier()), "716-N");
    });
    with(
        "1 Hill St&Hill St&1^Flat 2^Town^OH^44444^USA^H^^Lake",
        |value| {
            let address = Xad::from(value);
            assert_eq!(text(address.street_address().street_name()), "Hill St");
            assert_eq!(text(address.street_address().dwelling_number()), "1");
            assert_eq!(text(address.postal_code()), "44444");
            assert_eq!(text(address.county().identifier()), "Lake");
        },
    );
    with("^PRN^PH^^1^734^6777777^12", |value| {
        let phone = Xtn::from(value);
        assert_eq!(text(phone.use_code()), "PRN");
        assert_eq!(text(phone.area_code()), "734");
        assert_eq!(text(phone.extension()), "12");
    });
}

#[test]
fn codes_documents_quantities_and_timing() {
    with(
        "883-9^ABO group^LN^A^Group^L^2.40^1^blood group^x^y^z^^2.16.840.1.113883.6.1",
        |value| {
            let code = Cwe::from(value);
            assert_eq!(text(code.identifier()), "883-9");
            assert_eq!(text(code.description()), "ABO group");
            assert_eq!(text(code.coding_system()), "LN");
            assert_eq!(text(code.alternate_coding_system()), "L");
            assert_eq!(text(code.coding_system_version()), "2.40");
            assert_eq!(text(code.original_text()), "blood group");
            assert_eq!(text(code.second_alternate_coding_system()), "z");
            assert_eq!(text(code.coding_system_oid()), "2.16.840.1.113883.6.1");
        },
    );
    with("PACS&1.2&ISO^IM^PNG^Base64^iVBORw0=", |value| {
        let document = Ed::from(value);
        assert_eq!(text(document.source_application().universal_id()), "1.2");
        assert_eq!(text(document.encoding()), "Base64");
        assert_eq!(text(document.data()), "iVBORw0=");
    });
    with("store/1^PACS^AP^PDF", |value| {
        let pointer = Rp::from(value);
        assert_eq!(text(pointer.pointer()), "store/1");
        assert_eq!(text(pointer.application_id().namespace_id()), "PACS");
        assert_eq!(text(pointer.data_subtype()), "PDF");
    });
    with("100.00&USD^UP^0^9^min^P", |value| {
        let price = Cp::from(value);
        assert_eq!(
            price.price().quantity().unwrap().unwrap().as_str(),
            "100.00"
        );
        assert_eq!(text(price.price().denomination()), "USD");
        assert_eq!(text(price.range_units().identifier()), "min");
    });
    with("1&g^Q6H&60^D10^20240101^20240111^R^^^^^^10", |value| {
        let timing = Tq::from(value);
        assert_eq!(
            timing.quantity().quantity().unwrap().unwrap().to_i64(),
            Some(1)
        );
        assert_eq!(text(timing.quantity().units().identifier()), "g");
        let interval: Ri<'_> = timing.interval();
        assert_eq!(text(interval.repeat_pattern()), "Q6H");
        assert_eq!(timing.end().unwrap().unwrap().to_string(), "20240111");
        assert_eq!(
            timing.total_occurrences().unwrap().unwrap().to_i64(),
            Some(10)
        );
    });
}

#[test]
fn what_is_rarer() {
    with("A1^20240101^PAYER", |value| {
        assert_eq!(Aui::from(value).date().unwrap().unwrap().day(), Some(1));
        assert_eq!(text(Aui::from(value).source()), "PAYER");
    });
    with("11^Marlow^Ida^^^^^^^^^^NP^^20240101", |value| {
        let person = Ppn::from(value);
        assert_eq!(text(person.identifier_type_code()), "NP");
        assert_eq!(
            person.performed_at().unwrap().unwrap().to_string(),
            "20240101"
        );
    });
    with("01&Home&HL70112^202401", |value| {
        let left = Dld::from(value);
        assert_eq!(text(left.discharge_to_location().description()), "Home");
        assert_eq!(
            left.effective_date().unwrap().unwrap().precision(),
            Precision::Month
        );
    });
    with("1.2^3^4^x", |value| {
        let group = Og::from(value);
        assert_eq!(text(group.original_sub_identifier()), "1.2");
        assert_eq!(group.sequence().unwrap().unwrap().to_i64(), Some(4));
    });
    with("600-7&Culture&LN^1^E. coli", |value| {
        let parent = Prl::from(value);
        assert_eq!(
            text(parent.parent_observation_identifier().identifier()),
            "600-7"
        );
        assert_eq!(
            text(parent.parent_observation_value_descriptor()),
            "E. coli"
        );
    });
    with("3.5&5.1^F^18&65", |value| {
        let range = Rfr::from(value);
        assert_eq!(
            range.numeric_range().high().unwrap().unwrap().as_str(),
            "5.1"
        );
        assert_eq!(text(range.administrative_sex().identifier()), "F");
        assert_eq!(range.age_range().low().unwrap().unwrap().to_i64(), Some(18));
    });
    with("74&Level&NUBC^20240101^20240131", |value| {
        let span = Osp::from(value);
        assert_eq!(text(span.occurrence_span_code().coding_system()), "NUBC");
        assert_eq!(span.stop().unwrap().unwrap().day(), Some(31));
    });
    with("01^100.5&USD^3", |value| {
        let amount = Uvc::from(value);
        assert_eq!(text(amount.value_amount().denomination()), "USD");
        assert_eq!(
            amount.non_monetary_amount().unwrap().unwrap().to_i64(),
            Some(3)
        );
    });
    with("Cardiology^Board^C^2001", |value| {
        assert_eq!(text(Spd::from(value).eligible_or_certified()), "C");
    });
}

proptest! {
    #[test]
    fn what_is_read_is_written_again(text in "[0-9]{4,14}(\\.[0-9]{1,4})?([+-][0-9]{4})?|\\PC{0,12}") {
        if let Ok(read) = text.parse::<DateTime>() {
            prop_assert_eq!(read.to_string(), text.as_str());
        }
        if let Ok(read) = text.parse::<Time>() {
            prop_assert_eq!(read.to_string(), text.as_str());
        }
        if let Ok(read) = text.parse::<Date>() {
            prop_assert_eq!(read.to_string(), text.as_str());
        }
        if let Ok(read) = Number::parse(&text) {
            prop_assert_eq!(read.as_str(), text.as_str());
            prop_assert!(read.to_f64().is_finite());
        }
    }

    #[test]
    fn every_day_of_the_calendar_is_one(year in 1582u16..=9999, month in 1u8..=12, day in 1u8..=31) {
        // The oracle counts by the rule of thumb of the knuckles and the leap years one by one.
        let long = [1, 3, 5, 7, 8, 10, 12].contains(&month);
        let leap = (1600..=year).step_by(4).any(|leap| leap == year) && (year % 400 == 0 || year % 100 != 0);
        let last = if month == 2 { 28 + u8::from(leap) } else { 30 + u8::from(long) };
        prop_assume!(year >= 1600);
        let read = format!("{year:04}{month:02}{day:02}").parse::<Date>();
        prop_assert_eq!(read.is_ok(), day <= last);
    }
}
