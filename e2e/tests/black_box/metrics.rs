//! Metrics: every series is there before anything is counted, and they are compressed.

use std::collections::BTreeSet;
use std::io::Read as _;

use e2e::deployment::{Deployment, Settings};
use flate2::read::GzDecoder;
use regex::Regex;
use reqwest::Client;
use serde_json::Value;

e2e::in_both_modes!(
    as_they_are;
    every_metric_is_there_before_anything_is_counted,
);

/// The file with the names of all metrics.
const METRICS: &str = include_str!("../../../common/src/metrics.rs");
const OPENAPI: &str = include_str!("../../../docs/openapi.json");
/// The metrics that one mode alone has.
const CLOUD_ONLY: [&str; 2] = ["spillway_key_fetches_total", "spillway_pushes_refused_total"];
const EMBEDDED_ONLY: [&str; 2] = ["spillway_aggregations_total", "spillway_corrupt_inputs_total"];

/// The values of a label of a counter that are known beforehand.
type Label = (&'static str, &'static str, &'static [&'static str]);
const OUTCOMES: [&str; 10] = [
    "bad-message",
    "conflict",
    "dead-letter",
    "duplicate",
    "expired",
    "failed",
    "invalid",
    "released",
    "stored",
    "too-old",
];
const PUSHES: [&str; 14] = [
    "bad-signature",
    "email-not-verified",
    "expired",
    "malformed",
    "no-email",
    "no-keys",
    "no-token",
    "not-checked",
    "not-yet-valid",
    "other-account",
    "two-tokens",
    "unknown-key",
    "wrong-audience",
    "wrong-issuer",
];
const INPUTS: [&str; 5] = ["avro-file", "avro-record", "file", "line", "torn-line"];
const LABELS: [Label; 15] = [
    (
        "spillway_http_requests_total",
        "route",
        &["/event", "/stats", "/tenants", "/ready", "/", "unmatched"],
    ),
    (
        "spillway_records_accepted_total",
        "source",
        &[
            "elasticsearch",
            "interaction",
            "journal",
            "json_upload",
            "log_batch",
            "loki",
            "otlp",
            "records",
            "site_event",
            "splunk",
            "text_upload",
            "plausible",
            "umami",
            "segment",
            "posthog",
            "matomo",
            "snowplow",
            "goatcounter",
            "cloudevents",
        ],
    ),
    (
        "spillway_events_excluded_total",
        "reason",
        &["bot", "file", "frame", "localhost", "prefetch", "unseen", "webdriver"],
    ),
    ("spillway_records_left_out_total", "reason", &["ignored", "rejected"]),
    ("spillway_log_entries_total", "outcome", &["accepted", "rejected"]),
    (
        "spillway_messages_published_total",
        "outcome",
        &["published", "unavailable", "full", "refused", "timed-out"],
    ),
    ("spillway_messages_delivered_total", "kind", &["access_log", "event", "text", "unknown"]),
    ("spillway_messages_delivered_total", "outcome", &OUTCOMES),
    ("spillway_dead_letters_total", "outcome", &OUTCOMES),
    (
        "spillway_messages_quarantined_total",
        "reason",
        &["conflict", "bad-message", "invalid", "dead-letter", "too-old"],
    ),
    (
        "spillway_commits_total",
        "outcome",
        &["already-exists", "committed", "deployment-fault", "invalid", "passing-fault"],
    ),
    ("spillway_key_fetches_total", "outcome", &["fetched", "failed"]),
    ("spillway_pushes_refused_total", "reason", &PUSHES),
    ("spillway_aggregations_total", "outcome", &["written", "unchanged", "failed"]),
    ("spillway_corrupt_inputs_total", "reason", &INPUTS),
];
/// What is known of the process itself.
const PROCESS: [&str; 7] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
];

fn as_they_are() -> Settings {
    Settings::new()
}

async fn every_metric_is_there_before_anything_is_counted(deployment: Deployment) {
    let gateway = plain(&deployment.url()).await;
    let text = match deployment {
        Deployment::Embedded(_) => gateway,
        Deployment::Cloud(_) => gateway + plain(&deployment.worker_url()).await.as_str(),
    };
    let elsewhere: BTreeSet<&str> = match deployment {
        Deployment::Embedded(_) => CLOUD_ONLY.into(),
        Deployment::Cloud(_) => EMBEDDED_ONLY.into(),
    };
    let names = Regex::new(r#""(spillway_[a-z_]+)""#).expect("a pattern");
    let names = names.captures_iter(METRICS).map(|it| it.get(1).expect("a name").as_str());
    let is_there = |name: &str| text.lines().any(|line| line.starts_with(name));
    let missing: BTreeSet<&str> = names.filter(|name| !is_there(name)).collect();
    assert_eq!(missing, elsewhere, "{text}");
    assert!(PROCESS.into_iter().all(is_there), "{text}");
    assert_zeros(&text, &elsewhere);
    assert_compressed(&deployment.url()).await;
}

/// Each series is there and at 0, unless the other mode has the metric.
fn assert_zeros(text: &str, elsewhere: &BTreeSet<&str>) {
    for (name, label, values) in LABELS.iter().filter(|(name, ..)| !elsewhere.contains(name)) {
        for value in *values {
            let label = format!("{label}=\"{value}\"");
            let is_it =
                |line: &&str| line.starts_with(&format!("{name}{{")) && line.contains(&label);
            let mut series = text.lines().filter(is_it).peekable();
            assert!(series.peek().is_some(), "{name} has no {label}: {text}");
            assert!(series.all(|line| line.ends_with(" 0")), "{name} with {label}: {text}");
        }
    }
    let version = concat!("spillway_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1");
    assert!(text.contains(version), "{text}");
    assert_eq!(text.matches("spillway_requests_refused_total{").count(), codes(), "{text}");
}

/// How many codes the API's description has.
fn codes() -> usize {
    let document: Value = serde_json::from_str(OPENAPI).expect("JSON");
    document["components"]["schemas"]["Code"]["enum"].as_array().expect("codes").len()
}

async fn assert_compressed(url: &str) {
    let request = plain_client().get(format!("{url}/metrics"));
    let packed = request.header("accept-encoding", "gzip").send().await.expect("an answer");
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    let packed = packed.bytes().await.expect("a body");
    GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("gzip");
    assert!(text.contains("spillway_build_info{version=") && packed.len() < text.len() / 3);
}

/// The metrics of a client that takes no compression.
async fn plain(url: &str) -> String {
    let answer = plain_client().get(format!("{url}/metrics")).send().await.expect("an answer");
    assert!(!answer.headers().contains_key("content-encoding"));
    answer.text().await.expect("a body")
}

fn plain_client() -> Client {
    Client::builder().no_gzip().build().expect("a client")
}
