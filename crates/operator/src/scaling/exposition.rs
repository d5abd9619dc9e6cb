//! The text format in which `/metrics` answers, as far as it is asked for values: one sample a line.
//!
//! `name{label="value",…} value`; lines that begin with `#` explain, and what is no sample is skipped.

/// One value of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: f64,
    labels: &'a str,
}

impl<'a> Sample<'a> {
    /// The label's value as it is written, escapes included.
    pub(crate) fn label(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.labels;
        loop {
            let (key, after) = rest.split_once("=\"")?;
            let end = closing_quote(after)?;
            if key.trim_start_matches([',', ' ']) == name {
                return Some(&after[..end]);
            }
            rest = &after[end + 1..];
        }
    }
}

/// The samples of a whole answer, in its order.
pub(crate) fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines().filter_map(sample)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(within) => within.split_at(closing_brace(within)?),
        None => ("", rest),
    };
    // A time may follow the value; nothing here needs it.
    let value = rest.trim_start_matches('}').split_whitespace().next()?;
    Some(Sample {
        name,
        labels,
        value: value.parse().ok()?,
    })
}

/// Where the labels end: a brace within quotes is part of a value.
fn closing_brace(labels: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let next = at + labels[at..].find(['}', '"'])?;
        if labels.as_bytes()[next] == b'}' {
            return Some(next);
        }
        at = next + 1;
        at += closing_quote(&labels[at..])? + 1;
    }
}

/// The end of a value whose opening quote is before `text`.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| match byte {
        b'"' if !escaped => true,
        b'\\' => {
            escaped = !escaped;
            false
        }
        _ => {
            escaped = false;
            false
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn samples_are_read_with_their_labels_and_all_else_is_skipped() {
        let text = "# HELP a_total What it is.\n# TYPE a_total counter\na_total 3\n\
            b{le=\"+Inf\",listener=\"adt\"} 1e3 1700000000\n\
            c{odd=\"a,b}\\\"c\\\\\", lane=\"bulk\"} NaN\n\
            d +Inf\nno_value\nbroken{a=\"b 1\nwords 1x\n\n";
        let found: Vec<_> = samples(text).collect();
        let names: Vec<&str> = found.iter().map(|sample| sample.name).collect();
        assert_eq!(names, ["a_total", "b", "c", "d"]);
        assert!((found[0].value - 3.0).abs() < f64::EPSILON);
        assert_eq!(found[0].label("le"), None);
        assert!((found[1].value - 1000.0).abs() < f64::EPSILON);
        assert_eq!(found[1].label("le"), Some("+Inf"));
        assert_eq!(found[1].label("listener"), Some("adt"));
        assert_eq!(found[2].label("lane"), Some("bulk"));
        assert_eq!(found[2].label("odd"), Some("a,b}\\\"c\\\\"));
        assert!(found[2].value.is_nan());
        assert!(found[3].value.is_infinite());
    }
}
