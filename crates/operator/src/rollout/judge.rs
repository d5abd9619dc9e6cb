//! What follows from what is seen.

use super::Seen;

/// What something that is tried may cost, and what it must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its shares are at least those of so many messages: of a few, one is no share.
    pub least_messages: i64,
    /// Whether it must have worked on so many.
    pub waits_for_messages: bool,
    /// So long it must have been tried, in seconds.
    pub least_seconds: i64,
    /// Of a thousand messages so many may fail, beyond those that fail with what is in force.
    pub failing_per_thousand: i64,
    /// Of a thousand messages so many may differ; none: any number.
    pub differing_per_thousand: Option<i64>,
    /// So long the 99th percentile of acknowledgments may be; none: any time.
    pub ack_milliseconds: Option<i64>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is too early to say; what is waited for.
    Wait(String),
    /// It has shown enough, within its budget.
    Good(String),
    /// It is over its budget, or broken.
    Bad(String),
}

/// Judges what is seen after so many seconds. The budgets are those of a whole trial: one that is spent before its end is
/// never regained, so that nobody waits for the rest.
pub fn judge(budget: &Budget, seconds: i64, seen: &Seen) -> Verdict {
    if let Some(why) = &seen.broken {
        return Verdict::Bad(why.clone());
    }
    let messages = seen.messages;
    // Of messages that are still to come, none are taken to fail or differ.
    let all = messages.max(budget.least_messages);
    let spent = |count: i64, per_thousand: i64| count * 1000 > per_thousand * all;
    let failing = budget.failing_per_thousand + seen.usual_per_thousand;
    if spent(seen.failing, failing) {
        return Verdict::Bad(format!(
            "{} of {messages} messages failed, over {failing} in a thousand",
            seen.failing
        ));
    }
    if let Some(differing) = budget.differing_per_thousand
        && spent(seen.differing, differing)
    {
        return Verdict::Bad(format!(
            "{} of {messages} messages differ, over {differing} in a thousand",
            seen.differing
        ));
    }
    if let (Some(found), Some(most)) = (seen.ack_milliseconds, budget.ack_milliseconds) {
        #[allow(clippy::cast_precision_loss)] // some seconds
        if found > most as f64 {
            return Verdict::Bad(format!("ACK p99 {found:.0} ms over {most} ms"));
        }
    }
    if budget.waits_for_messages && messages < budget.least_messages {
        return Verdict::Wait(format!(
            "{messages} of {} messages seen",
            budget.least_messages
        ));
    }
    if seconds < budget.least_seconds {
        return Verdict::Wait(format!("{seconds} of {} s passed", budget.least_seconds));
    }
    let failed = format!("{messages} messages, {} failed", seen.failing);
    Verdict::Good(match budget.differing_per_thousand {
        Some(_) => format!("{failed}, {} differ", seen.differing),
        None => failed,
    })
}
