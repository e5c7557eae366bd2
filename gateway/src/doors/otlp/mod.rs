//! OpenTelemetry logs: OTLP/HTTP, `POST /v1/logs`.

mod answer;
mod json;
pub(crate) mod logs;
mod protobuf;
mod record;
