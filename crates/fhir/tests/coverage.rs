//! The maps against the HL7 v2-to-FHIR guide, row by row.
#![allow(clippy::unwrap_used)]

use kiln_fhir::{Coverage, MapSource, Reason, RowCoverage, Status};

#[test]
fn every_row_of_the_guide_is_mapped_or_left_out_with_a_reason() {
    let coverage = Coverage::of(&MapSource::embedded()).unwrap();
    let missing: Vec<String> = coverage
        .rows()
        .filter(|(_, row)| row.status == Status::Missing)
        .map(|(table, row)| format!("{} row {}: {}", table.name, row.row, row.field))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_digest_has_the_whole_guide() {
    let coverage = Coverage::of(&[]).unwrap();
    let tables = |kind: &str| {
        coverage
            .tables
            .iter()
            .filter(|table| table.kind.name() == kind)
            .count()
    };
    // The counts of the guide's folders, and of the rows that it maps.
    assert_eq!(
        ["message", "segment", "data type", "code system"].map(tables),
        [13, 75, 105, 99]
    );
    let mapped = coverage
        .rows()
        .filter(|(table, row)| {
            matches!(table.kind.name(), "segment" | "data type") && row.target.is_some()
        })
        .count();
    assert_eq!(mapped, 1672);
}

fn row(rows: &str, skip: &str, number: u32) -> RowCoverage {
    let list = |entries: &str| {
        if entries.is_empty() {
            " []".to_owned()
        } else {
            format!("\n{entries}")
        }
    };
    let (rows, skip) = (list(rows), list(skip));
    let text = format!("map: PID[Patient]\nof: PID\nto: Patient\nrows:{rows}\nskip:{skip}");
    let coverage = Coverage::of(&[MapSource {
        path: "segments/PID[Patient].yaml",
        text: &text,
    }])
    .unwrap();
    let table = coverage
        .tables
        .iter()
        .find(|table| table.name == "PID[Patient]");
    table
        .unwrap()
        .rows
        .iter()
        .find(|row| row.row == number)
        .unwrap()
        .clone()
}

#[test]
fn a_row_is_mapped_by_field_target_and_constant() {
    // Row 4 of the sheet: PID-2 to identifier[1].
    let mapped = [
        "- { from: PID-2, to: 'identifier[7]', as: 'CX[Identifier]' }",
        "- { from: PID-2.1, to: 'identifier[1].value', as: string }",
    ];
    for rows in mapped {
        let status = row(rows, "", 4).status;
        assert!(
            matches!(status, Status::Mapped { line: 5, .. }),
            "{rows}: {status:?}"
        );
    }
    let missing = [
        "- { from: PID-3, to: 'identifier[1]', as: 'CX[Identifier]' }",
        "- { from: PID-2, to: 'name[1].text', as: string }",
    ];
    for rows in missing {
        assert_eq!(row(rows, "", 4).status, Status::Missing, "{rows}");
    }
    // Row 8: PID-6 to extension[1].url, a constant.
    let url = |url: &str| format!("- {{ from: PID-6, to: 'extension[1].url', value: '{url}' }}");
    let right = row(
        &url("http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"),
        "",
        8,
    );
    assert!(matches!(right.status, Status::Mapped { .. }));
    assert_eq!(
        row(&url("http://example.org/other"), "", 8).status,
        Status::Missing
    );
}

#[test]
fn a_row_is_left_out_by_its_reason() {
    let skip = "- { from: PID-2, to: identifier, reason: superseded, note: withdrawn }";
    let Status::Skipped {
        reason, note, line, ..
    } = row("", skip, 4).status
    else {
        panic!("not left out");
    };
    assert_eq!(
        (reason, note.as_deref(), line),
        (Reason::Superseded, Some("withdrawn"), 6)
    );
    // Only what it names: not PID-3, and not another target.
    assert_eq!(row("", skip, 5).status, Status::Missing);
    let other = "- { from: PID-2, to: name, reason: superseded }";
    assert_eq!(row("", other, 4).status, Status::Missing);
}
