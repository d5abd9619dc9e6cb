//! JSON for people.

const STEP: &str = "  ";

/// Indents well-formed JSON by two spaces. Members keep their order and numbers their digits (`1.50` stays `1.50`, as FHIR
/// R4, decimal, asks for), which a tree of values would lose.
pub fn indent(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut previous = ' ';
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&STEP.repeat(depth));
    };
    for c in json.chars() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            previous = '"';
            continue;
        }
        match c {
            '{' | '[' => {
                if matches!(previous, '{' | '[') {
                    line(&mut out, depth);
                }
                depth += 1;
                out.push(c);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !matches!(previous, '{' | '[') {
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => continue,
            c => {
                if matches!(previous, '{' | '[') {
                    line(&mut out, depth);
                }
                in_string = c == '"';
                out.push(c);
            }
        }
        previous = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn order_and_values_stay() {
        let compact = r#"{"z":[{"b":"a\"{,:\\"},[]],"a":{},"n":-1.50}"#;
        let expected = "{\n  \"z\": [\n    {\n      \"b\": \"a\\\"{,:\\\\\"\n    },\n    []\n  ],\n  \"a\": {},\n  \"n\": -1.50\n}";
        assert_eq!(indent(compact), expected);
    }
}
