use crate::segment::Segment;
use crate::value::Value;

/// The MSH segment by the names of its fields (HL7 v2.9 §2.13.9).
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    pub(crate) msh: Segment<'a>,
}

impl<'a> Header<'a> {
    /// MSH-3.
    pub fn sending_application(&self) -> Value<'a> {
        self.msh.field(3).value()
    }

    /// MSH-4.
    pub fn sending_facility(&self) -> Value<'a> {
        self.msh.field(4).value()
    }

    /// MSH-5.
    pub fn receiving_application(&self) -> Value<'a> {
        self.msh.field(5).value()
    }

    /// MSH-6.
    pub fn receiving_facility(&self) -> Value<'a> {
        self.msh.field(6).value()
    }

    /// MSH-7, when the sender made the message.
    pub fn date_time(&self) -> Value<'a> {
        self.msh.field(7).value()
    }

    /// MSH-9.1, as `ADT`.
    pub fn message_code(&self) -> Value<'a> {
        self.msh.field(9).component(1)
    }

    /// MSH-9.2, as `A01`.
    pub fn trigger_event(&self) -> Value<'a> {
        self.msh.field(9).component(2)
    }

    /// MSH-9.3, as `ADT_A01`; senders before v2.3.1 have none.
    pub fn structure(&self) -> Value<'a> {
        self.msh.field(9).component(3)
    }

    /// MSH-10, what the acknowledgment refers to.
    pub fn control_id(&self) -> Value<'a> {
        self.msh.field(10).value()
    }

    /// MSH-11.1: `P` production, `T` training, `D` debugging.
    pub fn processing_id(&self) -> Value<'a> {
        self.msh.field(11).component(1)
    }

    /// MSH-12.1, as `2.5.1`.
    pub fn version(&self) -> Value<'a> {
        self.msh.field(12).component(1)
    }

    /// MSH-15, when the sender wants an accept acknowledgment; valued means enhanced mode.
    pub fn accept_ack(&self) -> Value<'a> {
        self.msh.field(15).value()
    }

    /// MSH-16, when the sender wants an application acknowledgment; valued means enhanced mode.
    pub fn application_ack(&self) -> Value<'a> {
        self.msh.field(16).value()
    }

    /// MSH-18, the first.
    pub fn character_set(&self) -> Value<'a> {
        self.msh.field(18).value()
    }
}
