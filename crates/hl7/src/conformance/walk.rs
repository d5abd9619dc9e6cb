use std::collections::BTreeMap;

use memchr::memchr2;

use crate::charset::{Charset, ESC, Shift};
use crate::conformance::deviation::{Deviation, DeviationCode};
use crate::escape::{Escape, Token, Tokens, is_text};
use crate::message::{BYTE_ORDER_MARK, Message};
use crate::path::Path;
use crate::segment::Segment;
use crate::types::DateTime;
use crate::value::Value;

/// HL7 table 0104.
const VERSIONS: &[&str] = &[
    "2.0", "2.0D", "2.1", "2.2", "2.3", "2.3.1", "2.3.2", "2.4", "2.5", "2.5.1", "2.6", "2.7",
    "2.7.1", "2.8", "2.8.1", "2.8.2", "2.9", "2.9.1",
];

impl<'a> Message<'a> {
    /// Where the message deviates from the encoding rules, in the order of its segments. Looked for segment by segment
    /// while the iterator is read, and only then.
    ///
    /// ```
    /// use kiln_hl7::{DeviationCode, Index, Message};
    ///
    /// let mut index = Index::new();
    /// let bytes = b"MSH|^~\\&|LAB|NORTH|||||ADT^A01|7|P|2.5\rPID|1||4711^^^C:\\NORTH";
    /// let message = Message::parse(bytes, &mut index)?;
    /// let found: Vec<_> = message.deviations().map(|deviation| deviation.code).collect();
    /// assert_eq!(found, [DeviationCode::StrayEscape, DeviationCode::UnendedSegment]);
    /// let first = message.deviations().next().unwrap();
    /// assert_eq!((first.path.unwrap().to_string(), first.offset), ("PID-3.4".to_owned(), 55));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deviations(&self) -> impl Iterator<Item = Deviation> + use<'a> {
        let message = *self;
        let begin = message.msh().offset();
        let beyond = message.bytes()[begin..]
            .iter()
            .position(|byte| !byte.is_ascii())
            .filter(|_| !message.header().character_set().is_valued())
            .map(|place| begin + place);
        let mut occurrences: BTreeMap<&'a str, usize> = BTreeMap::new();
        message.segments().flat_map(move |segment| {
            let occurrence = occurrences.entry(segment.name()).or_default();
            *occurrence += 1;
            let mut walk = Walk {
                message,
                segment,
                occurrence: *occurrence,
                found: Vec::new(),
            };
            if segment.ordinal() == 0 {
                walk.beginning();
                walk.header();
            }
            walk.name();
            walk.undeclared(beyond);
            walk.fields();
            walk.end();
            walk.found
        })
    }
}

/// One segment, being looked at.
struct Walk<'a> {
    message: Message<'a>,
    segment: Segment<'a>,
    occurrence: usize,
    found: Vec<Deviation>,
}

impl<'a> Walk<'a> {
    fn report(&mut self, code: DeviationCode, path: Option<Path>, offset: usize) {
        self.found.push(Deviation {
            code,
            segment: self.segment.ordinal(),
            path,
            offset,
        });
    }

    fn path(&self, field: usize, repetition: usize) -> Option<Path> {
        Path::to_repetition(self.segment.name(), self.occurrence, field, repetition)
    }

    /// What stands before MSH.
    fn beginning(&mut self) {
        let before = &self.message.bytes()[..self.segment.offset()];
        let mark = before.starts_with(BYTE_ORDER_MARK);
        if mark {
            self.report(DeviationCode::ByteOrderMark, None, 0);
        }
        let blanks = if mark { BYTE_ORDER_MARK.len() } else { 0 };
        if blanks < before.len() {
            self.report(DeviationCode::LeadingBlanks, None, blanks);
        }
    }

    /// What MSH has to say, and says of the rest.
    fn header(&mut self) {
        let header = self.message.header();
        let required = [
            (9, header.message_code()),
            (10, header.control_id()),
            (11, header.processing_id()),
            (12, header.version()),
        ];
        for (field, value) in required {
            if !value.is_valued() {
                let path = self.path(field, 1);
                self.report(DeviationCode::MissingHeaderField, path, value.offset());
            }
        }
        let sent_at = header.date_time();
        if DateTime::from_value(sent_at).is_err() {
            self.report(
                DeviationCode::BadDateTime,
                self.path(7, 1),
                sent_at.offset(),
            );
        }
        let version = header.version();
        let known = VERSIONS
            .iter()
            .position(|known| known.as_bytes() == version.raw());
        if known.is_none() && version.is_valued() {
            let path = self.path(12, 1);
            self.report(DeviationCode::UnknownVersion, path, version.offset());
        }
        let before_2_7 = known.is_some_and(|place| VERSIONS[place] < "2.7");
        if before_2_7 && self.message.delimiters().truncation.is_some() {
            let offset = self.segment.field(2).offset() + 4;
            self.report(DeviationCode::EarlyTruncation, self.path(2, 1), offset);
        }
        self.charsets();
    }

    fn charsets(&mut self) {
        let declared = self.segment.field(18);
        for (name, place) in declared.repetitions().zip(1..) {
            let standard = std::str::from_utf8(name.raw())
                .ok()
                .and_then(Charset::from_name)
                .is_none_or(|charset| charset.is_named(name.raw()));
            if !standard {
                let path = self.path(18, place);
                self.report(DeviationCode::CharsetName, path, name.offset());
            }
        }
    }

    /// The first byte that needs a declaration, if it is here.
    fn undeclared(&mut self, beyond: Option<usize>) {
        let end = self.segment.offset() + self.segment.raw().len();
        if let Some(offset) = beyond.filter(|at| (self.segment.offset()..end).contains(at)) {
            let path = self.message.path_at(offset);
            self.report(DeviationCode::UndeclaredCharset, path, offset);
        }
    }

    fn name(&mut self) {
        let name = self.segment.name();
        let code = match name {
            _ if name.bytes().any(|byte| byte.is_ascii_lowercase()) => DeviationCode::LowercaseName,
            "MSH" if self.segment.ordinal() > 0 => DeviationCode::SecondHeader,
            "FHS" | "BHS" | "BTS" | "FTS" => DeviationCode::BatchSegment,
            _ => return,
        };
        self.report(code, None, self.segment.offset());
    }

    /// Every value at its deepest level.
    fn fields(&mut self) {
        for (field, number) in self.segment.fields().zip(1..) {
            if self.is_plain(field.raw()) {
                continue;
            }
            for (repetition, place) in field.repetitions().zip(1..) {
                if repetition.is_literal() {
                    continue;
                }
                let path = self.path(number, place);
                let several = repetition.parts().nth(1).is_some();
                for (component, place) in repetition.parts().zip(1..) {
                    let divided = component.parts().nth(1).is_some();
                    let path = path.map(|path| {
                        if several || divided {
                            path.to_part(place)
                        } else {
                            path
                        }
                    });
                    for (part, place) in component.parts().zip(1..) {
                        let path =
                            path.map(|path| if divided { path.to_part(place) } else { path });
                        self.value(part, path);
                    }
                }
            }
        }
    }

    /// Whether there is nothing to look for: printable ASCII without escapes.
    fn is_plain(&self, raw: &[u8]) -> bool {
        let escape = self.message.delimiters().escape;
        raw.iter()
            .all(|&byte| (b' '..=b'~').contains(&byte) && Some(byte) != escape)
    }

    fn value(&mut self, value: Value<'a>, path: Option<Path>) {
        if self.is_plain(value.raw()) {
            return;
        }
        let reading = self.message.reading.unpack();
        let mut shift = Shift::new(reading.charset, reading.switches);
        let mut text = String::new();
        for (at, token) in Tokens::new(value.raw(), reading) {
            let offset = value.offset() + at;
            match token {
                Token::Plain(bytes) => {
                    let control = bytes.iter().position(|&byte| {
                        byte.is_ascii_control() && !(byte == ESC && reading.switches)
                    });
                    if let Some(place) = control {
                        self.report(DeviationCode::ControlCharacter, path, offset + place);
                    }
                    text.clear();
                    if let Err(bad) = shift.decode(bytes, &reading.delimiters, &mut text) {
                        self.report(DeviationCode::Undecodable, path, offset + bad);
                        return;
                    }
                }
                Token::Escape { escape, .. } => match escape {
                    Escape::Switch(to) => {
                        shift.to(to);
                        if !reading.switches {
                            self.report(DeviationCode::UnannouncedSwitch, path, offset);
                        }
                    }
                    Escape::Hexadecimal(digits) if !is_text(digits, shift, &reading.delimiters) => {
                        self.report(DeviationCode::UnknownEscape, path, offset);
                    }
                    _ => {}
                },
                Token::Unknown(_) => self.report(DeviationCode::UnknownEscape, path, offset),
                Token::Stray(_) => self.report(DeviationCode::StrayEscape, path, offset),
            }
        }
        if shift.is_open() {
            let end = value.offset() + value.raw().len();
            self.report(DeviationCode::OpenSwitch, path, end);
        }
    }

    /// How the segment ends, and what stands between it and the next.
    fn end(&mut self) {
        let bytes = self.message.bytes();
        let end = self.segment.offset() + self.segment.raw().len();
        let next = self
            .message
            .segment_at(self.segment.ordinal() + 1)
            .map_or(bytes.len(), |next| next.offset());
        let (code, blanks) = match bytes[end..next] {
            [] => (Some(DeviationCode::UnendedSegment), end),
            [b'\r', b'\n', ..] => (Some(DeviationCode::LineFeed), end + 2),
            [b'\n', ..] => (Some(DeviationCode::LineFeed), end + 1),
            _ => (None, end + 1),
        };
        if let Some(code) = code {
            self.report(code, None, end);
        }
        let mut line = blanks;
        while line < next {
            self.report(DeviationCode::BlankLine, None, line);
            line = match memchr2(b'\r', b'\n', &bytes[line..next]) {
                None => next,
                Some(length) if bytes[line + length..next].starts_with(b"\r\n") => {
                    line + length + 2
                }
                Some(length) => line + length + 1,
            };
        }
    }
}
