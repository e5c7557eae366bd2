//! Splunk's HTTP Event Collector: `/services/collector`.

mod answer;
pub(crate) mod collector;
mod events;
