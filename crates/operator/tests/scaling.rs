//! How many instances there should be.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use kiln_operator::api::{ListenScaling, Schedule, TransformScaling};
use kiln_operator::scaling::{
    Bounds, Memory, Reading, SCALE_OUT_AFTER, SCALE_OUT_PAUSE, Signal, Window, decide, is_active,
    scheduled, spread,
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

fn in_flight(messages: u32) -> Signal {
    Signal::InFlight {
        messages: Some(messages),
        per_instance: 1000,
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
    let pressed = |seconds| Memory {
        pressed: Some(ago(now, seconds)),
        ..fresh
    };
    let calm = |seconds| Memory {
        calm: Some(ago(now, seconds)),
        ..fresh
    };
    let changed = |seconds| Memory {
        changed: Some(ago(now, seconds)),
        ..pressed(10)
    };
    let long = SCALE_OUT_AFTER.as_secs();
    let pause = SCALE_OUT_PAUSE.as_secs();
    let silence = |instances| Signal::Silence { instances };
    for (current, signals, memory, expected, told) in [
        // A time over its target: in proportion, rounded up.
        (
            2,
            vec![ack(300.0)],
            pressed(12),
            3,
            "2 to 3: ACK p99 300 ms over target 250 ms for 12 s",
        ),
        (4, vec![ack(400.0)], pressed(long), 7, "ACK p99 400 ms"),
        // One slow moment is no load.
        (2, vec![ack(9000.0)], fresh, 2, ""),
        (2, vec![ack(9000.0)], pressed(long - 1), 2, ""),
        // At most twice as many at once, and never more than the most.
        (2, vec![ack(9000.0)], pressed(long), 4, "2 to 4"),
        (6, vec![ack(9000.0)], pressed(long), 8, "6 to 8"),
        (8, vec![ack(9000.0)], pressed(long), 8, ""),
        // Counts: as many instances as are needed to carry them.
        (
            2,
            vec![ack(10.0), open(301)],
            pressed(long),
            4,
            "2 to 4: 301 connections, over 100 an instance for 10 s",
        ),
        (3, vec![ack(10.0), open(300)], pressed(long), 3, ""),
        (
            2,
            vec![ack(10.0), in_flight(2001)],
            pressed(long),
            3,
            "2 to 3: 2001 messages in flight, over 1000 an instance for 10 s",
        ),
        // The most pressing decides.
        (
            2,
            vec![ack(300.0), open(400)],
            pressed(long),
            4,
            "400 connections",
        ),
        (
            2,
            vec![lag(25.0)],
            pressed(long),
            4,
            "oldest waiting message 25 s old, over target 10 s",
        ),
        // An instance that is silent holds up none.
        (2, vec![ack(300.0), silence(1)], pressed(long), 3, "2 to 3"),
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
        (4, vec![ack(50.0), silence(1)], calm(9999), 4, ""),
        (4, vec![ack(50.0), silence(0)], calm(9999), 3, "4 to 3"),
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
fn a_break_begins_calm_and_pressure_anew() {
    let now = at("2026-03-02T12:00:00Z");
    let calm = Memory {
        calm: Some(ago(now, 200)),
        ..Memory::default()
    };
    let remembered = |signal, memory| {
        decide(now, 4, &bounds(&[]), &[signal], memory)
            .unwrap()
            .memory
    };
    assert_eq!(remembered(ack(50.0), calm), calm);
    let broken = remembered(ack(200.0), calm);
    assert_eq!(broken, Memory::default());
    assert_eq!(remembered(ack(50.0), broken).calm, Some(now));
    let pressed = remembered(ack(300.0), calm);
    assert_eq!((pressed.pressed, pressed.calm), (Some(now), None));
    assert_eq!(remembered(ack(300.0), pressed), pressed);
    assert_eq!(remembered(ack(200.0), pressed).pressed, None);
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
    assert_eq!(why.unwrap(), "3 to 5: schedule peak until 08:00");
    assert_eq!(scheduled(within, 6, &bounds).unwrap(), (6, None));
    assert_eq!(scheduled(before, 1, &bounds).unwrap().0, 2);
    assert_eq!(scheduled(before, 9, &bounds).unwrap().0, 8);
    let decision = decide(within, 3, &bounds, &[ack(10.0)], Memory::default()).unwrap();
    assert_eq!(decision.replicas, 5);
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
        pressed in prop::option::of(0i64..1000),
        calm in prop::option::of(0i64..1000),
    ) {
        let now = at("2026-03-02T12:00:00Z");
        let memory = Memory {
            changed: changed.map(|seconds| ago(now, seconds)),
            pressed: pressed.map(|seconds| ago(now, seconds)),
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
        since in 0i64..1000,
    ) {
        let (less, more) = (less.min(more), less.max(more));
        let now = at("2026-03-02T12:00:00Z");
        let since = Some(ago(now, since));
        let memory = Memory { changed: None, pressed: since, calm: since };
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

/// What an instance of listen answers: acknowledgments of up to 100 ms and of up to 1 s since it was started, and connections.
fn answer(quick: u64, slow: u64, connections: u32) -> String {
    let all = quick + slow;
    format!(
        "# TYPE kiln_listen_ack_seconds histogram\n\
         kiln_listen_ack_seconds_bucket{{listener=\"adt\",le=\"0.1\"}} {quick}\n\
         kiln_listen_ack_seconds_bucket{{listener=\"adt\",le=\"1\"}} {all}\n\
         kiln_listen_ack_seconds_bucket{{listener=\"adt\",le=\"+Inf\"}} {all}\n\
         kiln_listen_ack_seconds_sum{{listener=\"adt\"}} 1\n\
         kiln_listen_connections{{listener=\"adt\"}} {connections}\n\
         kiln_listen_connections{{listener=\"lab\"}} 3\n\
         kiln_listen_in_flight_messages{{listener=\"adt\"}} 7\n"
    )
}

fn look(window: &mut Window, now: Timestamp, answers: &[(&str, Option<String>)]) -> Vec<Signal> {
    let read = |answer: &String| Reading::read(now, answer);
    let answers = answers
        .iter()
        .map(|(name, answer)| ((*name).to_owned(), answer.as_ref().map(read)));
    window.take(now, answers.collect());
    let scaling: ListenScaling =
        serde_json::from_value(json!({"minReplicas": 2, "maxReplicas": 8})).unwrap();
    window.of_listen(&scaling)
}

fn p99(signals: &[Signal]) -> Option<f64> {
    signals.iter().find_map(|signal| match signal {
        Signal::AckP99 { milliseconds, .. } => Some(*milliseconds),
        _ => None,
    })?
}

#[test]
fn acknowledgments_of_all_instances_are_counted_over_the_last_quarter_minute() {
    let mut now = at("2026-03-02T12:00:00Z");
    let mut window = Window::default();
    assert_eq!(p99(&look(&mut window, now, &[])), None);
    // What was before the first look is not of these seconds.
    let first = [
        ("a", Some(answer(5, 1_000_000, 10))),
        ("b", Some(answer(0, 0, 20))),
    ];
    assert_eq!(p99(&look(&mut window, now, &first)), Some(0.0));
    now += SignedDuration::from_secs(5);
    // 90 of 100 take up to 100 ms, 10 up to 1 s: the 99th is at nine tenths of the way from 0.1 to 1.
    let second = [
        ("a", Some(answer(50, 1_000_005, 10))),
        ("b", Some(answer(45, 5, 20))),
    ];
    let signals = look(&mut window, now, &second);
    assert!((p99(&signals).unwrap() - 910.0).abs() < 1e-6, "{signals:?}");
    assert!(signals.contains(&Signal::Connections {
        open: Some(36),
        per_instance: 500
    }));
    assert!(signals.contains(&Signal::InFlight {
        messages: Some(14),
        per_instance: 2048
    }));
    assert!(signals.contains(&Signal::Silence { instances: 0 }));
    // One is silent, and the other was started anew: it counts from nothing.
    now += SignedDuration::from_secs(5);
    let signals = look(
        &mut window,
        now,
        &[("a", None), ("b", Some(answer(10, 0, 20)))],
    );
    assert!(signals.contains(&Signal::Silence { instances: 1 }));
    assert!(signals.contains(&Signal::Connections {
        open: Some(23),
        per_instance: 500
    }));
    // Slow times are forgotten.
    for quick in [1000, 2000, 3000, 4000] {
        now += SignedDuration::from_secs(5);
        look(&mut window, now, &[("b", Some(answer(quick, 0, 20)))]);
    }
    let signals = look(&mut window, now, &[("b", Some(answer(5000, 0, 20)))]);
    assert!((p99(&signals).unwrap() - 99.0).abs() < 1e-6, "{signals:?}");
    // Nobody answers: nothing is known.
    assert_eq!(p99(&look(&mut window, now, &[("b", None)])), None);
}

#[test]
fn the_instance_that_is_most_behind_counts_and_bulk_does_not() {
    let now = at("2026-03-02T12:00:00Z");
    let scaling: TransformScaling =
        serde_json::from_value(json!({"minReplicas": 2, "maxReplicas": 8})).unwrap();
    let lags = |answers: &[&str]| {
        let mut window = Window::default();
        let look = answers.iter().enumerate();
        let look = look.map(|(at, answer)| (at.to_string(), Some(Reading::read(now, answer))));
        window.take(now, look.collect());
        window.of_transform(&scaling)[0]
    };
    let lane = |lane: &str, seconds: f64| {
        format!("kiln_transform_lag_seconds{{lane=\"{lane}\"}} {seconds}\n")
    };
    let both = lane("interactive", 4.5) + &lane("bulk", 4000.0);
    assert_eq!(lags(&[&both, &lane("interactive", 31.0)]), lag(31.0));
    assert_eq!(lags(&[&both]), lag(4.5));
    assert_eq!(
        lags(&[&lane("bulk", 9.0)]).to_string(),
        "the age of waiting messages is not known"
    );
}

proptest! {
    #[test]
    fn connections_are_spread_without_asking_more_to_leave_than_are_too_many(
        open in prop::collection::btree_map("[a-z]{3}", 0u32..5000, 1..12),
    ) {
        let shed = spread(&open);
        let share = open.values().sum::<u32>().div_ceil(u32::try_from(open.len()).unwrap());
        for (name, connections) in &open {
            let left = connections - shed.get(name).copied().unwrap_or(0);
            prop_assert_eq!(left, *connections.min(&share));
        }
        prop_assert!(shed.values().all(|asked| *asked > 0));
    }
}
