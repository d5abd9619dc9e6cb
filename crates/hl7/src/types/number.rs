use std::fmt;

use crate::types::error::TypeError;
use crate::value::Value;

const EXPECTED: &str =
    "a number: digits, with a sign before and a decimal point between, if at all";

/// NM, a number as it was written (§2A.3.47): `-12.50` keeps its zero, which tells how exact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number<'a>(&'a str);

impl<'a> Number<'a> {
    /// Reads a value; `None` when there is nothing in it.
    pub fn from_value(value: Value<'a>) -> Result<Option<Self>, TypeError> {
        let value = innermost(value);
        if !value.is_valued() {
            return Ok(None);
        }
        let read = match std::str::from_utf8(value.raw()) {
            Ok(text) => Self::parse(text),
            Err(error) => Err(unexpected(error.valid_up_to())),
        };
        read.map(Some).map_err(|error| error.behind(value.offset()))
    }

    /// Reads a text.
    pub fn parse(text: &'a str) -> Result<Self, TypeError> {
        let begin = usize::from(text.starts_with(['+', '-']));
        let mut point = false;
        for (at, byte) in text.bytes().enumerate().skip(begin) {
            match byte {
                b'0'..=b'9' => {}
                b'.' if !point => point = true,
                _ => return Err(unexpected(at)),
            }
        }
        if text.bytes().any(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(unexpected(text.len()))
        }
    }

    /// As it was written.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The nearest floating-point number. For what must be exact take [`as_str`](Self::as_str).
    pub fn to_f64(self) -> f64 {
        // What `parse` accepts, this does.
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// The number if it is whole, written without a decimal point, and not beyond 64 bits.
    pub fn to_i64(self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A value of a simple type is its own first part, at whatever level; what follows it is not its.
pub(super) fn innermost(value: Value<'_>) -> Value<'_> {
    value.part(1).part(1)
}

fn unexpected(offset: usize) -> TypeError {
    TypeError {
        expected: EXPECTED,
        offset,
    }
}
