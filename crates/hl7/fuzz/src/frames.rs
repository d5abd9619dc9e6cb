use bytes::BytesMut;
use kiln_hl7::{MllpCodec, MllpEvent};
use tokio_util::codec::Decoder;

/// The first byte is the limit, the second the size of the reads, the rest what arrives. However it is cut up, a
/// stream gives the same events, and they account for each of its bytes.
pub fn frames(input: &[u8]) {
    let [limit, read_bytes, stream @ ..] = input else {
        return;
    };
    let limit = usize::from(*limit);
    let whole = events(limit, stream, stream.len().max(1));
    assert_eq!(events(limit, stream, 1), whole);
    assert_eq!(
        events(limit, stream, usize::from(*read_bytes).max(1)),
        whole
    );
    let payload: usize = whole.iter().map(bytes).sum();
    let framing = stream
        .iter()
        .filter(|byte| matches!(byte, 0x0b | 0x1c | b'\r'));
    assert!(payload <= stream.len() && payload + framing.count() >= stream.len());
}

fn events(limit: usize, stream: &[u8], read_bytes: usize) -> Vec<MllpEvent> {
    let mut codec = MllpCodec::new(limit);
    let mut buffer = BytesMut::new();
    let mut events = Vec::new();
    for read in stream.chunks(read_bytes) {
        buffer.extend_from_slice(read);
        while let Some(event) = codec.decode(&mut buffer).expect("it never fails") {
            events.push(event);
        }
    }
    while let Some(event) = codec.decode_eof(&mut buffer).expect("it never fails") {
        events.push(event);
    }
    events
}

fn bytes(event: &MllpEvent) -> usize {
    match event {
        MllpEvent::Frame(payload) => payload.len(),
        MllpEvent::Garbage { bytes }
        | MllpEvent::Oversized { bytes, .. }
        | MllpEvent::Truncated { bytes, .. } => *bytes,
    }
}
