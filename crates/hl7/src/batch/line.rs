use memchr::memchr3;

use crate::message::start_of_text;

/// What ends an MLLP frame in a file that was captured from the wire; the 0x0B before it counts as a blank.
const FRAME_END: u8 = 0x1C;
const FRAME_BEGIN: u8 = 0x0B;

/// One line of a file.
pub(super) struct Line<'a> {
    /// Without leading blanks and the line end.
    pub(super) text: &'a [u8],
    /// Where the text begins.
    pub(super) begin: usize,
    /// Where the line ends, with its line end but without a frame's.
    pub(super) kept: usize,
    /// Where the next line begins.
    pub(super) next: usize,
    pub(super) ends_frame: bool,
}

impl<'a> Line<'a> {
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Self {
        let end = memchr3(b'\r', b'\n', FRAME_END, &bytes[at..])
            .map_or(bytes.len(), |length| at + length);
        let ends_frame = bytes.get(end) == Some(&FRAME_END);
        let next = match bytes[end..] {
            [] => end,
            [b'\r', b'\n', ..] => end + 2,
            _ => end + 1,
        };
        let frame = bytes[at..end]
            .iter()
            .take_while(|&&byte| byte == FRAME_BEGIN)
            .count();
        let begin = (at + frame + start_of_text(&bytes[at + frame..end])).min(end);
        Self {
            text: &bytes[begin..end],
            begin,
            kept: if ends_frame { end } else { next },
            next,
            ends_frame,
        }
    }

    /// The segment's name, if it has one of three characters.
    pub(super) fn name(&self) -> &'a [u8] {
        let ends = self
            .text
            .get(3)
            .is_none_or(|byte| !byte.is_ascii_alphanumeric());
        self.text.get(..3).filter(|_| ends).unwrap_or_default()
    }
}
