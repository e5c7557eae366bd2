//! Made-up requests with all details that a log may have.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

/// A request as a client sent it, and what the log says about its answer.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) at: DateTime<Utc>,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) status: u16,
    pub(super) bytes: Option<u64>,
    pub(super) milliseconds: u32,
    pub(super) referer: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) host: &'static str,
}

impl Hit {
    pub(super) fn target(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}"));
        format!("{}{}", self.path, query.unwrap_or_default())
    }

    pub(super) fn request(&self) -> String {
        format!("{} {} HTTP/1.1", self.method, self.target())
    }

    pub(super) fn clock(&self) -> String {
        self.at.format("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    pub(super) fn rfc3339(&self) -> String {
        self.at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    }

    pub(super) fn seconds(&self) -> String {
        format!("{}.{:03}", self.milliseconds / 1_000, self.milliseconds % 1_000)
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        u64::from(self.milliseconds) * 1_000_000
    }

    /// The bytes as a string, as some objects have them.
    pub(super) fn byte_digits(&self) -> Option<String> {
        self.bytes.map(|bytes| bytes.to_string())
    }

    pub(super) fn bytes(&self) -> String {
        or_hyphen(self.bytes)
    }

    pub(super) fn query(&self) -> String {
        or_hyphen(self.query.as_ref())
    }

    pub(super) fn referer(&self) -> String {
        or_hyphen(self.referer.as_ref())
    }

    pub(super) fn agent(&self) -> String {
        or_hyphen(self.agent.as_ref())
    }
}

fn or_hyphen(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Any request.
pub(super) fn hit() -> impl Strategy<Value = Hit> {
    let place = (0_i64..86_400, proptest::sample::select(vec!["GET", "POST", "HEAD"]));
    let host = proptest::sample::select(vec!["www.example.com", "shop.example.org"]);
    (answer(), texts(), place, host).prop_map(|(answer, texts, (second, method), host)| {
        let (status, bytes, milliseconds) = answer;
        let (path, query, referer, agent) = texts;
        let at = "2025-05-01T00:00:00Z".parse::<DateTime<Utc>>().expect("a time");
        let at = at + TimeDelta::seconds(second);
        Hit { at, method, path, query, status, bytes, milliseconds, referer, agent, host }
    })
}

/// A status, a number of bytes and a number of milliseconds.
fn answer() -> impl Strategy<Value = (u16, Option<u64>, u32)> {
    (100_u16..600, proptest::option::of(0_u64..1 << 40), 0_u32..100_000)
}

/// A path, a query, a referer and a user agent.
fn texts() -> impl Strategy<Value = (String, Option<String>, Option<String>, Option<String>)> {
    (
        "/[a-z]{1,8}(/[a-z]{1,8})?",
        proptest::option::of("[a-z]{1,5}=[a-z0-9]{1,5}(&[a-z]{1,3}=[0-9]{1,3})?"),
        proptest::option::of("https://[a-z]{1,8}\\.example/[a-z]{0,5}"),
        proptest::option::of("(curl/8\\.4\\.[0-9]|Mozilla/5\\.0 \\(X11\\) Firefox/12[0-9]\\.0)"),
    )
}
