//! Acknowledgments: which are due, their codes, and their bytes.

use std::sync::atomic::{AtomicU64, Ordering};

use kiln_hl7::{
    AckCode, AckError, Acknowledgment, ErrorCode, ErrorLocation, Message, Path, Severity,
};

use super::judge::{Fault, read};

/// How a sender wants to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// MSH-15 and MSH-16 are absent or null: one answer, AA, AE or AR (HL7 v2.9 §2.9.2).
    Original,
    /// Either is valued: up to two answers (HL7 v2.9 §2.9.3).
    Enhanced {
        /// MSH-15: whether to hear CA, CE, CR.
        commit: Condition,
        /// MSH-16: whether to hear AA, AE, AR.
        application: Condition,
    },
}

/// When an acknowledgment is wanted (HL7 table 0155).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// `AL`
    Always,
    /// `NE`, or absent
    Never,
    /// `ER`: only when something is wrong
    Errors,
    /// `SU`: only when all is well
    Success,
}

/// What came of a message, at one of the two levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Taken.
    Accept,
    /// Not now, or not as it is.
    Error,
    /// Never, as it is.
    Reject,
}

/// What came of a message: whether it is kept, and if so, what the application says to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether it is durable.
    pub(super) kept: Outcome,
    /// With `ackWhen: mapped` whether it can be mapped; else that it was taken over.
    pub(super) applied: Outcome,
}

impl Verdict {
    /// All is well.
    pub(super) const ACCEPTED: Verdict = Verdict {
        kept: Outcome::Accept,
        applied: Outcome::Accept,
    };

    /// Not kept.
    pub(super) fn refused(kept: Outcome) -> Verdict {
        Verdict {
            kept,
            applied: kept,
        }
    }
}

impl Condition {
    /// A word that the table does not have is taken for `AL`: an answer too many does less harm than none.
    fn of(word: &str) -> Condition {
        match word {
            "" | "\"\"" | "NE" => Condition::Never,
            "ER" => Condition::Errors,
            "SU" => Condition::Success,
            _ => Condition::Always,
        }
    }

    fn wants(self, outcome: Outcome) -> bool {
        match self {
            Condition::Always => true,
            Condition::Never => false,
            Condition::Errors => outcome != Outcome::Accept,
            Condition::Success => outcome == Outcome::Accept,
        }
    }
}

impl Mode {
    /// No answer whatever comes.
    pub(super) const SILENT: Mode = Mode::Enhanced {
        commit: Condition::Never,
        application: Condition::Never,
    };

    /// From MSH-15 and MSH-16.
    pub(super) fn of(commit: &str, application: &str) -> Mode {
        let valued = |word: &str| !matches!(word, "" | "\"\"");
        if valued(commit) || valued(application) {
            Mode::Enhanced {
                commit: Condition::of(commit),
                application: Condition::of(application),
            }
        } else {
            Mode::Original
        }
    }

    /// The codes that are due, in order.
    pub(super) fn codes(self, verdict: Verdict) -> impl Iterator<Item = AckCode> {
        let Verdict { kept, applied } = verdict;
        let (first, second) = match self {
            Mode::Original if kept == Outcome::Accept => (None, Some(application_code(applied))),
            Mode::Original => (None, Some(application_code(kept))),
            Mode::Enhanced {
                commit,
                application,
            } => {
                let first = commit.wants(kept).then(|| commit_code(kept));
                // What was not kept has no application answer. Where MSH-15 does not let the fault be told, MSH-16 does:
                // the sender is told once.
                let due = kept == Outcome::Accept || first.is_none();
                let second = (due && application.wants(applied)).then(|| application_code(applied));
                (first, second)
            }
        };
        first.into_iter().chain(second)
    }
}

fn commit_code(outcome: Outcome) -> AckCode {
    match outcome {
        Outcome::Accept => AckCode::CA,
        Outcome::Error => AckCode::CE,
        Outcome::Reject => AckCode::CR,
    }
}

fn application_code(outcome: Outcome) -> AckCode {
    match outcome {
        Outcome::Accept => AckCode::AA,
        Outcome::Error => AckCode::AE,
        Outcome::Reject => AckCode::AR,
    }
}

/// The answers to `bytes`, one message each; `expected` is the number for MSA-4 where messages are numbered.
pub(super) fn write(
    mode: Mode,
    verdict: Verdict,
    fault: Option<&Fault>,
    bytes: &[u8],
    expected: Option<i64>,
) -> Vec<(AckCode, Vec<u8>)> {
    mode.codes(verdict)
        .map(|code| {
            // The commit answer to a message that was kept knows nothing of the application's fault.
            let told = fault.filter(|_| !matches!(code, AckCode::CA | AckCode::AA));
            (
                code,
                read(bytes, |message| {
                    one(code, told, message.ok(), bytes, expected)
                }),
            )
        })
        .collect()
}

fn one(
    code: AckCode,
    fault: Option<&Fault>,
    message: Option<&Message<'_>>,
    bytes: &[u8],
    expected: Option<i64>,
) -> Vec<u8> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let now = jiff::Timestamp::now();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) % 1_000_000;
    // MSH-10 holds 20 characters in the older versions.
    let control_id = format!("K{}{number:06}", now.as_millisecond());
    let at = now.strftime("%Y%m%d%H%M%S+0000").to_string();
    let errors: Vec<AckError<'_>> = fault
        .map(|fault| AckError {
            location: fault
                .field
                .and_then(|field| format!("MSH-{field}").parse::<Path>().ok())
                .map(ErrorLocation::from),
            code: fault.code,
            severity: Severity::Error,
            text: &fault.detail,
        })
        .into_iter()
        .collect();
    let acknowledgment = Acknowledgment {
        code,
        errors: &errors,
        expected_sequence_number: expected,
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

/// What a sender may take as: send the same again. No other fault has this code.
pub(super) const SEND_AGAIN: ErrorCode = ErrorCode::ApplicationRecordLocked;

#[cfg(test)]
mod tests {
    use kiln_hl7::AckCode::{AA, AE, AR, CA, CE, CR};

    use super::{AckCode, Mode, Outcome, Verdict};

    fn codes(commit: &str, application: &str, verdict: Verdict) -> Vec<AckCode> {
        Mode::of(commit, application).codes(verdict).collect()
    }

    const ALL: [&str; 6] = ["", "\"\"", "AL", "NE", "ER", "SU"];
    const UNMAPPED: Verdict = Verdict {
        kept: Outcome::Accept,
        applied: Outcome::Error,
    };

    #[test]
    fn original_mode_is_both_absent_or_null_and_has_one_answer() {
        for (commit, application) in [("", ""), ("\"\"", ""), ("", "\"\""), ("\"\"", "\"\"")] {
            let of = |verdict| codes(commit, application, verdict);
            assert_eq!(of(Verdict::ACCEPTED), [AA]);
            assert_eq!(of(UNMAPPED), [AE]);
            assert_eq!(of(Verdict::refused(Outcome::Error)), [AE]);
            assert_eq!(of(Verdict::refused(Outcome::Reject)), [AR]);
        }
    }

    #[test]
    fn enhanced_mode_answers_at_each_level_as_table_0155_asks() {
        // HL7 v2.9 §2.9.3 and table 0155: AL always, NE never, ER when wrong, SU when well.
        let wants = |word: &str, well: bool| match word {
            "AL" => true,
            "ER" => !well,
            "SU" => well,
            _ => false,
        };
        for commit in ALL {
            for application in ALL {
                if Mode::of(commit, application) == Mode::Original {
                    continue;
                }
                let mut accepted = Vec::new();
                let mut unmapped = Vec::new();
                if wants(commit, true) {
                    accepted.push(CA);
                    unmapped.push(CA);
                }
                if wants(application, true) {
                    accepted.push(AA);
                }
                if wants(application, false) {
                    unmapped.push(AE);
                }
                assert_eq!(codes(commit, application, Verdict::ACCEPTED), accepted);
                assert_eq!(codes(commit, application, UNMAPPED), unmapped);
                for (outcome, commit_code, application_code) in
                    [(Outcome::Error, CE, AE), (Outcome::Reject, CR, AR)]
                {
                    let refused = codes(commit, application, Verdict::refused(outcome));
                    let expected = if wants(commit, false) {
                        vec![commit_code]
                    } else if wants(application, false) {
                        vec![application_code]
                    } else {
                        vec![]
                    };
                    assert_eq!(refused, expected, "{commit} {application}");
                }
            }
        }
    }

    #[test]
    fn a_word_that_the_table_does_not_have_is_answered() {
        assert_eq!(codes("YES", "NE", Verdict::ACCEPTED), [CA]);
    }
}
