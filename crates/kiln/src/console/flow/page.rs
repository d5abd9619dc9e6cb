//! The page of flow.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use jiff::Timestamp;
use kiln_pipeline::BoundListener;
use maud::{Markup, html};

use super::chart;
use super::history::{History, Point, rate};
use super::reading::Reading;
use crate::console::access::Visitor;
use crate::console::frame;
use crate::console::routes::Console;

pub(in crate::console) const PATH: &str = "/";

/// Most rows of a list of types or reasons; the rest is counted as others.
const MAX_ROWS: usize = 12;

pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
) -> Markup {
    let content = html! {
        div .title {
            h1 { "Flow" }
            p { "This instance, since it started; rates and times over the last 10 seconds, lines over the last 2 minutes." }
        }
        p { output #live {} }
        div #flow data-stream=(super::STREAM) { (numbers(&console)) }
    };
    frame::page("Flow", PATH, &visitor, &content)
}

/// What changes every second.
pub(super) fn numbers(console: &Console) -> Markup {
    let history = console.flow.borrow().clone();
    let Some((now, before)) = history.span() else {
        return html! { p { "Nothing has been read yet. Reload the page." } };
    };
    html! {
        (figures(&history, now))
        (listeners(&console.workings.listeners, now, before))
        (lanes(now, before))
        div .findings {
            (counts("Messages accepted, by type", &now.by("kiln_listen_messages_total", "type")))
            (counts("Resources committed, by type", &now.by("kiln_transform_resources_total", "type")))
            (counts("Dead letters of transform, by reason", &now.by("kiln_transform_dead_letters_total", "reason")))
            (counts("Refused at the door, by reason", &now.by("kiln_listen_refused_total", "reason")))
        }
    }
}

/// The five numbers that people look at, with their last minutes.
fn figures(history: &History, now: &Reading) -> Markup {
    let last = history.points.back().copied().unwrap_or_default();
    let dead = now.sum("kiln_transform_dead_letters_total", None)
        + now.sum("kiln_listen_refused_total", None);
    let ack = (last.ack_seconds > 0.0).then_some(last.ack_seconds);
    html! {
        dl .figures {
            (figure("Accepted a second", &number(last.accepted), history, |point| point.accepted))
            (figure("Committed a second", &number(last.committed), history, |point| point.committed))
            (figure("Acknowledged within, p99", &time(ack), history, |point| point.ack_seconds))
            (figure("Lag", &time(Some(last.lag_seconds)), history, |point| point.lag_seconds))
            (figure("Connections", &number(last.connections), history, |point| point.connections))
            div { dt { "Refused and set aside" } dd { (number(dead)) } }
        }
    }
}

fn figure(
    name: &str,
    value: &str,
    history: &History,
    of: impl Fn(&Point) -> f64 + Clone,
) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { (value) }
            (chart::line(history.points.iter().map(of)))
        }
    }
}

fn listeners(listeners: &[BoundListener], now: &Reading, before: &Reading) -> Markup {
    html! {
        h2 { "Listeners" }
        @if listeners.is_empty() { p { "This instance does not listen." } } @else {
            div .wide role="region" aria-label="Listeners" tabindex="0" {
                table {
                    (heads(&["Listener", "Address", "Feed", "Connections", "Messages", "A second", "p50", "p99", "Waiting", "Refused", "Last message"], 3))
                    tbody { @for listener in listeners { (row(listener, now, before)) } }
                }
            }
        }
    }
}

/// The names of columns, of which the first hold words and the others numbers.
fn heads(names: &[&str], words: usize) -> Markup {
    html! {
        thead { tr {
            @for (at, name) in names.iter().enumerate() { th scope="col" .n[at >= words] { (name) } }
        } }
    }
}

fn row(listener: &BoundListener, now: &Reading, before: &Reading) -> Markup {
    let of = Some(("listener", listener.name.as_str()));
    let ack = |reading: &Reading| reading.buckets("kiln_listen_ack_seconds", of);
    let ack = ack(now).since(&ack(before));
    let last = now.max("kiln_listen_last_message_timestamp_seconds", of);
    html! {
        tr {
            th scope="row" { (listener.name) }
            td { (listener.address) }
            td { (listener.feed.as_deref().unwrap_or("by sender")) }
            td .n { (number(now.sum("kiln_listen_connections", of))) }
            td .n { (number(now.sum("kiln_listen_message_bytes", of))) }
            td .n { (number(rate(now, before, "kiln_listen_message_bytes", of))) }
            td .n { (time(ack.quantile(0.5))) }
            td .n { (time(ack.quantile(0.99))) }
            td .n { (number(now.sum("kiln_listen_in_flight_messages", of))) }
            td .n { (number(now.sum("kiln_listen_refused_total", of))) }
            td .n { (ago(now.at, last)) }
        }
    }
}

fn lanes(now: &Reading, before: &Reading) -> Markup {
    let lanes = now.by("kiln_transform_partitions", "lane");
    html! {
        h2 { "Transform" }
        @if lanes.is_empty() { p { "This instance does not transform." } } @else {
            div .wide role="region" aria-label="Transform" tabindex="0" {
                table {
                    (heads(&["Lane", "Partitions", "Messages", "A second", "Lag", "Behind", "Batch p99", "Faults", "Resends dropped"], 1))
                    tbody {
                        @for (lane, partitions) in &lanes {
                            @let of = Some(("lane", lane.as_str()));
                            @let batches = |reading: &Reading| reading.buckets("kiln_transform_batch_seconds", of);
                            tr {
                                th scope="row" { (lane) }
                                td .n { (number(*partitions)) }
                                td .n { (number(now.sum("kiln_transform_messages_total", of))) }
                                td .n { (number(rate(now, before, "kiln_transform_messages_total", of))) }
                                td .n { (time(Some(now.max("kiln_transform_lag_seconds", of)))) }
                                td .n { (number(now.sum("kiln_transform_lag_messages", of))) }
                                td .n { (time(batches(now).since(&batches(before)).quantile(0.99))) }
                                td .n { (number(now.sum("kiln_transform_faults_total", of))) }
                                // Counted over all lanes.
                                td .n { (number(now.sum("kiln_transform_duplicates_total", None))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The largest counts.
fn counts(title: &str, counts: &BTreeMap<String, f64>) -> Markup {
    let mut counts: Vec<(&String, &f64)> = counts.iter().collect();
    counts.sort_by(|a, b| b.1.total_cmp(a.1));
    let others: f64 = counts.iter().skip(MAX_ROWS).map(|(_, count)| **count).sum();
    html! {
        section .finding {
            h3 { (title) }
            @if counts.is_empty() { p { "None." } }
            table {
                tbody {
                    @for (name, count) in counts.iter().take(MAX_ROWS) {
                        tr { th scope="row" { (name) } td .n { (number(**count)) } }
                    }
                    @if others > 0.0 { tr { th scope="row" { "others" } td .n { (number(others)) } } }
                }
            }
        }
    }
}

/// Whole where it is, else to one place; thousands apart.
fn number(value: f64) -> String {
    // A sum of nothing is -0.
    let value = value + 0.0;
    let text = if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    let (whole, rest) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

/// A time in the unit that suits it.
fn time(seconds: Option<f64>) -> String {
    match seconds {
        None => "–".to_owned(),
        Some(seconds) if seconds <= 0.0 => "0 s".to_owned(),
        Some(seconds) if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        Some(seconds) if seconds < 120.0 => format!("{seconds:.1} s"),
        Some(seconds) => format!("{:.0} min", seconds / 60.0),
    }
}

/// How long ago that many seconds after 1970 was.
fn ago(now: Timestamp, then: f64) -> String {
    if then == 0.0 {
        return "never".to_owned();
    }
    let seconds = now.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64() - then;
    format!("{} ago", time(Some(seconds.max(0.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_for_people() {
        let numbers = [-0.0, 7.25, 99.96, 1234.4, 1_234_567.0].map(number);
        assert_eq!(
            numbers,
            [
                "0",
                "7.2",
                "100.0",
                "1\u{202f}234",
                "1\u{202f}234\u{202f}567"
            ]
        );
        let times = [None, Some(0.0), Some(0.0012), Some(1.5), Some(600.0)].map(time);
        assert_eq!(times, ["–", "0 s", "1.2 ms", "1.5 s", "10 min"]);
    }
}
