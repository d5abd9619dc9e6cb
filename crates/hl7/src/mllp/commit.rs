/// The commit acknowledgment of MLLP release 2: whether the receiver has the frame safely. It comes before, and beside,
/// the acknowledgment message. Waiting for it, and sending again without it, is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Commit {
    /// 0x06: kept safely.
    Ack,
    /// 0x15: not kept; send it again.
    Nak,
}

impl Commit {
    /// What a whole payload is, if it is one.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        match payload {
            [0x06] => Some(Self::Ack),
            [0x15] => Some(Self::Nak),
            _ => None,
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Ack => 0x06,
            Self::Nak => 0x15,
        }
    }
}
