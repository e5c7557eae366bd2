//! The gateway's series of metrics, which begin at zero.

use common::metrics::{ACCEPTED, ENTRIES, HTTP_REQUESTS, HTTP_SECONDS, REFUSED, begin_at_zero};
use common::record::Kind;

use crate::extractors::{log_batch, one_text};
use crate::problem::ProblemCode;
use crate::publish;

/// The ways in which records of a kind come in.
const SOURCES: [(Kind, &[&str]); 3] = [
    (Kind::AccessLog, &[log_batch::SOURCE]),
    (Kind::Event, &["site_event", "interaction"]),
    (Kind::Text, &one_text::SOURCES),
];

/// Begins all series whose labels are known beforehand.
pub(crate) fn begin() {
    let codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    begin_at_zero(&REFUSED, &[&codes]);
    begin_at_zero(&ENTRIES, &[&["accepted", "rejected"]]);
    publish::begin_counters();
    for (kind, sources) in SOURCES {
        begin_at_zero(&ACCEPTED, &[&[kind.as_str()], sources]);
    }
}

/// Begins the series of a route with its usual answer.
pub(crate) fn begin_route(path: &str, method: &str, status: &str) {
    begin_at_zero(&HTTP_REQUESTS, &[&[path], &[method], &[status]]);
    drop(HTTP_SECONDS.with_label_values(&[path]));
}
