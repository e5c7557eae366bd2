//! Loki's push: `POST /loki/api/v1/push`.

mod json;
mod line;
mod protobuf;
pub(crate) mod push;
