use crate::charset::Charset;
use crate::delimiters::Delimiters;

/// What it takes to split and decode any value of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) delimiters: Delimiters,
    pub(crate) charset: Charset,
    /// Whether values switch to other character sets by the escape sequences of ISO 2022.
    pub(crate) switches: bool,
}

/// A [`Reading`] in one word, which every message, segment, field and value carries: copying it costs nothing, and
/// splitting needs only a shift to know its delimiter.
///
/// The bytes are the delimiters in the order of MSH-1 and MSH-2, zero for one that is not declared, then the character
/// set, then flags.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedReading(u64);

const COMPONENT: u32 = 1;
const REPETITION: u32 = 2;
const SUBCOMPONENT: u32 = 4;

const SWITCHES: u8 = 1;
const HAS_LOOKALIKES: u8 = 2;

impl Reading {
    pub(crate) fn new(delimiters: Delimiters, charset: Charset) -> Self {
        Self {
            delimiters,
            charset,
            switches: charset.switches(),
        }
    }

    /// Whether there may be bytes that look like delimiters and are none.
    pub(crate) fn has_lookalikes(self) -> bool {
        self.switches || self.charset.trails_in_ascii()
    }

    pub(crate) fn pack(self) -> PackedReading {
        let Delimiters {
            field,
            component,
            repetition,
            escape,
            subcomponent,
            truncation,
        } = self.delimiters;
        let [repetition, escape, subcomponent, truncation] =
            [repetition, escape, subcomponent, truncation].map(Option::unwrap_or_default);
        let switches = if self.switches { SWITCHES } else { 0 };
        let lookalikes = if self.has_lookalikes() {
            HAS_LOOKALIKES
        } else {
            0
        };
        PackedReading(u64::from_le_bytes([
            field,
            component,
            repetition,
            escape,
            subcomponent,
            truncation,
            self.charset.code(),
            switches | lookalikes,
        ]))
    }
}

impl PackedReading {
    pub(crate) fn unpack(self) -> Reading {
        let [
            field,
            component,
            repetition,
            escape,
            subcomponent,
            truncation,
            charset,
            flags,
        ] = self.0.to_le_bytes();
        Reading {
            delimiters: Delimiters {
                field,
                component,
                repetition: declared(repetition),
                escape: declared(escape),
                subcomponent: declared(subcomponent),
                truncation: declared(truncation),
            },
            charset: Charset::from_code(charset),
            switches: flags & SWITCHES != 0,
        }
    }

    #[inline]
    pub(crate) fn component(self) -> u8 {
        self.byte(COMPONENT)
    }

    #[inline]
    pub(crate) fn repetition(self) -> Option<u8> {
        declared(self.byte(REPETITION))
    }

    #[inline]
    pub(crate) fn subcomponent(self) -> Option<u8> {
        declared(self.byte(SUBCOMPONENT))
    }

    /// As [`Reading::has_lookalikes`].
    #[inline]
    pub(crate) fn has_lookalikes(self) -> bool {
        self.byte(7) & HAS_LOOKALIKES != 0
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "one byte is wanted")]
    fn byte(self, place: u32) -> u8 {
        (self.0 >> (8 * place)) as u8
    }
}

/// Delimiters are punctuation, never zero.
#[inline]
fn declared(byte: u8) -> Option<u8> {
    (byte != 0).then_some(byte)
}
