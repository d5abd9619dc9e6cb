//! The metrics of the process at one moment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prometheus::Registry;
use prometheus::proto::{LabelPair, Metric, MetricFamily};

/// The metrics of the process at one moment.
pub(super) struct Reading {
    pub(super) at: Timestamp,
    families: Vec<MetricFamily>,
}

/// Counts of a histogram by the upper bounds of its buckets, each with those below.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Buckets(Vec<(f64, f64)>);

impl Reading {
    pub(super) fn of(registry: &Registry) -> Reading {
        Reading {
            at: Timestamp::now(),
            families: registry.gather(),
        }
    }

    /// The series of a metric with that label, all without one.
    fn series(&self, name: &str, of: Option<(&str, &str)>) -> impl Iterator<Item = &Metric> {
        let family = self.families.iter().find(|family| family.name() == name);
        let series = family.into_iter().flat_map(MetricFamily::get_metric);
        series
            .filter(move |metric| of.is_none_or(|(name, value)| label(metric, name) == Some(value)))
    }

    /// A counter, gauge, or count of a histogram, over all series with that label.
    pub(super) fn sum(&self, name: &str, of: Option<(&str, &str)>) -> f64 {
        self.series(name, of).map(value).sum()
    }

    /// The highest of a gauge.
    pub(super) fn max(&self, name: &str, of: Option<(&str, &str)>) -> f64 {
        self.series(name, of).map(value).fold(0.0, f64::max)
    }

    /// By the values of a label.
    pub(super) fn by(&self, name: &str, by: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for metric in self.series(name, None) {
            let key = label(metric, by).unwrap_or_default().to_owned();
            *sums.entry(key).or_default() += value(metric);
        }
        sums
    }

    pub(super) fn buckets(&self, name: &str, of: Option<(&str, &str)>) -> Buckets {
        let mut buckets = Buckets::default();
        for metric in self.series(name, of) {
            let histogram = metric.get_histogram();
            let finite = histogram.get_bucket().iter().map(|bucket| {
                #[allow(clippy::cast_precision_loss)] // of counts
                let count = bucket.cumulative_count() as f64;
                (bucket.upper_bound(), count)
            });
            let all = (f64::INFINITY, value(metric));
            for (at, (bound, count)) in finite.chain([all]).enumerate() {
                match buckets.0.get_mut(at) {
                    Some((_, sum)) => *sum += count,
                    None => buckets.0.push((bound, count)),
                }
            }
        }
        buckets
    }
}

fn label<'m>(metric: &'m Metric, name: &str) -> Option<&'m str> {
    let mut labels = metric.get_label().iter();
    labels
        .find(|label| label.name() == name)
        .map(LabelPair::value)
}

fn value(metric: &Metric) -> f64 {
    #[allow(clippy::cast_precision_loss)] // of counts
    let observed = metric.get_histogram().get_sample_count() as f64;
    metric.get_counter().get_value() + metric.get_gauge().get_value() + observed
}

impl Buckets {
    /// What came since.
    pub(super) fn since(&self, before: &Buckets) -> Buckets {
        let of = |at: usize| before.0.get(at).map_or(0.0, |(_, count)| *count);
        let buckets = self.0.iter().enumerate();
        Buckets(
            buckets
                .map(|(at, (bound, count))| (*bound, count - of(at)))
                .collect(),
        )
    }

    /// The value that this share is below, taken evenly between the bounds of its bucket; none without values.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let (_, all) = self.0.last().filter(|(_, all)| *all > 0.0)?;
        let rank = share * all;
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, count) in &self.0 {
            if *count >= rank && *count > below {
                // Beyond the last bound nothing is known but that.
                let upper = if bound.is_finite() { *bound } else { lower };
                return Some(lower + (upper - lower) * (rank - below) / (count - below));
            }
            (lower, below) = (*bound, *count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn quantiles_are_taken_between_the_bounds_of_their_bucket() {
        let buckets = Buckets(vec![
            (1.0, 10.0),
            (2.0, 20.0),
            (4.0, 20.0),
            (f64::INFINITY, 20.0),
        ]);
        assert_eq!(buckets.quantile(0.5), Some(1.0));
        assert_eq!(buckets.quantile(0.75), Some(1.5));
        assert_eq!(buckets.quantile(1.0), Some(2.0));
        assert_eq!(buckets.since(&buckets).quantile(0.5), None);
        let beyond = Buckets(vec![(1.0, 0.0), (f64::INFINITY, 4.0)]);
        assert_eq!(beyond.quantile(0.5), Some(1.0));
        assert_eq!(Buckets::default().quantile(0.5), None);
    }

    #[test]
    fn a_reading_sums_over_series_and_splits_them_by_label() {
        let registry = Registry::new();
        let opts = prometheus::Opts::new("refused", "Refused.");
        let refused = prometheus::IntCounterVec::new(opts, &["listener", "reason"]).unwrap();
        registry.register(Box::new(refused.clone())).unwrap();
        refused.with_label_values(&["lab", "too-long"]).inc_by(2);
        refused.with_label_values(&["ward", "too-long"]).inc_by(3);
        refused.with_label_values(&["ward", "unreadable"]).inc();
        let reading = Reading::of(&registry);
        assert!((reading.sum("refused", None) - 6.0).abs() < f64::EPSILON);
        assert!((reading.sum("refused", Some(("listener", "ward"))) - 4.0).abs() < f64::EPSILON);
        let by = reading.by("refused", "reason");
        assert_eq!(
            by.into_iter().collect::<Vec<_>>(),
            [("too-long".into(), 5.0), ("unreadable".into(), 1.0)]
        );
    }
}
