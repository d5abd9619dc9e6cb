use std::fmt;
use std::str::FromStr;

/// The address of a value in a message, as analysts write it: `PID-5`, `PID-3[2].4.1`, `OBX[3]-5`.
///
/// ```text
/// OBX [3] - 5 [2] . 4 . 1
///  │   │    │  │    │   └ subcomponent
///  │   │    │  │    └ component
///  │   │    │  └ repetition of the field, 1 when left out
///  │   │    └ field
///  │   └ occurrence among the segments of that name, 1 when left out
///  └ segment
/// ```
///
/// All numbers count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    segment: [u8; 3],
    occurrence: usize,
    field: usize,
    repetition: usize,
    component: Option<usize>,
    subcomponent: Option<usize>,
}

/// Why a text is no [`Path`], and at which byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{expected} (at byte {offset} of the path); write a path like PID-3[2].4.1 or OBX[3]-5")]
pub struct PathError {
    expected: &'static str,
    offset: usize,
}

impl PathError {
    /// Offset of the first byte that does not fit.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl Path {
    /// One repetition of a field; `None` for what no path can say.
    pub(crate) fn to_repetition(
        segment: &str,
        occurrence: usize,
        field: usize,
        repetition: usize,
    ) -> Option<Self> {
        Some(Self {
            segment: segment.as_bytes().try_into().ok()?,
            occurrence,
            field,
            repetition,
            component: None,
            subcomponent: None,
        })
    }

    /// One level deeper: a component, or a subcomponent of the component that it names.
    pub(crate) fn to_part(self, number: usize) -> Self {
        match self.component {
            None => Self {
                component: Some(number),
                ..self
            },
            Some(_) => Self {
                subcomponent: Some(number),
                ..self
            },
        }
    }

    /// The segment's name.
    pub fn segment(&self) -> &str {
        // Only ASCII gets in.
        std::str::from_utf8(&self.segment).unwrap_or_default()
    }

    /// Which of the segments of that name, from 1.
    pub fn occurrence(&self) -> usize {
        self.occurrence
    }

    /// The field's number.
    pub fn field(&self) -> usize {
        self.field
    }

    /// The repetition's number.
    pub fn repetition(&self) -> usize {
        self.repetition
    }

    /// The component's number; `None` means the whole repetition.
    pub fn component(&self) -> Option<usize> {
        self.component
    }

    /// The subcomponent's number; `None` means the whole component.
    pub fn subcomponent(&self) -> Option<usize> {
        self.subcomponent
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut reader = Reader {
            bytes: text.as_bytes(),
            at: 0,
        };
        let segment = reader.segment()?;
        let occurrence = reader.bracketed()?.unwrap_or(1);
        reader.expect(b'-', "expected '-' and a field number")?;
        let field = reader.number()?;
        let repetition = reader.bracketed()?.unwrap_or(1);
        let component = reader.dotted()?;
        let subcomponent = if component.is_some() {
            reader.dotted()?
        } else {
            None
        };
        if reader.at < text.len() {
            return Err(reader.error("expected the end"));
        }
        Ok(Self {
            segment,
            occurrence,
            field,
            repetition,
            component,
            subcomponent,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment())?;
        if self.occurrence > 1 {
            write!(f, "[{}]", self.occurrence)?;
        }
        write!(f, "-{}", self.field)?;
        if self.repetition > 1 {
            write!(f, "[{}]", self.repetition)?;
        }
        for number in self.component.iter().chain(&self.subcomponent) {
            write!(f, ".{number}")?;
        }
        Ok(())
    }
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn error(&self, expected: &'static str) -> PathError {
        PathError {
            expected,
            offset: self.at,
        }
    }

    fn segment(&mut self) -> Result<[u8; 3], PathError> {
        let mut name = [0; 3];
        for (place, letter) in name.iter_mut().enumerate() {
            match self.bytes.get(self.at) {
                Some(&byte)
                    if byte.is_ascii_uppercase() || (place > 0 && byte.is_ascii_alphanumeric()) =>
                {
                    *letter = byte;
                }
                _ => return Err(self.error("expected a segment name of three capitals or digits")),
            }
            self.at += 1;
        }
        Ok(name)
    }

    fn takes(&mut self, byte: u8) -> bool {
        let taken = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(taken);
        taken
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), PathError> {
        if self.takes(byte) {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    fn number(&mut self) -> Result<usize, PathError> {
        let begin = self.at;
        let mut number: usize = 0;
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            number = number
                .saturating_mul(10)
                .saturating_add(usize::from(digit - b'0'));
            self.at += 1;
        }
        if number == 0 || number > u32::MAX as usize {
            self.at = begin;
            return Err(self.error("expected a number from 1"));
        }
        Ok(number)
    }

    fn bracketed(&mut self) -> Result<Option<usize>, PathError> {
        if !self.takes(b'[') {
            return Ok(None);
        }
        let number = self.number()?;
        self.expect(b']', "expected ']'")?;
        Ok(Some(number))
    }

    fn dotted(&mut self) -> Result<Option<usize>, PathError> {
        if self.takes(b'.') {
            self.number().map(Some)
        } else {
            Ok(None)
        }
    }
}
