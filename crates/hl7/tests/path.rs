//! Paths are read, refused with a place, and written in one canonical form.
#![allow(clippy::unwrap_used)]

use kiln_hl7::Path;

#[test]
fn paths_read_and_write() {
    for (written, canonical) in [
        ("PID-3", "PID-3"),
        ("PID-3[2].4.1", "PID-3[2].4.1"),
        ("OBX[3]-5", "OBX[3]-5"),
        ("OBX[1]-5[1]", "OBX-5"),
        ("ZP1-007.2", "ZP1-7.2"),
    ] {
        let path: Path = written.parse().unwrap();
        assert_eq!(path.to_string(), canonical);
        assert_eq!(canonical.parse::<Path>().unwrap(), path);
    }
    let path: Path = "PID[4]-3[2].5.1".parse().unwrap();
    assert_eq!(
        (
            path.segment(),
            path.occurrence(),
            path.field(),
            path.repetition()
        ),
        ("PID", 4, 3, 2)
    );
    assert_eq!((path.component(), path.subcomponent()), (Some(5), Some(1)));
}

#[test]
fn bad_paths_are_placed() {
    for (written, offset) in [
        ("", 0),
        ("PI", 2),
        ("pid-3", 0),
        ("1ID-3", 0),
        ("PID", 3),
        ("PID3", 3),
        ("PID-", 4),
        ("PID-0", 4),
        ("PID-x", 4),
        ("PID[0]-3", 4),
        ("PID[2-3", 5),
        ("PID-3[]", 6),
        ("PID-3.", 6),
        ("PID-3.1.2.3", 9),
        ("PID-3 ", 5),
        ("PID-99999999999999999999999", 4),
        ("PÏD-3", 1),
    ] {
        let error = written.parse::<Path>().unwrap_err();
        assert_eq!(error.offset(), offset, "{written}: {error}");
        assert!(
            error.to_string().contains("PID-3[2].4.1"),
            "says how to write one"
        );
    }
}
