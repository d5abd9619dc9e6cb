//! Target paths, such as `performer[1](PractitionerRole.practitioner(Practitioner))`, and source paths, such as `PID-3.4`.

/// One step of a target path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An element, and which of its items.
    Element { name: String, item: Item },
    /// All items, one for each linked instance: `result[]`.
    All { name: String },
    /// A resource of its own, referenced from the element before.
    Resource { name: String },
}

/// Tells the items of a list apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// The only one that is written without brackets.
    Plain,
    /// One of several of the same map: `identifier[2]`.
    Number(u16),
    /// One that all maps of the resource fill together, and that never repeats: `extension[race]`.
    Name(String),
}

/// Reads a target path; `$this` is the empty path.
pub(crate) fn target(text: &str) -> Result<Vec<Step>, String> {
    let text = text.trim();
    let mut steps = Vec::new();
    if text == "$this" {
        return Ok(steps);
    }
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    let mut resource = false;
    loop {
        let start = at;
        while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
            at += 1;
        }
        if start == at {
            return Err(format!(
                "target path `{text}`: an element name is missing at character {}",
                at + 1
            ));
        }
        let name = text[start..at].to_owned();
        if resource {
            steps.push(Step::Resource { name });
        } else if bytes.get(at) == Some(&b'[') {
            let end = text[at..]
                .find(']')
                .ok_or_else(|| format!("target path `{text}`: `[` is not closed"))?
                + at;
            let number = &text[at + 1..end];
            at = end + 1;
            if number.is_empty() {
                steps.push(Step::All { name });
            } else {
                let item = item(number).ok_or_else(|| {
                    format!("target path `{text}`: `[{number}]` is no item number from 1, nor a name in small letters")
                })?;
                steps.push(Step::Element { name, item });
            }
        } else {
            let item = Item::Plain;
            steps.push(Step::Element { name, item });
        }
        resource = false;
        while bytes.get(at) == Some(&b')') {
            depth = depth
                .checked_sub(1)
                .ok_or_else(|| format!("target path `{text}`: `)` without `(`"))?;
            at += 1;
        }
        match bytes.get(at) {
            None if depth == 0 => return Ok(steps),
            None => return Err(format!("target path `{text}`: `(` is not closed")),
            Some(b'.') => at += 1,
            Some(b'(') => {
                depth += 1;
                at += 1;
                resource = true;
            }
            Some(_) => {
                return Err(format!(
                    "target path `{text}`: unexpected character at {}",
                    at + 1
                ));
            }
        }
    }
}

fn item(text: &str) -> Option<Item> {
    if text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(Item::Name(text.to_owned()));
    }
    text.parse().ok().filter(|n| *n > 0).map(Item::Number)
}

/// A place in the message: a segment's field, or a part of the value that a data type map is applied to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SourcePath {
    /// Segment, data type, `EVENT`, `MESSAGE` or `$`.
    pub(crate) root: String,
    /// 0: the segment as a whole, or a part of a data type.
    pub(crate) field: u16,
    /// Numbers after the field, or after the data type: component, subcomponent.
    pub(crate) parts: Vec<u16>,
}

/// Reads `PID-3`, `PID-3.4.1`, `CX.4.2`, `NK1` or `$`.
pub(crate) fn source(text: &str) -> Option<SourcePath> {
    let text = text.trim();
    let root_end = text.find(['-', '.']).unwrap_or(text.len());
    let (root, rest) = text.split_at(root_end);
    let name = root == "$"
        || (root.len() >= 2
            && root
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    if !name {
        return None;
    }
    let number = |text: &str| text.parse::<u16>().ok().filter(|n| *n > 0);
    let (field, rest) = match rest.strip_prefix('-') {
        Some(rest) => {
            let end = rest.find('.').unwrap_or(rest.len());
            (number(&rest[..end])?, &rest[end..])
        }
        None => (0, rest),
    };
    let parts = match rest.strip_prefix('.') {
        None => Vec::new(),
        Some(rest) => rest.split('.').map(number).collect::<Option<Vec<_>>>()?,
    };
    (parts.len() <= 3).then(|| SourcePath {
        root: root.to_owned(),
        field,
        parts,
    })
}
