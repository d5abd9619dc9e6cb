//! Fear: one broken sender hurts the others, or what it sent is gone. Each case goes to the real process over a socket;
//! afterwards the raw bytes are found again, and a sender beside it was served all the time.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kiln_tests::{Ack, Feed, Kiln, Sender, await_until, read_frame, records};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

struct Served {
    kiln: Kiln,
    data: PathBuf,
    _directory: TempDir,
}

fn serve() -> Served {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let kiln = Kiln::serve(
        directory.path(),
        &format!("store:\n  embedded:\n    directory: {}", data.display()),
    );
    Served {
        kiln,
        data,
        _directory: directory,
    }
}

impl Served {
    fn answer(&self, bytes: &[u8]) -> Ack {
        Sender::new(self.kiln.mllp())
            .exchange(bytes)
            .expect("an answer")
    }

    /// The reason under which these bytes are kept.
    fn dead(&self, bytes: &[u8]) -> String {
        dead(&self.data, bytes)
    }

    /// A good sender is served now.
    fn assert_others_unharmed(&self, place: u32) {
        let message = Feed::new("GOOD").message(place);
        let ack = self.answer(&message.bytes);
        assert_eq!(
            (ack.code.as_str(), ack.control_id),
            ("AA", message.control_id)
        );
    }
}

fn dead(data: &Path, bytes: &[u8]) -> String {
    await_until("the dead letter", LIMIT, || {
        let letters = records::embedded_dead(data);
        letters
            .into_iter()
            .find(|(raw, _)| raw == bytes)
            .map(|(_, reason)| reason)
    })
}

#[test]
fn a_message_without_msh_is_rejected_and_kept() {
    let served = serve();
    let bytes = b"PID|1||4711\r";
    let ack = served.answer(bytes);
    assert_eq!(ack.code, "AR");
    assert!(!ack.err.is_empty(), "a rejection must say why in ERR");
    assert!(!served.dead(bytes).is_empty());
    served.assert_others_unharmed(1);
}

#[test]
fn a_message_without_type_control_id_or_version_is_rejected_and_kept() {
    let served = serve();
    // MSH-9, MSH-10 and MSH-12 are required (HL7 v2.5.1 §2.15.9); the error is 101, required field missing (table 0357).
    for (field, head) in [
        (9, "MSH|^~\\&|A|H|K|H|20260301|||B-9|P|2.5.1\r".to_owned()),
        (
            10,
            "MSH|^~\\&|A|H|K|H|20260301||ADT^A01^ADT_A01||P|2.5.1\r".to_owned(),
        ),
        (
            12,
            "MSH|^~\\&|A|H|K|H|20260301||ADT^A01^ADT_A01|B-12|P|\r".to_owned(),
        ),
    ] {
        let bytes = format!("{head}PID|1||4711\r");
        let ack = served.answer(bytes.as_bytes());
        assert!(!ack.is_positive(), "MSH-{field}: {}", ack.code);
        assert!(
            ack.err.join("|").contains("101"),
            "MSH-{field}: {:?}",
            ack.err
        );
        assert!(!served.dead(bytes.as_bytes()).is_empty(), "MSH-{field}");
    }
    served.assert_others_unharmed(1);
}

#[test]
fn a_message_without_a_map_is_acknowledged_and_kept_with_its_reason() {
    let served = serve();
    let bytes = b"MSH|^~\\&|A|H|K|H|20260301||ZZZ^Z99|B-1|P|2.5.1\rZZZ|1\r";
    let ack = served.answer(bytes);
    assert_eq!((ack.code.as_str(), ack.control_id.as_str()), ("AA", "B-1"));
    assert_eq!(served.dead(bytes), "no-map");
    served.assert_others_unharmed(1);
}

#[test]
fn bytes_that_the_character_set_does_not_know_are_refused_and_kept() {
    let served = serve();
    let mut bytes = b"MSH|^~\\&|A|H|K|H|20260301||ADT^A01^ADT_A01|B-1|P|2.5.1||||||UNICODE UTF-8\rPID|1||4711||Th".to_vec();
    bytes.extend_from_slice(&[0xFF, 0xFE]);
    bytes.extend_from_slice(b"stle\r");
    let ack = served.answer(&bytes);
    assert!(!ack.is_positive(), "{}", ack.code);
    assert!(!ack.err.is_empty());
    assert!(!served.dead(&bytes).is_empty());
    served.assert_others_unharmed(1);
}

#[test]
fn a_sender_that_leaves_in_the_middle_of_a_frame_harms_nobody() {
    let served = serve();
    let whole = Feed::new("LEAVER").message(1).bytes;
    let mut stream = TcpStream::connect(served.kiln.mllp()).expect("a connection");
    stream
        .write_all(&[0x0B])
        .and_then(|()| stream.write_all(&whole[..whole.len() / 2]))
        .expect("half a frame");
    stream.shutdown(Shutdown::Both).expect("to leave");
    served.assert_others_unharmed(1);
    assert!(!served.dead(&whole[..whole.len() / 2]).is_empty());
}

#[test]
fn a_sender_that_takes_its_time_is_served_and_others_do_not_wait() {
    let served = serve();
    let message = Feed::new("SLOW").message(1);
    let mut slow = TcpStream::connect(served.kiln.mllp()).expect("a connection");
    slow.set_nodelay(true)
        .expect("each byte in a packet of its own");
    slow.set_read_timeout(Some(LIMIT)).expect("a limit");
    let mut frame = vec![0x0B];
    frame.extend_from_slice(&message.bytes);
    frame.extend_from_slice(&[0x1C, 0x0D]);
    // Byte by byte, and between two bytes of the slow one a whole exchange of another.
    for (place, bytes) in (0..).zip(frame.chunks(1)) {
        slow.write_all(bytes).expect("a byte");
        if place % 32 == 0 {
            served.assert_others_unharmed(place);
        }
    }
    let ack = Ack::read(&read_frame(&mut slow).expect("an answer")).expect("an acknowledgement");
    assert_eq!(
        (ack.code.as_str(), ack.control_id),
        ("AA", message.control_id)
    );
}
