//! The values that a condition asks for: a row of the guide with `OBX-2 EQUALS "SN"` is no row with `OBX-2 EQUALS "NM"`.

use std::collections::BTreeSet;

use crate::maps::condition::Condition;

/// Values that the guide's condition requires; those under NOT are left out.
pub(super) fn required(condition: &str) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    let mut negated = false;
    let mut rest = condition;
    while let Some(c) = rest.chars().next() {
        if c == '"' || c == '\'' {
            let Some(end) = rest[1..].find(c) else { break };
            if !negated {
                values.insert(rest[1..=end].to_owned());
            }
            rest = &rest[end + 2..];
            continue;
        }
        let end = rest[c.len_utf8()..]
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '('))
            .map_or(rest.len(), |at| at + c.len_utf8());
        match rest[..end].trim() {
            "NOT" => negated = true,
            "AND" | "OR" => negated = false,
            _ => {}
        }
        rest = &rest[end..];
    }
    values
}

/// Values that a map's condition names.
pub(super) fn named<P>(condition: &Condition<P>, values: &mut BTreeSet<String>) {
    match condition {
        Condition::Among(_, among) => values.extend(among.iter().cloned()),
        Condition::Not(inner) => named(inner, values),
        Condition::And(all) | Condition::Or(all) => {
            for condition in all {
                named(condition, values);
            }
        }
        Condition::Valued(_) | Condition::Length(..) | Condition::Count(..) => {}
    }
}

/// Whether rows under these conditions, of which `None` always applies, answer for all required values.
pub(super) fn answered<'c, P: 'c>(
    required: &BTreeSet<String>,
    conditions: impl Iterator<Item = Option<&'c Condition<P>>>,
    constant: bool,
) -> bool {
    if required.is_empty() {
        return true;
    }
    let mut values = BTreeSet::new();
    for condition in conditions {
        match condition {
            None if !constant => return true,
            None => {}
            Some(condition) => named(condition, &mut values),
        }
    }
    required.is_subset(&values)
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn values_under_not_are_not_required() {
        let of = |text| required(text).into_iter().collect::<Vec<_>>();
        assert_eq!(
            of("OBX-2 EQUALS \"SN\" AND OBX-5.1 NOT EQUALS \"<>\""),
            ["SN"]
        );
        assert_eq!(of("XAD.7 IN (\"B\",\"BI\",\"L\")"), ["B", "BI", "L"]);
        assert_eq!(of("HD-3 NOT IN (\"ISO\", \"UUID\")"), Vec::<String>::new());
        assert_eq!(of("OBX-2=\"FT\""), ["FT"]);
    }
}
