//! Frames: what a byte stream holds, however it is cut up.
#![cfg(feature = "mllp")]
#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};
use kiln_hl7::{
    Commit, FrameStatistics, Frames, GARBAGE_REPORT_BYTES, HEAD_BYTES, MllpCodec, MllpEvent,
};
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

#[test]
fn commit_acknowledgments_are_release_2s() {
    let stream = b"\x0b\x06\x1c\r\x0bone\x1c\r\x0b\x15\x1c\r\x0b\x06\x15\x1c\r";
    let (events, statistics) = run(MllpCodec::new(100).release_2(), [&stream[..]]);
    assert_eq!(
        events,
        [
            MllpEvent::Commit(Commit::Ack),
            frame(b"one"),
            MllpEvent::Commit(Commit::Nak),
            frame(b"\x06\x15"),
        ]
    );
    assert_eq!((statistics.commits, statistics.frames), (2, 2));
    let (events, statistics) = run(MllpCodec::new(100), [&stream[..]]);
    assert_eq!(events[0], frame(b"\x06"), "in release 1 a frame like any");
    assert_eq!((statistics.commits, statistics.frames), (0, 4));
    let mut out = BytesMut::new();
    let mut codec = MllpCodec::new(100).release_2();
    codec.encode(Commit::Ack, &mut out).unwrap();
    codec.encode(Commit::Nak, &mut out).unwrap();
    assert_eq!(&out[..], b"\x0b\x06\x1c\r\x0b\x15\x1c\r");
}

#[test]
fn statistics_tell_what_a_sender_does_wrong() {
    let stream = b"GET /\x0bone\x1c\x0bthree\x1c\r\n\x0bMSH|a\x0bMSH|b\x1c\r\x0bfar too long\x1c";
    let (_, statistics) = run(MllpCodec::new(5), stream.chunks(2));
    assert_eq!(
        statistics,
        FrameStatistics {
            frames: 3,
            frame_bytes: 3 + 5 + 5,
            largest_frame_bytes: 5,
            commits: 0,
            oversized: 1,
            oversized_bytes: 12,
            truncated: 1,
            truncated_bytes: 5,
            garbage_bytes: 5 + 1,
            missing_returns: 2,
            framing_bytes: 2 + 3 + 1 + 3 + 2,
        }
    );
    assert_eq!(statistics.total_bytes(), stream.len() as u64);
}

#[test]
fn a_stray_begin_in_garbage_costs_no_frame() {
    let truncated = |payload| MllpEvent::Truncated {
        head: head(payload),
        bytes: payload.len(),
    };
    assert_eq!(
        events(
            100,
            [&b"\xff\x0b\x00noise\x0bMSH|1\x1c\r\x0bMSH|2\x1c\r"[..]]
        ),
        [
            MllpEvent::Garbage { bytes: 1 },
            truncated(b"\x00noise"),
            frame(b"MSH|1"),
            frame(b"MSH|2"),
        ]
    );
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
        Just(b"\x0b\x06\x1c\r".to_vec()),
        Just(b"\x0b\x15\x1c\r".to_vec()),
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
    fn borrowed_frames_are_those_of_the_codec(stream in stream()) {
        let borrowed: Vec<MllpEvent> = Frames::new(&stream)
            .map(|event| match event {
                MllpEvent::Frame(payload) => MllpEvent::Frame(Bytes::copy_from_slice(payload)),
                MllpEvent::Truncated { head, bytes } => MllpEvent::Truncated {
                    head: Bytes::copy_from_slice(head),
                    bytes,
                },
                MllpEvent::Garbage { bytes } => MllpEvent::Garbage { bytes },
                MllpEvent::Commit(_) | MllpEvent::Oversized { .. } => unreachable!("no limit, release 1"),
            })
            .collect();
        prop_assert_eq!(borrowed, events_unbounded(stream.len() + 1, &[&stream[..]]));
    }

    #[test]
    fn statistics_account_for_each_byte_and_event(stream in stream(), limit in 0usize..40, read_bytes in 1usize..9, release_2 in any::<bool>()) {
        let (events, statistics) = run(codec(limit, release_2), stream.chunks(read_bytes));
        prop_assert_eq!(statistics.total_bytes(), stream.len() as u64);
        let mut expected = FrameStatistics {
            missing_returns: statistics.missing_returns,
            framing_bytes: statistics.framing_bytes,
            ..FrameStatistics::default()
        };
        for event in &events {
            match event {
                MllpEvent::Frame(payload) => {
                    expected.frames += 1;
                    expected.frame_bytes += payload.len() as u64;
                    expected.largest_frame_bytes = expected.largest_frame_bytes.max(payload.len() as u64);
                }
                MllpEvent::Commit(_) => expected.commits += 1,
                MllpEvent::Garbage { bytes } => expected.garbage_bytes += *bytes as u64,
                MllpEvent::Oversized { bytes, .. } => {
                    expected.oversized += 1;
                    expected.oversized_bytes += *bytes as u64;
                }
                MllpEvent::Truncated { bytes, .. } => {
                    expected.truncated += 1;
                    expected.truncated_bytes += *bytes as u64;
                }
            }
        }
        prop_assert_eq!(statistics, expected);
        // However it is cut up.
        prop_assert_eq!(run(codec(limit, release_2), [&stream[..]]), (events, statistics));
    }
}

fn codec(limit: usize, release_2: bool) -> MllpCodec {
    let codec = MllpCodec::new(limit);
    if release_2 { codec.release_2() } else { codec }
}

/// Like [`events`], for streams where a whole stream in one piece exceeds the limit.
fn events_unbounded(limit: usize, pieces: &[&[u8]]) -> Vec<MllpEvent> {
    run(MllpCodec::new(limit), pieces.iter().copied()).0
}

fn run<'p>(
    mut codec: MllpCodec,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<MllpEvent>, FrameStatistics) {
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
    (events, *codec.statistics())
}
