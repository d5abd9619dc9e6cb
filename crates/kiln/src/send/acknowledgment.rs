//! Reading an answer.

use kiln_hl7::{Index, Message, Path};

/// What an acknowledgment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// MSA-1.
    pub(crate) code: String,
    /// MSA-2: the control id of the message that is answered.
    pub(crate) control_id: String,
    /// Why it was refused: ERR-8, ERR-3 or ERR-1, else MSA-3.
    pub(crate) reason: Option<String>,
}

impl Answer {
    /// `None` when it is no acknowledgment.
    pub(crate) fn read(bytes: &[u8], index: &mut Index) -> Option<Answer> {
        let message = Message::parse(bytes, index).ok()?;
        let at = |path: &str| -> Option<String> {
            let path: Path = path.parse().ok()?;
            let text = message.get(&path)?.text().ok()?.into_owned();
            (!text.is_empty()).then_some(text)
        };
        let reason = [
            "ERR-8",
            "ERR-7",
            "ERR-3.2",
            "ERR-3.1",
            "ERR-1.4.2",
            "ERR-1.4.1",
            "MSA-3",
        ]
        .iter()
        .find_map(|path| at(path));
        Some(Answer {
            code: at("MSA-1")?,
            control_id: at("MSA-2").unwrap_or_default(),
            reason,
        })
    }

    pub(crate) fn accepted(&self) -> bool {
        matches!(self.code.as_str(), "AA" | "CA")
    }
}
