//! Whether other maps or another image come into force.
#![allow(clippy::unwrap_used)]

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kiln_operator::api::{ChangeOutcome, Rollout, RolloutStatus, Stage, TrialOf};
use kiln_operator::rollout::{
    Budget, Counted, Counting, Hand, Seen, Verdict, Wanted, differences, judge, step, trial_id,
};
use proptest::prelude::*;
use serde_json::json;

const OLD: &str = "registry.example.org/kiln:1";
const NEW: &str = "registry.example.org/kiln:2";

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

fn policy(more: serde_json::Value) -> Rollout {
    serde_json::from_value(more).unwrap()
}

/// Trials of both kinds, short and strict.
fn strict() -> Rollout {
    policy(json!({
        "shadow": {"leastMessages": 100, "leastSeconds": 60, "differingPerThousand": 50},
        "canary": {"leastMessages": 100, "leastSeconds": 60, "failingPerThousand": 10, "ackMilliseconds": 500},
        "watchSeconds": 30,
    }))
}

fn wanted(image: &str, mappings: &[&str]) -> Wanted {
    Wanted {
        image: image.to_owned(),
        mappings: mappings.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn seen(messages: i64, differing: i64, failing: i64) -> Seen {
    Seen {
        messages,
        differing,
        failing,
        ..Seen::default()
    }
}

/// A pipeline in the course of time.
struct Course {
    policy: Rollout,
    state: RolloutStatus,
    hand: Hand,
}

impl Course {
    /// With the old image and the mapping `a` in force.
    fn new(policy: Rollout) -> Course {
        let mut course = Course {
            policy,
            state: RolloutStatus::default(),
            hand: Hand::default(),
        };
        course.step(0, &wanted(OLD, &["a"]), None);
        assert_eq!(course.state.trial, None);
        course
    }

    fn step(&mut self, seconds: i64, wanted: &Wanted, seen: Option<&Seen>) -> &RolloutStatus {
        let (state, hand) = (&self.state, &self.hand);
        self.state = step(at(seconds), &self.policy, wanted, state, seen, hand);
        &self.state
    }

    fn stage(&self) -> Option<(TrialOf, Stage)> {
        self.state
            .trial
            .as_ref()
            .map(|trial| (trial.of, trial.stage))
    }

    fn in_force(&self) -> (&str, Vec<&str>) {
        let mappings = self.state.mappings.iter().map(String::as_str);
        (self.state.image.as_deref().unwrap(), mappings.collect())
    }

    fn outcomes(&self) -> Vec<ChangeOutcome> {
        self.state
            .history
            .iter()
            .map(|change| change.outcome)
            .collect()
    }
}

#[test]
fn without_a_policy_all_comes_into_force_at_once() {
    let mut course = Course::new(policy(json!({})));
    course.step(10, &wanted(NEW, &["b"]), None);
    assert_eq!(course.in_force(), (NEW, vec!["b"]));
    assert_eq!(course.stage(), None);
    assert_eq!(course.outcomes(), [ChangeOutcome::Direct; 2]);
}

#[test]
fn mappings_are_tried_in_shadow_come_into_force_and_are_watched() {
    let mut course = Course::new(strict());
    let asked = wanted(OLD, &["a", "b"]);
    course.step(10, &asked, None);
    assert_eq!(course.stage(), Some((TrialOf::Mappings, Stage::Shadow)));
    assert_eq!(course.in_force(), (OLD, vec!["a"]));
    // Enough messages, and too early.
    course.step(20, &asked, Some(&seen(200, 5, 0)));
    assert_eq!(
        course.state.trial.as_ref().unwrap().reason,
        "10 of 60 s passed"
    );
    // Late enough, and too few messages.
    course.step(75, &asked, Some(&seen(99, 4, 0)));
    assert_eq!(
        course.state.trial.as_ref().unwrap().reason,
        "99 of 100 messages seen"
    );
    course.step(80, &asked, Some(&seen(200, 5, 0)));
    assert_eq!(course.in_force(), (OLD, vec!["a", "b"]));
    assert_eq!(course.stage(), Some((TrialOf::Mappings, Stage::Watch)));
    assert_eq!(
        course.state.history[0].reason,
        "200 messages, 0 failed, 5 differ"
    );
    course.step(109, &asked, Some(&seen(300, 0, 0)));
    assert_eq!(course.stage(), Some((TrialOf::Mappings, Stage::Watch)));
    course.step(110, &asked, Some(&seen(300, 0, 0)));
    assert_eq!(course.stage(), None);
    assert_eq!(course.in_force(), (OLD, vec!["a", "b"]));
    assert_eq!(course.outcomes(), [ChangeOutcome::Promoted]);
}

#[test]
fn bad_mappings_never_come_into_force_and_are_not_tried_again() {
    for (bad, why) in [
        (
            seen(10, 0, 1),
            "1 of 10 messages failed, over 0 in a thousand",
        ),
        // The budget of a hundred messages is spent, so that nobody waits for the rest.
        (
            seen(20, 6, 0),
            "6 of 20 messages differ, over 50 in a thousand",
        ),
        (
            Seen {
                broken: Some("PID.yaml:7: no element `brithDate`".to_owned()),
                ..Seen::default()
            },
            "PID.yaml:7: no element `brithDate`",
        ),
    ] {
        let mut course = Course::new(strict());
        let asked = wanted(OLD, &["b"]);
        course.step(10, &asked, None);
        course.step(15, &asked, Some(&bad));
        assert_eq!(course.in_force(), (OLD, vec!["a"]));
        assert_eq!(course.outcomes(), [ChangeOutcome::RolledBack]);
        assert_eq!(course.state.history[0].reason, why);
        assert_eq!(
            course.state.summary,
            format!("mappings b rolled back: {why}")
        );
        course.step(20, &asked, None);
        assert_eq!((course.stage(), course.state.refused.len()), (None, 1));
        // Another list is another trial.
        course.step(25, &wanted(OLD, &["c"]), None);
        assert_eq!(course.stage(), Some((TrialOf::Mappings, Stage::Shadow)));
        assert!(course.state.refused.is_empty());
    }
}

#[test]
fn an_image_reaches_a_canary_first_and_goes_back_by_itself() {
    let mut course = Course::new(strict());
    let asked = wanted(NEW, &["a"]);
    course.step(10, &asked, None);
    assert_eq!(course.stage(), Some((TrialOf::Image, Stage::Canary)));
    // As many fail as do on the others.
    let usual = Seen {
        usual_per_thousand: 100,
        ..seen(100, 0, 11)
    };
    course.step(70, &asked, Some(&usual));
    assert_eq!(course.in_force().0, NEW);
    // In force it is watched by the same budget, and by what was usual without it.
    course.step(75, &asked, Some(&seen(100, 0, 11)));
    assert_eq!(course.stage(), Some((TrialOf::Image, Stage::Watch)));
    course.step(80, &asked, Some(&seen(100, 0, 12)));
    assert_eq!((course.in_force().0, course.stage()), (OLD, None));
    let expected = [ChangeOutcome::RolledBack, ChangeOutcome::Promoted];
    assert_eq!(course.outcomes(), expected);
    course.step(85, &asked, None);
    assert_eq!((course.in_force().0, course.stage()), (OLD, None));
}

#[test]
fn a_slow_canary_goes_no_further() {
    let mut course = Course::new(strict());
    let asked = wanted(NEW, &["a"]);
    course.step(10, &asked, None);
    let slow = Seen {
        ack_milliseconds: Some(501.0),
        ..seen(5, 0, 0)
    };
    course.step(15, &asked, Some(&slow));
    assert_eq!(course.in_force().0, OLD);
    assert_eq!(course.state.history[0].reason, "ACK p99 501 ms over 500 ms");
}

#[test]
fn one_thing_is_tried_at_a_time_and_one_that_was_refused_holds_no_other() {
    let mut course = Course::new(strict());
    let asked = wanted(NEW, &["b"]);
    course.step(10, &asked, None);
    assert_eq!(course.stage(), Some((TrialOf::Image, Stage::Canary)));
    course.step(15, &asked, Some(&seen(100, 0, 50)));
    assert_eq!(course.stage(), Some((TrialOf::Mappings, Stage::Shadow)));
    course.step(80, &asked, Some(&seen(100, 0, 0)));
    assert_eq!(course.in_force(), (OLD, vec!["b"]));
    course.step(200, &asked, Some(&seen(100, 0, 0)));
    assert_eq!((course.stage(), course.state.refused.len()), (None, 1));
}

#[test]
fn people_decide_by_its_id_and_once() {
    let asked = wanted(OLD, &["b"]);
    let id = trial_id(TrialOf::Mappings, &asked.mappings);
    let manual = policy(json!({
        "shadow": {"promotion": "Manual", "leastMessages": 10, "leastSeconds": 0}, "watchSeconds": 60,
    }));
    let mut course = Course::new(manual);
    course.step(10, &asked, None);
    course.step(15, &asked, Some(&seen(10, 10, 0)));
    let reason = &course.state.trial.as_ref().unwrap().reason;
    assert!(
        reason.ends_with(&format!("kiln.health/promote={id} to put it in force")),
        "{reason}"
    );
    // Of something else nothing follows.
    course.hand.promote = Some("0badc0de".to_owned());
    course.step(20, &asked, Some(&seen(10, 10, 0)));
    assert_eq!(course.in_force().1, ["a"]);
    course.hand.promote = Some(id.clone());
    course.step(25, &asked, Some(&seen(10, 10, 0)));
    assert_eq!(course.in_force().1, ["b"]);
    // The annotation stays; after a breach it brings nothing back.
    course.step(30, &asked, Some(&seen(100, 0, 100)));
    assert_eq!(course.in_force().1, ["a"]);
    for seconds in 31..35 {
        course.step(seconds, &asked, None);
        assert_eq!((course.in_force().1, course.stage()), (vec!["a"], None));
    }

    let mut course = Course::new(strict());
    course.hand.roll_back = Some(id);
    course.step(10, &asked, None);
    course.step(15, &asked, Some(&seen(10, 0, 0)));
    assert_eq!((course.in_force().1, course.stage()), (vec!["a"], None));
    assert_eq!(course.state.history[0].reason, "rolled back by hand");
}

#[test]
fn what_is_no_longer_asked_for_is_not_tried_on() {
    let mut course = Course::new(strict());
    course.step(10, &wanted(OLD, &["b"]), None);
    course.step(15, &wanted(OLD, &["a"]), Some(&seen(1000, 0, 0)));
    assert_eq!((course.in_force().1, course.stage()), (vec!["a"], None));
    assert_eq!(course.outcomes(), [ChangeOutcome::Withdrawn]);
}

#[test]
fn another_operator_goes_on_from_the_status() {
    let mut course = Course::new(strict());
    let asked = wanted(OLD, &["b"]);
    course.step(10, &asked, None);
    let told = serde_json::to_string(&course.state).unwrap();
    let read: RolloutStatus = serde_json::from_str(&told).unwrap();
    assert_eq!(read, course.state);
    course.state = read;
    course.step(70, &asked, Some(&seen(100, 0, 0)));
    assert_eq!(course.in_force().1, ["b"]);
}

#[test]
fn the_history_is_bounded() {
    let mut course = Course::new(policy(json!({})));
    for n in 0..30 {
        let image = format!("{NEW}.{n}");
        course.step(n, &wanted(&image, &["a"]), None);
    }
    assert_eq!(course.state.history.len(), 10);
    assert_eq!(course.state.history[0].what, [format!("{NEW}.29")]);
}

#[test]
fn what_a_shadow_says_is_read_with_bounds() {
    let changes: Vec<_> = (0..50)
        .map(|n| json!({"kind": "changed", "element": format!("Patient.{}{n}", "x".repeat(200)), "count": 50 - n}))
        .collect();
    let answer =
        json!({"messages": 7, "differing": 3, "failing": 1, "changes": changes, "otherChanges": 4});
    let seen = differences(&answer.to_string()).unwrap();
    assert_eq!((seen.messages, seen.differing, seen.failing), (7, 3, 1));
    assert_eq!((seen.changes.len(), seen.changes[0].count), (10, 50));
    assert_eq!(seen.changes[0].element.len(), 120);
    assert_eq!(differences("no JSON"), None);
}

fn answer(messages: u32, refused: u32, dead: u32, slow: u32) -> String {
    format!(
        "kiln_listen_messages_total{{type=\"ADT^A01\"}} {messages}\n\
         kiln_listen_refused_total{{listener=\"mllp\",reason=\"no-version\"}} {refused}\n\
         kiln_transform_dead_letters_total{{reason=\"no-map\"}} {dead}\n\
         kiln_listen_ack_seconds_bucket{{le=\"0.1\"}} {messages}\n\
         kiln_listen_ack_seconds_bucket{{le=\"1\"}} {0}\n\
         kiln_listen_ack_seconds_bucket{{le=\"+Inf\"}} {0}\n",
        messages + slow
    )
}

#[test]
fn of_a_new_instance_all_counts_and_of_another_what_is_new() {
    let mut counting = Counting::default();
    counting.take("new", true, Counted::read(&answer(40, 5, 5, 0)));
    counting.take("old", false, Counted::read(&answer(1000, 100, 0, 0)));
    assert_eq!(counting.messages(), (45, 10));
    assert_eq!(counting.ack_milliseconds(), None);
    counting.take("old", false, Counted::read(&answer(1060, 101, 1, 0)));
    assert_eq!(counting.messages(), (106, 12));
    // An instance that was started anew counts anew.
    counting.take("old", false, Counted::read(&answer(30, 0, 0, 10)));
    assert_eq!(counting.messages(), (75, 10));
    counting.take("old", false, Counted::read(&answer(60, 0, 0, 20)));
    assert_eq!(counting.errors_per_thousand(), 96);
    assert!(counting.ack_milliseconds().unwrap() > 100.0);
}

prop_compose! {
    fn budgets()(least in 1..1000_i64, seconds in 0..1000_i64, failing in 0..1000_i64, differing in proptest::option::of(0..1000_i64)) -> Budget {
        Budget {
            least_messages: least, waits_for_messages: true, least_seconds: seconds, failing_per_thousand: failing,
            differing_per_thousand: differing, ack_milliseconds: None,
        }
    }
}

proptest! {
    #[test]
    fn only_what_has_shown_enough_within_its_budget_is_good(
        budget in budgets(), seconds in 0..2000_i64, messages in 0..2000_i64, failing in 0..2000_i64, differing in 0..2000_i64,
    ) {
        let (failing, differing) = (failing.min(messages), differing.min(messages));
        let verdict = judge(&budget, seconds, &seen(messages, differing, failing));
        let within = failing * 1000 <= budget.failing_per_thousand * messages
            && budget.differing_per_thousand.is_none_or(|most| differing * 1000 <= most * messages);
        let enough = messages >= budget.least_messages && seconds >= budget.least_seconds;
        prop_assert_eq!(matches!(verdict, Verdict::Good(_)), within && enough);
        // One that is over its budget for a whole trial is bad however early it is, and only such a one.
        let all = messages.max(budget.least_messages);
        let over = failing * 1000 > budget.failing_per_thousand * all
            || budget.differing_per_thousand.is_some_and(|most| differing * 1000 > most * all);
        prop_assert_eq!(matches!(verdict, Verdict::Bad(_)), over);
    }

    #[test]
    fn a_step_with_nothing_new_changes_nothing(seconds in 0..59_i64, messages in 0..99_i64) {
        let mut course = Course::new(strict());
        let asked = wanted(OLD, &["b"]);
        course.step(10, &asked, None);
        course.step(10 + seconds, &asked, Some(&seen(messages, 0, 0)));
        let before = course.state.clone();
        course.step(10 + seconds, &asked, Some(&seen(messages, 0, 0)));
        prop_assert_eq!(before, course.state);
    }
}
