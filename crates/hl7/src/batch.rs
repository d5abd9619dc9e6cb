//! Files of messages: one or many, plain, MLLP-framed or in a batch (HL7 v2.9 §2.10.3).
//!
//! ```
//! let file = b"FHS|^~\\&|LAB\nBHS|^~\\&|LAB\nMSH|^~\\&|A\nPID|1\nMSH|^~\\&|B\nBTS|2\nFTS|1\n";
//! let messages: Vec<&[u8]> = kiln_hl7::batch::messages(file).collect();
//! assert_eq!(messages, [&b"MSH|^~\\&|A\nPID|1\n"[..], b"MSH|^~\\&|B\n"]);
//! ```

use memchr::memchr3;

use crate::message::start_of_text;

/// What ends an MLLP frame in a file that was captured from the wire; the 0x0B before it counts as a blank.
const FRAME_END: u8 = 0x1C;
const FRAME_BEGIN: u8 = 0x0B;

/// The messages in a file's bytes, in order, without frames and batch segments; each with its last line end, if it
/// has one.
///
/// Lines that belong to no message are an item of their own, so that [`parse`](crate::Message::parse) reports them
/// and nothing is skipped silently. A file of blanks has no messages.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut begin = None;
        let mut end = at;
        while at < bytes.len() {
            let line = Line::read(bytes, at);
            if begin.is_some() && line.names(&[b"MSH"]) {
                break;
            }
            at = line.next;
            if line.names(&[b"FHS", b"BHS", b"BTS", b"FTS"]) {
                if begin.is_some() {
                    break;
                }
                continue;
            }
            if !line.text.is_empty() {
                begin.get_or_insert(line.begin);
                end = line.kept;
            }
            if line.ends_frame && begin.is_some() {
                break;
            }
        }
        begin.map(|begin| &bytes[begin..end])
    })
}

struct Line<'a> {
    /// Without leading blanks and the line end.
    text: &'a [u8],
    /// Where the text begins.
    begin: usize,
    /// Where the line ends, with its line end but without a frame's.
    kept: usize,
    /// Where the next line begins.
    next: usize,
    ends_frame: bool,
}

impl<'a> Line<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Self {
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

    fn names(&self, names: &[&[u8; 3]]) -> bool {
        names.iter().any(|name| self.text.starts_with(&name[..]))
            && self
                .text
                .get(3)
                .is_none_or(|byte| !byte.is_ascii_alphanumeric())
    }
}
