//! MLLP frames on a blocking stream (HL7 Transport Specification: MLLP, release 1): 0x0B, content, 0x1C 0x0D.

use std::io::{self, Read, Write};

const START: u8 = 0x0B;
const END: [u8; 2] = [0x1C, 0x0D];
/// An acknowledgement longer than this is a fault of the receiver.
const LIMIT_BYTES: usize = 1 << 20;

/// Writes one frame.
pub fn write_frame(stream: &mut impl Write, content: &[u8]) -> io::Result<()> {
    let mut frame = Vec::with_capacity(content.len() + 3);
    frame.push(START);
    frame.extend_from_slice(content);
    frame.extend_from_slice(&END);
    stream.write_all(&frame)
}

/// Reads one frame's content. Strict: anything before the start of the frame is an error.
pub fn read_frame(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    if byte[0] != START {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame must start with 0x0B, not 0x{:02X}", byte[0]),
        ));
    }
    let mut content = Vec::new();
    loop {
        stream.read_exact(&mut byte)?;
        content.push(byte[0]);
        if content.ends_with(&END) {
            content.truncate(content.len() - END.len());
            return Ok(content);
        }
        if content.len() > LIMIT_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a frame without an end",
            ));
        }
    }
}
