//! A connection's bytes, in the clear or within TLS.

use std::io;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::socket;

/// After a close of ours, what the peer still sends is read and dropped for so long: closing at once would reset the
/// connection, and the peer might lose the answers that it has not read.
const LINGER: Duration = Duration::from_millis(500);
/// Read at once of what is dropped.
const DROPPED_BYTES: usize = 4 * 1024;

/// A connection's bytes.
pub(super) enum Stream {
    /// As they are.
    Plain(TcpStream),
    /// Within TLS, after the handshake.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Waits until it may be worth to read. Holds no buffer meanwhile, so that a connection without a message in hand has
    /// none.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.readable().await,
            Stream::Tls(tls) => {
                let (tcp, session) = tls.get_ref();
                // What was decrypted already shows in no readiness of the socket.
                if session.wants_read() {
                    tcp.readable().await?;
                }
                Ok(())
            }
        }
    }

    /// Takes at most `most` bytes of what is here; 0 at the end of the stream, none when nothing is here.
    pub(super) fn try_read(
        &mut self,
        buffer: &mut BytesMut,
        most: usize,
    ) -> io::Result<Option<usize>> {
        buffer.reserve(most);
        let mut limited = buffer.limit(most);
        let read = match self {
            Stream::Plain(tcp) => tcp.try_read_buf(&mut limited),
            // Polled once, and `readable` waits: outside of the cooperative budget, of which `readable` knows nothing.
            Stream::Tls(tls) => tokio::task::unconstrained(tls.read_buf(&mut limited))
                .now_or_never()
                .unwrap_or(Err(io::ErrorKind::WouldBlock.into())),
        };
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => Ok(None),
                // Ended without TLS's own goodbye. MLLP's end bytes tell whether a message was cut off.
                io::ErrorKind::UnexpectedEof => Ok(Some(0)),
                _ => Err(error),
            },
        }
    }

    /// Writes everything, to the socket.
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.write_all(bytes).await,
            Stream::Tls(tls) => {
                tls.write_all(bytes).await?;
                tls.flush().await
            }
        }
    }

    /// Whether something is here that was not read yet: bytes, the stream's end or a failure. A TLS record that has come
    /// in part and was taken from the socket does not count: it is as if it were still on its way.
    pub(super) fn has_more(&self) -> bool {
        match self {
            Stream::Plain(tcp) => socket::has_more(tcp),
            Stream::Tls(tls) => {
                let (tcp, session) = tls.get_ref();
                !session.wants_read() || socket::has_more(tcp)
            }
        }
    }

    /// Ends the stream, and lets the peer read what was sent to it.
    pub(super) async fn end(mut self) {
        let ending = async {
            let shut = match &mut self {
                Stream::Plain(tcp) => tcp.shutdown().await,
                Stream::Tls(tls) => tls.shutdown().await,
            };
            let mut dropped = BytesMut::new();
            while shut.is_ok() && self.readable().await.is_ok() {
                dropped.clear();
                if let Ok(Some(0)) | Err(_) = self.try_read(&mut dropped, DROPPED_BYTES) {
                    return;
                }
            }
        };
        // A peer that does not close in time is closed on.
        let _ = tokio::time::timeout(LINGER, ending).await;
    }
}
