//! When a message began: the socket, watched.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

/// A reader that remembers when the first byte since the last frame came.
pub(super) struct Watched<R> {
    reader: R,
    pub(super) begun: Option<Instant>,
}

impl<R> Watched<R> {
    pub(super) fn new(reader: R) -> Watched<R> {
        Watched {
            reader,
            begun: None,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.reader).poll_read(context, buffer);
        if buffer.filled().len() > before && self.begun.is_none() {
            self.begun = Some(Instant::now());
        }
        polled
    }
}
