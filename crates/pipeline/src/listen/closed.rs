//! Why connections end.

use super::tls::Fault;

/// Why a connection ended; the label of `kiln_listen_connections_closed_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The listener has as many as `maxConnections`.
    TooMany,
    /// The peer's address has as many as `maxConnectionsPerAddress`.
    TooManyOfAddress,
    /// The peer's certificate has as many as `maxConnectionsPerCertificate`.
    TooManyOfCertificate,
    /// The peer's address is in none of the networks that are allowed.
    AddressNotAllowed,
    /// The peer's certificate has none of the names that are allowed.
    CertificateNotAllowed,
    /// TLS was not agreed on, or the peer's certificate is not accepted, or no longer.
    Tls(Fault),
    /// The TLS handshake did not end within `handshakeTimeoutSeconds`.
    TlsTimeout,
    /// The peer closed it.
    Peer,
    /// The peer reset it.
    Reset,
    /// The peer was gone: neither data nor keepalive was confirmed in time.
    HalfOpen,
    /// It failed otherwise.
    Broken,
    /// Nothing came for `idleTimeoutSeconds`.
    Idle,
    /// A message had begun and did not end within `frameTimeoutSeconds`.
    FrameTimeout,
    /// No room for a long message within `frameTimeoutSeconds`: see `limits.maxReceivingBytes`.
    NoRoom,
    /// The peer did not take its answers within `writeTimeoutSeconds`.
    NotReading,
    /// The process drains.
    Drained,
    /// It was asked to leave, so that the sender connects anew, perhaps elsewhere.
    Shed,
    /// It was asked to leave, and was never between messages within `limits.drainSeconds`.
    LeaveTimeout,
}

impl Closed {
    /// The label's value.
    pub(super) fn label(self) -> &'static str {
        match self {
            Closed::TooMany => "too-many",
            Closed::TooManyOfAddress => "too-many-of-address",
            Closed::TooManyOfCertificate => "too-many-of-certificate",
            Closed::AddressNotAllowed => "address-not-allowed",
            Closed::CertificateNotAllowed => "certificate-not-allowed",
            Closed::Tls(fault) => fault.label(),
            Closed::TlsTimeout => "tls-timeout",
            Closed::Peer => "peer",
            Closed::Reset => "reset",
            Closed::HalfOpen => "half-open",
            Closed::Broken => "broken",
            Closed::Idle => "idle",
            Closed::FrameTimeout => "frame-timeout",
            Closed::NoRoom => "no-room",
            Closed::NotReading => "not-reading",
            Closed::Drained => "drained",
            Closed::Shed => "shed",
            Closed::LeaveTimeout => "leave-timeout",
        }
    }

    /// What a failure of the socket means.
    pub(super) fn of(error: &std::io::Error) -> Closed {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Closed::Peer,
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => Closed::Reset,
            // ETIMEDOUT comes of TCP_USER_TIMEOUT and of keepalive.
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::HostUnreachable => Closed::HalfOpen,
            _ => Closed::Broken,
        }
    }
}
