//! All metrics. The doc comment of each is its help text. No label names a tenant.

use std::sync::LazyLock;

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    TextEncoder,
};
pub use prometheus::{Histogram, IntCounter};

use crate::event::Exclusion;
use crate::process;

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident: $type:ident = $metric:literal $rest:tt;)*) => {
        $($(#[doc = $help])+
        pub static $name: LazyLock<$type> = LazyLock::new(|| {
            register(make!($type, $metric, concat!($($help),+).trim(), $rest))
        });)*

        fn touch_all() {
            $(LazyLock::force(&$name);)*
        }
    };
}

macro_rules! make {
    ($type:ident, $metric:literal, $help:expr, []) => {
        $type::with_opts(Opts::new($metric, $help).into())
    };
    ($type:ident, $metric:literal, $help:expr, [$($label:literal),+]) => {
        $type::new(Opts::new($metric, $help), &[$($label),+])
    };
    ($type:ident, $metric:literal, $help:expr, {buckets: $buckets:expr, labels: [$($label:literal),+]}) => {
        $type::new(HistogramOpts::new($metric, $help).buckets($buckets), &[$($label),+])
    };
    ($type:ident, $metric:literal, $help:expr, {buckets: $buckets:expr}) => {
        $type::with_opts(HistogramOpts::new($metric, $help).buckets($buckets))
    };
}

metrics! {
    /// HTTP requests answered, by route, method and status.
    HTTP_REQUESTS: IntCounterVec = "spillway_http_requests_total" ["route", "method", "status"];
    /// Time to answer an HTTP request, in seconds.
    HTTP_SECONDS: HistogramVec = "spillway_http_request_seconds"
        {buckets: seconds(), labels: ["route"]};
    /// Log lines about requests that were dropped, because they could not be written fast enough.
    LOG_LINES_DROPPED: IntCounter = "spillway_log_lines_dropped_total" [];
    /// The version that runs; always 1.
    BUILD_INFO: IntGaugeVec = "spillway_build_info" ["version"];
    /// HTTP requests refused, by code of the problem.
    REFUSED: IntCounterVec = "spillway_requests_refused_total" ["code"];
    /// Records answered 202, by kind and source.
    ACCEPTED: IntCounterVec = "spillway_records_accepted_total" ["kind", "source"];
    /// Events answered 202 but counted only as excluded, by reason.
    EXCLUDED: IntCounterVec = "spillway_events_excluded_total" ["reason"];
    /// Records of other protocols' clients that are not events, by source and by whether they were
    /// ignored or not valid.
    LEFT_OUT: IntCounterVec = "spillway_records_left_out_total" ["source", "reason"];
    /// Access-log entries received, by whether they were accepted or rejected.
    ENTRIES: IntCounterVec = "spillway_log_entries_total" ["outcome"];
    /// Events from browsers without a visitor, because the store returned no salt for the day.
    UNKNOWN_VISITORS: IntCounter = "spillway_unknown_visitors_total" [];
    /// Events accepted without the settings of their site, because the store did not return them.
    UNKNOWN_SETTINGS: IntCounter = "spillway_unknown_settings_total" [];
    /// Messages handed to the broker, by outcome.
    PUBLISHED: IntCounterVec = "spillway_messages_published_total" ["outcome"];
    /// Pushes refused without being read, by reason.
    PUSHES_REFUSED: IntCounterVec = "spillway_pushes_refused_total" ["reason"];
    /// Attempts to fetch the keys that check push tokens, by outcome.
    KEY_FETCHES: IntCounterVec = "spillway_key_fetches_total" ["outcome"];
    /// Messages delivered to the worker, by kind and outcome.
    DELIVERED: IntCounterVec = "spillway_messages_delivered_total" ["kind", "outcome"];
    /// Messages whose deliveries failed too often, by final outcome.
    DEAD_LETTERS: IntCounterVec = "spillway_dead_letters_total" ["outcome"];
    /// Messages quarantined, by reason.
    QUARANTINED: IntCounterVec = "spillway_messages_quarantined_total" ["reason"];
    /// Pieces of personal data replaced in stored texts.
    REDACTIONS: IntCounter = "spillway_redactions_total" [];
    /// Texts being processed.
    TEXTS_IN_WORK: IntGauge = "spillway_texts_in_work" [];
    /// Commits sent to the store, by outcome.
    COMMITS: IntCounterVec = "spillway_commits_total" ["outcome"];
    /// Units of work in a commit.
    COMMIT_UNITS: Histogram = "spillway_commit_units"
        {buckets: vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]};
    /// Messages in the embedded queue that are not acknowledged.
    QUEUE_BACKLOG: IntGauge = "spillway_queue_backlog" [];
    /// Messages written to the raw archive.
    ARCHIVED: IntCounter = "spillway_archived_messages_total" [];
    /// Files started in the raw archive.
    ARCHIVE_FILES: IntCounter = "spillway_archive_files_total" [];
    /// Failed attempts to write to the raw archive.
    ARCHIVE_FAILURES: IntCounter = "spillway_archive_failures_total" [];
    /// Tenants whose messages wait because their folder of the raw archive cannot be written.
    ARCHIVE_BLOCKED: IntGauge = "spillway_archive_blocked_tenants" [];
    /// Aggregations of the raw archive, by outcome.
    AGGREGATIONS: IntCounterVec = "spillway_aggregations_total" ["outcome"];
    /// Corrupt lines and files found by aggregations, by reason.
    CORRUPT_INPUTS: IntCounterVec = "spillway_corrupt_inputs_total" ["reason"];
}

/// Makes a series for each combination of the labels' values, at 0 until it is counted. If a series
/// began with its first increment, Prometheus' `rate()` would not see that increment.
pub fn begin_at_zero(metric: &IntCounterVec, values: &[&[&str]]) {
    let mut combinations: Vec<Vec<&str>> = vec![Vec::new()];
    for values in values {
        let mut longer = Vec::new();
        for begun in &combinations {
            longer.extend(values.iter().map(|value| [&begun[..], &[*value]].concat()));
        }
        combinations = longer;
    }
    combinations.iter().for_each(|labels| drop(metric.with_label_values(labels)));
}

/// The values of all metrics in Prometheus' text format.
pub fn render() -> Result<String, prometheus::Error> {
    touch_all();
    for reason in Exclusion::ALL {
        EXCLUDED.with_label_values(&[reason.as_str()]);
    }
    BUILD_INFO.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    let mut text = Vec::new();
    TextEncoder::new().encode(&prometheus::gather(), &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned() + &process::metrics())
}

fn seconds() -> Vec<f64> {
    vec![0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
}

/// Names and labels are constants in this file, so only a mistake in it can fail here, and the test
/// below finds it.
#[expect(clippy::expect_used, reason = "constants, covered by a test")]
fn register<M: prometheus::core::Collector + Clone + 'static>(made: prometheus::Result<M>) -> M {
    let metric = made.expect("a metric's name and labels are valid");
    prometheus::register(Box::new(metric.clone())).expect("a metric's name is its own");
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_its_own_name() {
        DELIVERED.with_label_values(&["text", "stored"]).inc();
        let text = render().expect("metrics");
        assert!(
            text.contains("spillway_messages_delivered_total{kind=\"text\",outcome=\"stored\"}")
        );
        assert!(text.contains("# HELP spillway_texts_in_work Texts being processed."));
        assert!(text.contains("spillway_events_excluded_total{reason=\"unseen\"} 0"));
        let version = concat!("spillway_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1");
        assert!(text.contains(version), "{text}");
    }

    #[test]
    fn every_combination_of_labels_begins_at_zero() {
        begin_at_zero(&COMMITS, &[&["begun", "begun-too"]]);
        begin_at_zero(&HTTP_REQUESTS, &[&["/begun"], &["GET", "POST"], &["200", "400"]]);
        let text = render().expect("metrics");
        let zeros = text.lines().filter(|line| line.contains("begun") && line.ends_with(" 0"));
        assert_eq!(zeros.count(), 2 + 4, "{text}");
    }
}
