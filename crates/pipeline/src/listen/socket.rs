//! What is asked of the system for a connection, so that a peer that vanished is noticed.

use std::mem::MaybeUninit;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// Between two keepalive probes, once they have begun.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// So many probes without an answer end a connection.
const KEEPALIVE_PROBES: u32 = 3;

/// Sets TCP's options: no delay, keepalive after `keepalive` of silence, and an end to data that is not confirmed within
/// `user_timeout` (RFC 5482).
pub(super) fn set_up(
    stream: &TcpStream,
    keepalive: Duration,
    user_timeout: Duration,
) -> std::io::Result<()> {
    // Acknowledgments are small and awaited: never hold them back (Nagle).
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let settings = TcpKeepalive::new()
        .with_time(keepalive)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&settings)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(user_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _ = user_timeout;
    Ok(())
}

/// Whether the system holds something that was not read yet: bytes, the stream's end or a failure. Asks the system itself:
/// what tokio knows of readiness may be older.
pub(super) fn has_more(stream: &TcpStream) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    match SockRef::from(stream).peek(&mut byte) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_peer_that_vanished_is_noticed_by_the_system() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _peer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (keepalive, user_timeout) = (Duration::from_secs(45), Duration::from_secs(70));
        set_up(&stream, keepalive, user_timeout).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert!(socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), keepalive);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE_INTERVAL);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), KEEPALIVE_PROBES);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(user_timeout));
    }
}
