use crate::charset::Charset;
use crate::error::TextError;

/// A message in UTF-16 as UTF-8, written to `buffer`; any other message as it is.
///
/// UTF-16 (`UNICODE UTF-16` in MSH-18) is no superset of ASCII: not even MSH can be read of it. So it is rewritten
/// where the bytes arrive, once, and everything behind sees UTF-8. It is recognised by its byte order mark or by the
/// zero byte beside the `M` of `MSH`, in either byte order. MSH-18 is left as sent; a message that can be read byte
/// by byte is read as UTF-8 if it names UTF-16 there.
///
/// MLLP cannot carry UTF-16, since the bytes that end a frame may be a character there: it is found in files.
///
/// The buffer holds at most one and a half times the bytes of the message. A half of a surrogate pair, or half a unit
/// at the end, is an error that gives the offset in `bytes`.
///
/// ```
/// use kiln_hl7::{Index, Message, utf8_from_utf16};
///
/// let received: Vec<u8> = "MSH|^~\\&|臨床\r".encode_utf16().flat_map(u16::to_le_bytes).collect();
/// let (mut buffer, mut index) = (String::new(), Index::new());
/// let message = Message::parse(utf8_from_utf16(&received, &mut buffer)?, &mut index)?;
/// assert_eq!(message.header().sending_application().text()?, "臨床");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn utf8_from_utf16<'b>(bytes: &'b [u8], buffer: &'b mut String) -> Result<&'b [u8], TextError> {
    let Some(order) = ByteOrder::of(bytes) else {
        return Ok(bytes);
    };
    buffer.clear();
    // Most text is ASCII, one byte for each two.
    buffer.reserve(bytes.len() / 2);
    let (pairs, half) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| order.unit(pair));
    let mut at = 0;
    for character in char::decode_utf16(units) {
        let character = character.map_err(|_| bad_unit(at))?;
        // The byte order mark has served its purpose.
        if !(at == 0 && character == '\u{feff}') {
            buffer.push(character);
        }
        at += 2 * character.len_utf16();
    }
    if half.is_empty() {
        Ok(buffer.as_bytes())
    } else {
        Err(bad_unit(at))
    }
}

/// Whether bytes begin as a message in UTF-16 does.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    ByteOrder::of(bytes).is_some()
}

fn bad_unit(offset: usize) -> TextError {
    TextError {
        charset: Charset::Utf16,
        offset,
    }
}

#[derive(Clone, Copy)]
enum ByteOrder {
    Big,
    Little,
}

impl ByteOrder {
    fn of(bytes: &[u8]) -> Option<Self> {
        // Line ends and blanks before MSH are tolerated as they are in UTF-8.
        let mut pairs = bytes.as_chunks::<2>().0.iter();
        pairs.find_map(|pair| match pair {
            [0xFE, 0xFF] | [0, b'M'] => Some(Some(Self::Big)),
            [0xFF, 0xFE] | [b'M', 0] => Some(Some(Self::Little)),
            [0, blank] | [blank, 0] if blank.is_ascii_whitespace() => None,
            _ => Some(None),
        })?
    }

    fn unit(self, pair: [u8; 2]) -> u16 {
        match self {
            Self::Big => u16::from_be_bytes(pair),
            Self::Little => u16::from_le_bytes(pair),
        }
    }
}
