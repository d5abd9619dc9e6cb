use std::ops::Range;

use crate::edit::error::EditErrorKind;
use crate::path::Path;
use crate::reading::Reading;
use crate::scan;

/// Most delimiters that are written to reach a place beyond the end of what is there.
pub const MAX_PADDING: usize = 4096;

/// A place in a segment; all numbers count from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    field: usize,
    /// `None`: the whole field.
    repetition: Option<usize>,
    component: Option<usize>,
    subcomponent: Option<usize>,
}

impl Place {
    /// A whole field with all of its repetitions.
    pub(crate) fn field(field: usize) -> Self {
        Self {
            field,
            repetition: None,
            component: None,
            subcomponent: None,
        }
    }

    /// A component of a field's first repetition.
    pub(crate) fn component(self, component: usize) -> Self {
        Self {
            repetition: Some(1),
            component: Some(component),
            ..self
        }
    }

    /// A subcomponent of a component.
    pub(crate) fn subcomponent(self, subcomponent: usize) -> Self {
        Self {
            subcomponent: Some(subcomponent),
            ..self
        }
    }

    /// What a path addresses.
    pub(crate) fn of(path: &Path) -> Self {
        Self {
            field: path.field(),
            repetition: Some(path.repetition()),
            component: path.component(),
            subcomponent: path.subcomponent(),
        }
    }

    /// From the segment's fields down: which part, and what divides it there.
    fn steps(self, declares: bool, reading: Reading) -> [(Option<usize>, Option<u8>); 4] {
        let delimiters = reading.delimiters;
        // Behind the first separator of MSH comes MSH-2.
        let field = self.field + usize::from(!declares);
        [
            (Some(field), Some(delimiters.field)),
            (self.repetition, delimiters.repetition),
            (self.component, Some(delimiters.component)),
            (self.subcomponent, delimiters.subcomponent),
        ]
    }

    /// The delimiters that a raw value at this place must not hold: its own level's and those above.
    pub(crate) fn forbidden(self, reading: Reading) -> Vec<u8> {
        self.steps(false, reading)
            .into_iter()
            .filter_map(|(number, delimiter)| delimiter.filter(|_| number.is_some()))
            .chain(*b"\r\n")
            .collect()
    }

    /// Where the place is in a segment, and the delimiters to be written before its value when the segment ends
    /// before it.
    pub(crate) fn find(
        self,
        segment: &[u8],
        reading: Reading,
    ) -> Result<(Range<usize>, Vec<u8>), EditErrorKind> {
        let declares = matches!(&segment[..3], b"MSH" | b"FHS" | b"BHS");
        let mut range = 0..segment.len();
        let mut padding = Vec::new();
        for (number, delimiter) in self.steps(declares, reading) {
            let Some(number) = number else { break };
            let missing = if padding.is_empty() {
                match part(&segment[range.clone()], number, delimiter, reading) {
                    Ok(found) => {
                        range = range.start + found.start..range.start + found.end;
                        continue;
                    }
                    Err(missing) => missing,
                }
            } else {
                number - 1
            };
            if missing > 0 {
                if missing > MAX_PADDING - padding.len() {
                    return Err(EditErrorKind::TooFar);
                }
                let delimiter = delimiter.ok_or(EditErrorKind::NoDelimiter)?;
                padding.resize(padding.len() + missing, delimiter);
                range.start = range.end;
            }
        }
        Ok((range, padding))
    }
}

/// The part of that number, or how many delimiters it lacks.
fn part(
    bytes: &[u8],
    number: usize,
    delimiter: Option<u8>,
    reading: Reading,
) -> Result<Range<usize>, usize> {
    let mut start = 0;
    for before in (0..number).rev() {
        let end = delimiter.and_then(|byte| scan::find(&bytes[start..], byte, reading));
        match end {
            _ if before == 0 => return Ok(start..end.map_or(bytes.len(), |end| start + end)),
            Some(end) => start += end + 1,
            None => return Err(before),
        }
    }
    Err(number)
}
