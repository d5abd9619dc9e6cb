//! How many instances there should be.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use kiln_operator::api::Schedule;
use kiln_operator::scaling::{
    Bounds, Memory, SCALE_OUT_PAUSE, Signal, decide, is_active, next_change, scheduled,
};
use proptest::prelude::*;
use serde_json::json;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ago(now: Timestamp, seconds: i64) -> Timestamp {
    now - SignedDuration::from_secs(seconds)
}

fn schedule(days: &[&str], from: &str, to: &str, zone: &str, least: i32) -> Schedule {
    serde_json::from_value(json!({
        "name": "peak", "days": days, "from": from, "to": to, "timeZone": zone, "minReplicas": least,
    }))
    .unwrap()
}

fn bounds(schedules: &[Schedule]) -> Bounds<'_> {
    Bounds {
        least: 2,
        most: 8,
        scale_in_after: SignedDuration::from_secs(300),
        schedules,
    }
}

fn ack(milliseconds: f64) -> Signal {
    Signal::AckP99 {
        milliseconds: Some(milliseconds),
        target: 250.0,
    }
}

fn open(open: u32) -> Signal {
    Signal::Connections {
        open: Some(open),
        per_instance: 100,
    }
}

fn lag(seconds: f64) -> Signal {
    Signal::Lag {
        seconds: Some(seconds),
        target: 10.0,
    }
}

const NO_ACK: Signal = Signal::AckP99 {
    milliseconds: None,
    target: 250.0,
};

#[test]
fn what_is_felt_decides_and_is_told() {
    let now = at("2026-03-02T12:00:00Z");
    let fresh = Memory::default();
    let calm = |seconds| Memory {
        changed: None,
        calm: Some(ago(now, seconds)),
    };
    let changed = |seconds| Memory {
        changed: Some(ago(now, seconds)),
        calm: None,
    };
    let pause = SCALE_OUT_PAUSE.as_secs();
    for (current, signals, memory, expected, told) in [
        // A time over its target: in proportion, rounded up.
        (
            2,
            vec![ack(300.0)],
            fresh,
            3,
            "2 to 3: ACK p99 is 300 ms, over the target of 250 ms",
        ),
        (4, vec![ack(400.0)], fresh, 7, "ACK p99 is 400 ms"),
        // At most twice as many at once, and never more than the most.
        (2, vec![ack(9000.0)], fresh, 4, "2 to 4"),
        (6, vec![ack(9000.0)], fresh, 8, "6 to 8"),
        (8, vec![ack(9000.0)], fresh, 8, ""),
        // Connections: as many as are needed to carry them.
        (
            2,
            vec![ack(10.0), open(301)],
            fresh,
            4,
            "2 to 4: 301 connections are open",
        ),
        (3, vec![ack(10.0), open(300)], fresh, 3, ""),
        // The most pressing decides.
        (2, vec![ack(300.0), open(400)], fresh, 4, "400 connections"),
        (
            2,
            vec![lag(25.0)],
            fresh,
            4,
            "the oldest waiting message is 25 s old",
        ),
        // What was added is given time to act.
        (3, vec![ack(300.0)], changed(pause - 1), 3, ""),
        (3, vec![ack(300.0)], changed(pause), 4, "3 to 4"),
        // Fewer only after a long calm, one at a time, and not below the fewest.
        (4, vec![ack(50.0), open(100)], calm(299), 4, ""),
        (
            4,
            vec![ack(50.0), open(100)],
            calm(300),
            3,
            "4 to 3: fewer have sufficed for 300 s",
        ),
        (2, vec![ack(50.0), open(0)], calm(9999), 2, ""),
        // Not so calm: over half the time's target, or too many connections for one fewer with head room.
        (4, vec![ack(130.0), open(100)], calm(9999), 4, ""),
        (4, vec![ack(50.0), open(241)], calm(9999), 4, ""),
        (4, vec![ack(50.0), open(240)], calm(9999), 3, "4 to 3"),
        // What is not known takes nothing away.
        (4, vec![NO_ACK, open(0)], calm(9999), 4, ""),
        // The bounds were narrowed.
        (1, vec![ack(50.0)], fresh, 2, "1 to 2: minReplicas is 2"),
        (9, vec![ack(50.0)], fresh, 8, "9 to 8: maxReplicas is 8"),
    ] {
        let decision = decide(now, current, &bounds(&[]), &signals, memory).unwrap();
        let reason = decision.reason.unwrap_or_default();
        assert_eq!(decision.replicas, expected, "{current} {signals:?}");
        assert_eq!(reason.is_empty(), told.is_empty(), "{reason}");
        assert!(reason.contains(told), "{reason} lacks {told}");
    }
}

#[test]
fn a_break_in_the_calm_begins_it_anew() {
    let now = at("2026-03-02T12:00:00Z");
    let calm = Memory {
        changed: None,
        calm: Some(ago(now, 200)),
    };
    let pressed = decide(now, 4, &bounds(&[]), &[ack(200.0)], calm).unwrap();
    assert_eq!(pressed.memory.calm, None);
    let calm_again = decide(now, 4, &bounds(&[]), &[ack(50.0)], pressed.memory).unwrap();
    assert_eq!(calm_again.memory.calm, Some(now));
    let kept = decide(now, 4, &bounds(&[]), &[ack(50.0)], calm).unwrap();
    assert_eq!(kept.memory, calm);
}

#[test]
fn a_peak_holds_by_the_clock_on_the_wall_of_its_zone() {
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri"];
    let morning = schedule(&weekdays, "06:30", "08:00", "Europe/Vienna", 5);
    let night = schedule(&["Sat"], "22:00", "02:00", "Europe/Vienna", 5);
    let daily = schedule(&[], "00:00", "12:00", "UTC", 5);
    for (schedule, time, expected) in [
        // 2026-03-02 is a Monday, and Vienna one hour ahead of UTC until 2026-03-29.
        (&morning, "2026-03-02T05:29:59Z", false),
        (&morning, "2026-03-02T05:30:00Z", true),
        (&morning, "2026-03-02T06:59:59Z", true),
        (&morning, "2026-03-02T07:00:00Z", false),
        (&morning, "2026-03-01T06:00:00Z", false),
        // Summer time: two hours ahead.
        (&morning, "2026-03-30T04:30:00Z", true),
        (&morning, "2026-03-30T06:00:00Z", false),
        // Over midnight it belongs to the day on which it begins.
        (&night, "2026-03-07T21:00:00Z", true),
        (&night, "2026-03-08T00:59:59Z", true),
        (&night, "2026-03-08T01:00:00Z", false),
        (&night, "2026-03-08T21:00:00Z", false),
        (&daily, "2026-03-08T00:00:00Z", true),
        (&daily, "2026-03-08T12:00:00Z", false),
    ] {
        assert_eq!(is_active(schedule, at(time)).unwrap(), expected, "{time}");
    }
}

#[test]
fn a_schedule_raises_the_number_at_once_and_says_so() {
    let peak = [schedule(&[], "06:00", "08:00", "UTC", 5)];
    let bounds = bounds(&peak);
    let (before, within) = (at("2026-03-02T05:59:59Z"), at("2026-03-02T06:00:00Z"));
    assert_eq!(scheduled(before, 3, &bounds).unwrap(), (3, None));
    let (number, why) = scheduled(within, 3, &bounds).unwrap();
    assert_eq!(number, 5);
    assert_eq!(why.unwrap(), "5, not 3: schedule peak until 08:00");
    assert_eq!(scheduled(within, 6, &bounds).unwrap(), (6, None));
    assert_eq!(scheduled(before, 1, &bounds).unwrap().0, 2);
    assert_eq!(scheduled(before, 9, &bounds).unwrap().0, 8);
    let decision = decide(within, 3, &bounds, &[ack(10.0)], Memory::default()).unwrap();
    assert_eq!(decision.replicas, 5);
    assert_eq!(
        next_change(&peak, before).unwrap(),
        Some(at("2026-03-02T06:00:00Z"))
    );
    assert_eq!(
        next_change(&peak, within).unwrap(),
        Some(at("2026-03-02T08:00:00Z"))
    );
    assert_eq!(next_change(&[], within).unwrap(), None);
}

#[test]
fn a_zone_that_does_not_exist_is_told_by_name() {
    let wrong = [schedule(&[], "06:00", "08:00", "Europe/Wien", 3)];
    let error = decide(
        at("2026-03-02T12:00:00Z"),
        2,
        &bounds(&wrong),
        &[],
        Memory::default(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "schedule peak: there is no time zone `Europe/Wien`; take a name like Europe/Vienna"
    );
}

prop_compose! {
    fn signals()(
        milliseconds in prop::option::of(0.0..5000.0f64),
        connections in prop::option::of(0u32..2000),
        seconds in prop::option::of(0.0..600.0f64),
    ) -> Vec<Signal> {
        vec![
            Signal::AckP99 { milliseconds, target: 250.0 },
            Signal::Connections { open: connections, per_instance: 100 },
            Signal::Lag { seconds, target: 10.0 },
        ]
    }
}

proptest! {
    #[test]
    fn the_number_stays_in_bounds_and_moves_by_steps(
        current in 2..=8i32,
        signals in signals(),
        changed in prop::option::of(0i64..1000),
        calm in prop::option::of(0i64..1000),
    ) {
        let now = at("2026-03-02T12:00:00Z");
        let memory = Memory {
            changed: changed.map(|seconds| ago(now, seconds)),
            calm: calm.map(|seconds| ago(now, seconds)),
        };
        let decision = decide(now, current, &bounds(&[]), &signals, memory).unwrap();
        prop_assert!((2..=8).contains(&decision.replicas));
        prop_assert!(decision.replicas <= 2 * current);
        prop_assert!(decision.replicas >= current - 1);
        prop_assert_eq!(decision.reason.is_some(), decision.replicas != current);
        let known = signals.iter().all(|signal| !signal.to_string().contains("not known"));
        prop_assert!(known || decision.replicas >= current);
    }

    #[test]
    fn more_load_never_means_fewer_instances(
        current in 2..=8i32,
        less in 0.0..5000.0f64,
        more in 0.0..5000.0f64,
        calm in 0i64..1000,
    ) {
        let (less, more) = (less.min(more), less.max(more));
        let now = at("2026-03-02T12:00:00Z");
        let memory = Memory { changed: None, calm: Some(ago(now, calm)) };
        let number = |value| decide(now, current, &bounds(&[]), &[ack(value)], memory).unwrap().replicas;
        prop_assert!(number(less) <= number(more));
    }

    #[test]
    fn without_load_it_ends_at_the_fewest_and_with_too_much_at_the_most(
        current in 1..=9i32,
        quiet in any::<bool>(),
    ) {
        let mut now = at("2026-03-02T12:00:00Z");
        let (mut number, mut memory) = (current, Memory::default());
        for _ in 0..500 {
            let signal = if quiet { ack(1.0) } else { ack(5000.0) };
            let decision = decide(now, number, &bounds(&[]), &[signal], memory).unwrap();
            (number, memory) = (decision.replicas, decision.memory);
            now += SignedDuration::from_secs(10);
        }
        prop_assert_eq!(number, if quiet { 2 } else { 8 });
    }
}
