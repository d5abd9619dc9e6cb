//! An acknowledgement as a sender reads it.

/// What a sender looks at in an acknowledgement (HL7 v2.9 §2.9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// MSH-7, when it was made.
    pub time: String,
    /// MSA-1, `AA` for instance.
    pub code: String,
    /// MSA-2, the control id of the message it answers.
    pub control_id: String,
    /// The fields of the first ERR segment, when there is one; the first is ERR-1.
    pub err: Vec<String>,
}

impl Ack {
    /// Reads one; `None` when it has no MSA segment.
    pub fn read(content: &[u8]) -> Option<Ack> {
        let text = String::from_utf8_lossy(content);
        let separator = text.chars().nth(3)?;
        let fields = |name: &str| {
            text.split('\r')
                .find(|segment| segment.split(separator).next() == Some(name))
                .map(|segment| {
                    segment
                        .split(separator)
                        .skip(1)
                        .map(str::to_owned)
                        .collect::<Vec<_>>()
                })
        };
        let (msh, msa) = (fields("MSH")?, fields("MSA")?);
        Some(Ack {
            // MSH-1 is the separator itself.
            time: msh.get(5).cloned().unwrap_or_default(),
            code: msa.first()?.clone(),
            control_id: msa.get(1).cloned().unwrap_or_default(),
            err: fields("ERR").unwrap_or_default(),
        })
    }

    /// Whether the sender may forget the message: AA (original mode) or CA (enhanced mode).
    pub fn is_positive(&self) -> bool {
        matches!(self.code.as_str(), "AA" | "CA")
    }
}
