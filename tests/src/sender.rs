//! A sender as interface engines are: one message at a time, and again until it is acknowledged.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::{Ack, Message, read_frame, write_frame};

/// How long a sender waits for an acknowledgement before it closes and sends again.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two attempts to connect, as engines do; nothing in a test depends on it.
const RECONNECT: Duration = Duration::from_millis(100);

/// Sends the messages of one feed over one connection at a time.
#[derive(Debug)]
pub struct Sender {
    /// The first is the one in use; after a fault the next.
    addresses: Vec<SocketAddr>,
    patience: Duration,
    stream: Option<TcpStream>,
}

/// What became of one message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its control id.
    pub control_id: String,
    /// How often it was sent.
    pub attempts: u32,
    /// The acknowledgement that ended it; none when the sender gave up first.
    pub ack: Option<Ack>,
}

impl Sender {
    /// A sender that connects when it first sends.
    pub fn new(address: SocketAddr) -> Sender {
        Sender::among(vec![address], ACK_TIMEOUT)
    }

    /// One that goes to the next of several addresses whenever a connection or an acknowledgement fails, which it waits for
    /// at most `patience`.
    pub fn among(addresses: Vec<SocketAddr>, patience: Duration) -> Sender {
        Sender {
            addresses,
            patience,
            stream: None,
        }
    }

    /// Where it is connected, or tries next.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Sends until a positive acknowledgement comes or `give_up` says so. A negative one is an answer like none: the
    /// message is sent again.
    pub fn deliver(&mut self, message: &Message, give_up: impl Fn() -> bool) -> Sent {
        let mut sent = Sent {
            control_id: message.control_id.clone(),
            attempts: 0,
            ack: None,
        };
        while !give_up() {
            match self.attempt(&message.bytes, &mut sent.attempts) {
                Ok(ack) if ack.is_positive() => {
                    assert_eq!(
                        ack.control_id, message.control_id,
                        "MSA-2 must be the message's own control id"
                    );
                    sent.ack = Some(ack);
                    return sent;
                }
                Ok(_) => thread::sleep(RECONNECT),
                Err(_) => {
                    self.stream = None;
                    self.addresses.rotate_left(1);
                    thread::sleep(RECONNECT);
                }
            }
        }
        sent
    }

    /// Sends once, whatever the bytes are, and reads the answer.
    pub fn exchange(&mut self, bytes: &[u8]) -> io::Result<Ack> {
        self.attempt(bytes, &mut 0)
    }

    fn attempt(&mut self, bytes: &[u8], attempts: &mut u32) -> io::Result<Ack> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect_timeout(&self.addresses[0], self.patience)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(self.patience))?;
                stream.set_write_timeout(Some(self.patience))?;
                none.insert(stream)
            }
        };
        *attempts += 1;
        write_frame(stream, bytes)?;
        let answer = read_frame(stream)?;
        Ack::read(&answer)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an answer without MSA"))
    }
}
