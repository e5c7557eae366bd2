//! The gateway's series of metrics, which begin at zero.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use common::metrics::{
    ACCEPTED, ENTRIES, HTTP_REQUESTS, HTTP_SECONDS, Histogram, IntCounter, LEFT_OUT, REFUSED,
    begin_at_zero,
};
use common::record::Kind;

use crate::doors::{analytics, sources};
use crate::extractors::{log_batch, one_text, site_event};
use crate::problem::ProblemCode;
use crate::publish;

/// The route of requests for paths that no route has.
pub(crate) const UNMATCHED: &str = "unmatched";

/// The ways in which records of a kind come in.
const SOURCES: [(Kind, &[&str]); 6] = [
    (Kind::AccessLog, &sources::LOG_CLIENTS),
    (Kind::Text, &sources::LOG_CLIENTS),
    (Kind::AccessLog, &[log_batch::SOURCE]),
    (Kind::Event, &[site_event::SOURCE, "interaction"]),
    (Kind::Event, &analytics::SOURCES),
    (Kind::Text, &one_text::SOURCES),
];

/// Begins all series whose labels are known beforehand.
pub(crate) fn begin() {
    let codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    begin_at_zero(&REFUSED, &[&codes]);
    begin_at_zero(&ENTRIES, &[&["accepted", "rejected"]]);
    begin_at_zero(&LEFT_OUT, &[&analytics::SOURCES, &["ignored", "rejected"]]);
    publish::begin_counters();
    count_nothing("/", &Method::GET, StatusCode::FOUND);
    count_nothing(UNMATCHED, &Method::GET, StatusCode::NOT_FOUND);
    HTTP_SECONDS.with_label_values(&[UNMATCHED]);
    for (kind, sources) in SOURCES {
        begin_at_zero(&ACCEPTED, &[&[kind.as_str()], sources]);
    }
}

/// Begins a series of requests.
fn count_nothing(route: &str, method: &Method, status: StatusCode) {
    HTTP_REQUESTS.with_label_values(&[route, method.as_str(), status.as_str()]).inc_by(0);
}

/// The series of a route. Those of its usual answer are at hand, without a look among all series.
#[derive(Clone)]
pub(crate) struct RouteSeries {
    route: &'static str,
    usual: (Method, StatusCode),
    requests: IntCounter,
    seconds: Histogram,
}

impl RouteSeries {
    /// Begins the series of a route: its usual answer, and those that a client or an outage causes.
    pub(crate) fn begin(route: &'static str, method: Method, status: StatusCode) -> Self {
        for failed in [StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE] {
            count_nothing(route, &method, failed);
        }
        let labels = [route, method.as_str(), status.as_str()];
        Self {
            route,
            requests: HTTP_REQUESTS.with_label_values(&labels),
            seconds: HTTP_SECONDS.with_label_values(&[route]),
            usual: (method, status),
        }
    }

    /// The pattern of the path, as the route table has it.
    pub(crate) fn route(&self) -> &'static str {
        self.route
    }

    /// Counts an answer.
    pub(crate) fn count(&self, method: &Method, status: StatusCode, took: Duration) {
        if (method, status) == (&self.usual.0, self.usual.1) {
            self.requests.inc();
        } else {
            count_request(self.route, method, status);
        }
        self.seconds.observe(took.as_secs_f64());
    }
}

/// Counts an answer that was given before the route.
pub(crate) fn count(route: &str, method: &Method, status: StatusCode, took: Duration) {
    count_request(route, method, status);
    HTTP_SECONDS.with_label_values(&[route]).observe(took.as_secs_f64());
}

fn count_request(route: &str, method: &Method, status: StatusCode) {
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    HTTP_REQUESTS.with_label_values(&[route, method, status.as_str()]).inc();
}
