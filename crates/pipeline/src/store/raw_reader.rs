//! The raw log, read back by people.

use async_trait::async_trait;

use super::{Position, RawRecord, StoreError};

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With what may have been received at this time, in milliseconds since 1970-01-01T00:00Z; what comes before it may be among
    /// it.
    Time(i64),
    /// With the message of this place, and only those behind it in its partition.
    Position(Position),
}

/// Raw messages, in order per partition. Reading moves no position.
#[async_trait]
pub trait RawReader: Send {
    /// The next message; none at the end.
    async fn next(&mut self) -> Result<Option<RawRecord>, StoreError>;
}
