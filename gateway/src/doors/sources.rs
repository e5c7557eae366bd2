//! The names of the protocols, as the `source` of records and in metrics.

/// Elasticsearch's bulk API.
pub(crate) const ELASTICSEARCH: &str = "elasticsearch";
/// systemd-journal-upload.
pub(crate) const JOURNAL: &str = "journal";
/// Loki's push.
pub(crate) const LOKI: &str = "loki";
/// OTLP/HTTP.
pub(crate) const OTLP: &str = "otlp";
/// `POST /records`.
pub(crate) const RECORDS: &str = "records";
/// Splunk's HTTP Event Collector.
pub(crate) const SPLUNK: &str = "splunk";

/// All protocols of log clients.
pub(crate) const LOG_CLIENTS: [&str; 6] = [ELASTICSEARCH, JOURNAL, LOKI, OTLP, RECORDS, SPLUNK];
