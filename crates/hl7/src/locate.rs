use crate::error::{ParseError, ParseErrorKind};
use crate::index::Index;
use crate::message::Message;
use crate::path::Path;
use crate::value::Value;

impl ParseError {
    /// The path of what could not be decoded in `bytes`, which were refused for it; `None` for other errors, and where
    /// the rest cannot be read either.
    ///
    /// ```
    /// use kiln_hl7::{Index, Message};
    ///
    /// let bytes = b"MSH|^~\\&|LAB\rPID|1||7||van^M\xE4rz\r";
    /// let error = Message::parse(bytes, &mut Index::new()).unwrap_err();
    /// assert_eq!(error.path_in(bytes), Some("PID-5.2".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn path_in(&self, bytes: &[u8]) -> Option<Path> {
        if !matches!(self.kind, ParseErrorKind::InvalidText { .. }) {
            return None;
        }
        let mut index = Index::new();
        Message::parse_unchecked(bytes, &mut index)
            .ok()?
            .path_at(self.offset)
    }
}

impl Message<'_> {
    /// The path of the value that holds the byte at `offset`: as deep as the field is divided there. A separator belongs
    /// to the value before it; names of segments and line ends to none.
    ///
    /// It turns the offset of an error into a place to look at, and takes time in proportion to the message.
    ///
    /// ```
    /// use kiln_hl7::{Index, Message};
    ///
    /// let bytes = b"MSH|^~\\&|LAB|||||||||||||||8859/6\rPID|1||7|a~b^\xA1&d\r";
    /// let mut index = Index::new();
    /// let message = Message::parse(bytes, &mut index)?;
    /// let bad = message.get(&"PID-4[2]".parse()?).unwrap().text().unwrap_err();
    /// assert_eq!(message.path_at(bad.offset), Some("PID-4[2].2.1".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn path_at(&self, offset: usize) -> Option<Path> {
        let within = |begin: usize, raw: &[u8]| (begin..=begin + raw.len()).contains(&offset);
        let segment = self
            .segments()
            .find(|segment| within(segment.offset(), segment.raw()))?;
        let occurrence = self
            .segments()
            .take(segment.ordinal() + 1)
            .filter(|other| other.raw()[..3] == segment.raw()[..3])
            .count();
        let (field, place) = segment
            .fields()
            .zip(1..)
            .take_while(|(field, _)| field.offset() <= offset)
            .last()?;
        let holds = |value: &Value<'_>| within(value.offset(), value.raw());
        let (repetition, number) = field
            .repetitions()
            .zip(1..)
            .find(|(value, _)| holds(value))?;
        let mut path = Path::to_repetition(segment.name(), occurrence, place, number)?;
        let mut value = repetition;
        for _ in 0..2 {
            let Some((part, number)) = value.parts().zip(1..).find(|(part, _)| holds(part)) else {
                break;
            };
            // What is not divided has no parts to name, unless the parts of its first are to be named.
            let divided = part.raw().len() < value.raw().len() || part.parts().nth(1).is_some();
            if !divided {
                break;
            }
            path = path.to_part(number);
            value = part;
        }
        Some(path)
    }
}
