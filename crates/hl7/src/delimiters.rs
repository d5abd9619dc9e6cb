use crate::error::{ParseError, ParseErrorKind};

/// The delimiters that a message declares in MSH-1 and MSH-2 (HL7 v2.9 §2.5.4).
///
/// They are printable ASCII and no letters or digits, and all differ. A message may leave out the rarer ones at the
/// end of MSH-2; what it leaves out it cannot use, so the byte is then plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Between fields, `|` as a rule. MSH-1.
    pub field: u8,
    /// Between components, `^` as a rule.
    pub component: u8,
    /// Between repetitions of a field, `~` as a rule.
    pub repetition: Option<u8>,
    /// Around escape sequences, `\` as a rule.
    pub escape: Option<u8>,
    /// Between subcomponents, `&` as a rule.
    pub subcomponent: Option<u8>,
    /// Marks a truncated value since v2.7, `#` as a rule.
    pub truncation: Option<u8>,
}

impl Delimiters {
    /// The ones that the standard recommends and almost everybody uses: `|^~\&`.
    pub const RECOMMENDED: Self = Self {
        field: b'|',
        component: b'^',
        repetition: Some(b'~'),
        escape: Some(b'\\'),
        subcomponent: Some(b'&'),
        truncation: None,
    };

    /// Whether a byte is one of them.
    pub(crate) fn contain(&self, byte: u8) -> bool {
        let others = [
            self.repetition,
            self.escape,
            self.subcomponent,
            self.truncation,
        ];
        byte == self.field || byte == self.component || others.contains(&Some(byte))
    }

    /// Whether a byte separates values.
    pub(crate) fn separates(&self, byte: u8) -> bool {
        byte == self.field
            || byte == self.component
            || Some(byte) == self.repetition
            || Some(byte) == self.subcomponent
    }

    /// Reads MSH-1 and MSH-2 from `bytes`, where `MSH` begins at `start`.
    pub(crate) fn read(bytes: &[u8], start: usize) -> Result<Self, ParseError> {
        if bytes[start..].starts_with(b"MSH|^~\\&|") {
            return Ok(Self::RECOMMENDED);
        }
        let at = |offset, kind| Err(ParseError { kind, offset });
        let first = start + 3;
        let Some(&field) = bytes.get(first) else {
            return at(bytes.len(), ParseErrorKind::TruncatedHeader);
        };
        if !is_delimiter(field) {
            return at(first, ParseErrorKind::BadDelimiter);
        }
        let mut declared = [None; 5];
        let mut count = 0;
        for (offset, &byte) in bytes.iter().enumerate().skip(first + 1) {
            match byte {
                b'\r' | b'\n' => break,
                // `MSH||` repeats the field separator where the others belong; a later one ends MSH-2.
                _ if byte == field && count == 0 => {
                    return at(offset, ParseErrorKind::DuplicateDelimiter);
                }
                _ if byte == field => break,
                _ if count == declared.len() || !is_delimiter(byte) => {
                    return at(offset, ParseErrorKind::BadDelimiter);
                }
                _ if declared[..count].contains(&Some(byte)) => {
                    return at(offset, ParseErrorKind::DuplicateDelimiter);
                }
                _ => {
                    declared[count] = Some(byte);
                    count += 1;
                }
            }
        }
        let [
            Some(component),
            repetition,
            escape,
            subcomponent,
            truncation,
        ] = declared
        else {
            return at(
                (first + 1).min(bytes.len()),
                ParseErrorKind::TruncatedHeader,
            );
        };
        Ok(Self {
            field,
            component,
            repetition,
            escape,
            subcomponent,
            truncation,
        })
    }
}

fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_punctuation()
}
