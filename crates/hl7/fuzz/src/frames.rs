use bytes::BytesMut;
use kiln_hl7::{FrameStatistics, MllpCodec, MllpEvent};
use tokio_util::codec::Decoder;

/// The first byte is the limit, and whether release 2 is spoken; the second the size of the reads; the rest what
/// arrives. However it is cut up, a stream gives the same events, and each of its bytes is counted.
pub fn frames(input: &[u8]) {
    let [limit, read_bytes, stream @ ..] = input else {
        return;
    };
    let whole = run(*limit, stream, stream.len().max(1));
    let pieces = run(*limit, stream, usize::from(*read_bytes).max(1));
    assert_eq!(pieces, whole);
    assert_eq!(whole.1.total_bytes(), stream.len() as u64);
}

fn run(limit: u8, stream: &[u8], read_bytes: usize) -> (Vec<MllpEvent>, FrameStatistics) {
    let mut codec = MllpCodec::new(usize::from(limit & 0x7f));
    if limit & 0x80 != 0 {
        codec = codec.release_2();
    }
    let mut buffer = BytesMut::with_capacity(stream.len());
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
    (events, *codec.statistics())
}
