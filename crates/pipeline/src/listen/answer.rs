//! Acknowledgments: whether one is due, which code, and its bytes.

use std::sync::atomic::{AtomicU64, Ordering};

use kiln_hl7::{AckCode, AckError, Acknowledgment, Message};

/// Whether and how a sender wants to be answered (HL7 v2.9 §2.9.3, table 0155).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Original mode: AA, AE, AR.
    Original,
    /// Enhanced mode with MSH-15 AL: CA, CE, CR.
    Commit,
    /// MSH-15 ER: only when something is wrong.
    CommitErrors,
    /// MSH-15 SU: only when all is well.
    CommitSuccess,
    /// MSH-15 NE and nothing asked for in MSH-16.
    Silent,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Kept.
    Accept,
    /// Not now, or not as it is.
    Error,
    /// Never, as it is.
    Reject,
}

impl Mode {
    /// From MSH-15 and MSH-16.
    pub(super) fn of(accept: &str, application: &str) -> Mode {
        match (accept, application) {
            ("AL", _) => Mode::Commit,
            ("ER", _) => Mode::CommitErrors,
            ("SU", _) => Mode::CommitSuccess,
            ("NE", "" | "NE") => Mode::Silent,
            _ => Mode::Original,
        }
    }

    /// The code, if an answer is due.
    pub(super) fn code(self, outcome: Outcome) -> Option<AckCode> {
        match (self, outcome) {
            (Mode::Original, Outcome::Accept) => Some(AckCode::AA),
            (Mode::Original, Outcome::Error) => Some(AckCode::AE),
            (Mode::Original, Outcome::Reject) => Some(AckCode::AR),
            (Mode::Commit | Mode::CommitSuccess, Outcome::Accept) => Some(AckCode::CA),
            (Mode::Commit | Mode::CommitErrors, Outcome::Error) => Some(AckCode::CE),
            (Mode::Commit | Mode::CommitErrors, Outcome::Reject) => Some(AckCode::CR),
            (Mode::CommitErrors, Outcome::Accept) | (Mode::CommitSuccess | Mode::Silent, _) => None,
        }
    }
}

/// The label of a code in metrics.
pub(super) fn name(code: AckCode) -> &'static str {
    match code {
        AckCode::AA => "AA",
        AckCode::AE => "AE",
        AckCode::AR => "AR",
        AckCode::CA => "CA",
        AckCode::CE => "CE",
        AckCode::CR => "CR",
    }
}

/// The answer's bytes; to a message that could be read, or as well as can be.
pub(super) fn write(
    code: AckCode,
    errors: &[AckError<'_>],
    message: Option<&Message<'_>>,
    bytes: &[u8],
) -> Vec<u8> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let now = jiff::Timestamp::now();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) % 1_000_000;
    // MSH-10 holds 20 characters in the older versions.
    let control_id = format!("K{}{number:06}", now.as_millisecond());
    let at = now.strftime("%Y%m%d%H%M%S+0000").to_string();
    let acknowledgment = Acknowledgment {
        code,
        errors,
        control_id: &control_id,
        at: &at,
    };
    let mut out = Vec::with_capacity(256);
    match message {
        Some(message) => acknowledgment.answer(message, &mut out),
        None => acknowledgment.answer_unreadable(bytes, &mut out),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Mode, Outcome};
    use kiln_hl7::AckCode;

    #[test]
    fn answers_as_msh_15_and_16_ask() {
        // HL7 v2.9, table 0155 and §2.9.3.1.
        assert_eq!(Mode::of("", "").code(Outcome::Accept), Some(AckCode::AA));
        assert_eq!(
            Mode::of("AL", "NE").code(Outcome::Accept),
            Some(AckCode::CA)
        );
        assert_eq!(Mode::of("ER", "").code(Outcome::Accept), None);
        assert_eq!(Mode::of("ER", "").code(Outcome::Reject), Some(AckCode::CR));
        assert_eq!(Mode::of("SU", "").code(Outcome::Error), None);
        assert_eq!(
            Mode::of("NE", "AL").code(Outcome::Accept),
            Some(AckCode::AA)
        );
        assert_eq!(Mode::of("NE", "NE").code(Outcome::Accept), None);
    }
}
