//! Frames: what a byte stream holds, however it is cut up.
#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};
use kiln_hl7::{GARBAGE_REPORT_BYTES, HEAD_BYTES, MllpCodec, MllpEvent};
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

/// All events of a stream that arrives in these pieces and then ends.
fn events<'p>(limit: usize, pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<MllpEvent> {
    let mut codec = MllpCodec::new(limit);
    let mut buffer = BytesMut::new();
    let mut events = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Some(event) = codec.decode(&mut buffer).unwrap() {
            events.push(event);
        }
        assert!(buffer.len() <= limit + 4, "no more than a frame is held");
    }
    while let Some(event) = codec.decode_eof(&mut buffer).unwrap() {
        events.push(event);
    }
    assert!(buffer.is_empty());
    events
}

fn frame(payload: &'static [u8]) -> MllpEvent {
    MllpEvent::Frame(Bytes::from_static(payload))
}

fn head(payload: &'static [u8]) -> Bytes {
    Bytes::from_static(payload)
}

#[test]
fn several_frames_in_one_read() {
    let stream = b"\x0bone\x1c\r\x0btwo\r\r\x1c\r\x0b\x1c\r";
    assert_eq!(
        events(100, [&stream[..]]),
        [frame(b"one"), frame(b"two\r\r"), frame(b"")]
    );
}

#[test]
fn a_frame_is_delivered_with_its_end_byte() {
    let mut codec = MllpCodec::new(100);
    let mut buffer = BytesMut::from(&b"\x0bone\x1c"[..]);
    assert_eq!(
        codec.decode(&mut buffer).unwrap(),
        Some(frame(b"one")),
        "0x0D is not waited for"
    );
    buffer.extend_from_slice(b"\r");
    assert_eq!(
        codec.decode(&mut buffer).unwrap(),
        None,
        "and is no garbage when it comes"
    );
    assert_eq!(codec.decode_eof(&mut buffer).unwrap(), None);
}

#[test]
fn a_missing_return_is_tolerated() {
    assert_eq!(
        events(100, [&b"\x0bone\x1c\x0btwo\x1c"[..]]),
        [frame(b"one"), frame(b"two")]
    );
}

#[test]
fn garbage_is_counted() {
    use MllpEvent::Garbage;
    assert_eq!(
        events(100, [&b"GET /\x0bone\x1c\r\r\n\x0btwo\x1c\r\0"[..]]),
        [
            Garbage { bytes: 5 },
            frame(b"one"),
            Garbage { bytes: 2 },
            frame(b"two"),
            Garbage { bytes: 1 },
        ]
    );
    let noise = vec![b'x'; GARBAGE_REPORT_BYTES * 2 + 3];
    assert_eq!(events(100, noise.chunks(1000).collect::<Vec<_>>()).len(), 3);
}

#[test]
fn the_limit_is_exact() {
    assert_eq!(events(3, [&b"\x0bone\x1c\r"[..]]), [frame(b"one")]);
    let oversized = MllpEvent::Oversized {
        head: head(b"four"),
        bytes: 4,
    };
    assert_eq!(
        events(3, [&b"\x0bfour\x1c\r\x0bone\x1c\r"[..]]),
        [oversized, frame(b"one")]
    );
}

#[test]
fn an_oversized_frame_is_skipped_in_bounded_memory() {
    let limit = 100_000;
    let payload = vec![b'x'; 1_000_000];
    let mut stream = vec![0x0b];
    stream.extend(&payload);
    stream.extend(b"\x1c\r\x0bone\x1c\r");
    let oversized = MllpEvent::Oversized {
        head: Bytes::copy_from_slice(&payload[..HEAD_BYTES]),
        bytes: 1_000_000,
    };
    assert_eq!(
        events(limit, stream.chunks(1_460)),
        [oversized.clone(), frame(b"one")]
    );
    let cut = &stream[..1_000_001];
    assert_eq!(
        events(limit, cut.chunks(1_460)),
        [oversized],
        "reported at the end of the stream too"
    );
}

#[test]
fn a_stream_that_ends_in_a_frame_is_truncated() {
    let truncated = |payload| MllpEvent::Truncated {
        head: head(payload),
        bytes: payload.len(),
    };
    assert_eq!(
        events(100, [&b"\x0bone\x1c\r\x0bMSH|tw"[..]]),
        [frame(b"one"), truncated(b"MSH|tw")]
    );
    assert_eq!(events(100, [&b"\x0b"[..]]), [truncated(b"")]);
    assert_eq!(events(100, [&b"\x0ba\x0bMS"[..]]), [truncated(b"a\x0bMS")]);
    assert_eq!(events(100, [&b""[..]]), []);
}

#[test]
fn a_sender_that_starts_again_does_not_merge_two_messages() {
    let stream = b"\x0bMSH|1\rPID|a\x0bMSH|1\rPID|a\r\x1c\r";
    let truncated = MllpEvent::Truncated {
        head: head(b"MSH|1\rPID|a"),
        bytes: 11,
    };
    assert_eq!(
        events(100, [&stream[..]]),
        [truncated, frame(b"MSH|1\rPID|a\r")]
    );
    // Any other 0x0B is a vertical tab in a note.
    assert_eq!(
        events(100, [&b"\x0bMSH|1\rNTE|a\x0bb\r\x1c\r"[..]]),
        [frame(b"MSH|1\rNTE|a\x0bb\r")]
    );
}

#[test]
fn one_byte_at_a_time_takes_linear_time() {
    // Quadratic time would look at 2^39 bytes here and not end.
    let payload = vec![b'x'; 1 << 20];
    let mut stream = vec![0x0b];
    stream.extend(&payload);
    stream.extend(b"\x1c\r");
    assert_eq!(
        events(1 << 20, stream.chunks(1)),
        [MllpEvent::Frame(payload.into())]
    );
}

#[test]
fn the_encoder_is_the_decoders_inverse() {
    let mut codec = MllpCodec::new(100);
    let mut out = BytesMut::new();
    codec.encode(&b"one"[..], &mut out).unwrap();
    codec.encode(Bytes::from_static(b"two"), &mut out).unwrap();
    assert_eq!(&out[..], b"\x0bone\x1c\r\x0btwo\x1c\r");
    assert_eq!(events(100, [&out[..]]), [frame(b"one"), frame(b"two")]);
}

/// Streams rich in what matters to framing.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\x0b".to_vec()),
        Just(b"\x1c\r".to_vec()),
        Just(b"\x1c".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\x0bMSH".to_vec()),
        Just(b"MS".to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(
        stream in stream(),
        limit in 0usize..40,
        cuts in prop::collection::vec(1usize..9, 1..20),
    ) {
        let whole = events_unbounded(limit, &[&stream[..]]);
        let mut pieces = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        prop_assert_eq!(events_unbounded(limit, &pieces), whole);
    }

    #[test]
    fn every_byte_is_accounted_for(stream in stream(), limit in 0usize..40) {
        let counted: usize = events_unbounded(limit, &[&stream[..]])
            .iter()
            .map(|event| match event {
                MllpEvent::Frame(payload) => payload.len(),
                MllpEvent::Garbage { bytes }
                | MllpEvent::Oversized { bytes, .. }
                | MllpEvent::Truncated { bytes, .. } => *bytes,
            })
            .sum();
        let framing = stream.iter().filter(|byte| matches!(byte, 0x0b | 0x1c | b'\r')).count();
        prop_assert!(counted <= stream.len() && counted + framing >= stream.len());
    }
}

/// Like [`events`], for streams where a whole stream in one piece exceeds the limit.
fn events_unbounded(limit: usize, pieces: &[&[u8]]) -> Vec<MllpEvent> {
    let mut codec = MllpCodec::new(limit);
    let mut buffer = BytesMut::new();
    let mut events = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Some(event) = codec.decode(&mut buffer).unwrap() {
            events.push(event);
        }
    }
    while let Some(event) = codec.decode_eof(&mut buffer).unwrap() {
        events.push(event);
    }
    events
}
