//! A line over the last minutes, small enough to stand beside its number.

use maud::{Markup, html};

use super::history::POINTS;

const WIDTH: usize = POINTS;
const HEIGHT: f64 = 32.0;
/// Between the line and the edge.
const MARGIN: f64 = 2.0;

/// The line; its numbers stand beside it, so that it has no words of its own.
pub(super) fn line(values: impl ExactSizeIterator<Item = f64> + Clone) -> Markup {
    let highest = values.clone().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let from = WIDTH.saturating_sub(values.len());
    let points: Vec<String> = (from..)
        .zip(values)
        .map(|(x, value)| {
            let y = HEIGHT - MARGIN - value / highest * (HEIGHT - 2.0 * MARGIN);
            format!("{x},{y:.1}")
        })
        .collect();
    html! {
        svg .chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
            polyline points=(points.join(" ")) {}
        }
    }
}
