//! The records of the load: each follows from its number, and so do its counts.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::api::Api;

pub(super) const TENANTS: [&str; 4] = ["north", "east", "south", "west"];
/// The days of events; access logs are of the first one.
pub(super) const DAYS: [&str; 3] = ["2025-05-01", "2025-05-02", "2025-05-03"];
const TYPES: [&str; 3] = ["view", "view", "click"];
const STATUSES: [u16; 4] = [200, 200, 404, 503];
/// Sizes of texts: most have one part, some have three.
const LINES: [usize; 2] = [1, 900];

/// Record number `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record(pub(super) usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    Text,
    Batch,
}

impl Record {
    pub(super) fn kind(self) -> Kind {
        match self.0 % 8 {
            0..=4 => Kind::Event,
            5 | 6 => Kind::Text,
            _ => Kind::Batch,
        }
    }

    pub(super) fn tenant(self) -> &'static str {
        TENANTS[self.turn() % TENANTS.len()]
    }

    pub(super) fn id(self) -> String {
        format!("{:?}-{:07}", self.kind(), self.0).to_lowercase()
    }

    /// Its number among those of its kind, or nearly.
    fn turn(self) -> usize {
        self.0 / 8
    }

    /// Whether the client sends it once more after it was accepted, as if the answer was lost.
    pub(super) fn is_sent_twice(self) -> bool {
        self.0.is_multiple_of(10)
    }

    /// Whether another text is sent under its id: one of the two is a conflict, for the quarantine.
    pub(super) fn has_rival(self) -> bool {
        self.0 % 8 == 5 && self.turn() % 16 == 7
    }

    pub(super) fn request(self, api: &Api, is_rival: bool) -> RequestBuilder {
        let (tenant, id) = (self.tenant(), self.id());
        let post = |path| api.request(Method::POST, path);
        match self.kind() {
            Kind::Event => post("/event").json(&self.event()),
            Kind::Text => {
                let text = self.text(is_rival);
                post("/ingest").json(&json!({"tenant_id": tenant, "log_id": id, "text": text}))
            }
            Kind::Batch => {
                let named = post("/logs").header("x-tenant-id", tenant);
                named.header("idempotency-key", id).json(&self.entries())
            }
        }
    }

    fn text(self, is_rival: bool) -> String {
        let lines = LINES[usize::from(self.turn() % 16 == 3)];
        let line = if is_rival { "another call" } else { "call 555-0199" };
        format!("{:07} {line}\n", self.0).repeat(lines)
    }

    fn event(self) -> Value {
        let hour = self.turn() % 24;
        json!({"site_id": self.tenant(), "event_id": self.id(), "event_type": self.event_type(),
            "path": self.path(), "user_id": self.user(),
            "timestamp": format!("{}T{hour:02}:10:00Z", self.day())})
    }

    fn event_type(self) -> &'static str {
        TYPES[self.0 % TYPES.len()]
    }

    fn day(self) -> &'static str {
        DAYS[self.turn() % DAYS.len()]
    }

    fn path(self) -> String {
        format!("/page-{}", self.0 % 47)
    }

    pub(super) fn user(self) -> String {
        format!("user-{}", self.0 % 101)
    }

    /// The days whose visitors have this event's user; the empty one is all time.
    pub(super) fn days(self) -> [&'static str; 2] {
        ["", self.day()]
    }

    fn entries(self) -> Vec<Value> {
        let entry = |n| {
            let (hour, path, status) = self.entry(n);
            json!({"receivedAt": format!("{}T{hour:02}:{:02}:00Z", DAYS[0], n % 3), "method": "GET",
                "path": path, "userAgent": "curl/8.5.0", "status": status, "bytes": n})
        };
        (0..self.size()).map(entry).collect()
    }

    fn size(self) -> usize {
        1 + self.turn() % 12
    }

    fn entry(self, n: usize) -> (usize, String, u16) {
        let at = self.turn() + n;
        (at % 6, format!("/asset-{}", at % 23), STATUSES[at % STATUSES.len()])
    }

    /// What it adds to the counts, by the name of the row.
    pub(super) fn counts(self) -> Vec<(String, i64)> {
        match self.kind() {
            Kind::Event => self.days().into_iter().flat_map(|day| self.counts_of(day)).collect(),
            Kind::Text => Vec::new(),
            Kind::Batch => (0..self.size()).flat_map(|n| self.counts_of_entry(n)).collect(),
        }
    }

    fn counts_of(self, day: &str) -> Vec<(String, i64)> {
        let event_type = self.event_type();
        let mut rows = vec![(format!("type {day} {event_type}"), 1)];
        if event_type == "view" {
            rows.extend([(format!("views {day}"), 1), (format!("path {day} {}", self.path()), 1)]);
        }
        rows
    }

    fn counts_of_entry(self, n: usize) -> Vec<(String, i64)> {
        let (hour, path, status) = self.entry(n);
        let row = |name: &str| format!("logs {}T{hour:02}:00:00Z {name}", DAYS[0]);
        let class = format!("{}xx", status / 100);
        let path = format!("GET {path}");
        let bytes = (row("bytes"), n as i64);
        [row("requests"), row(&class), row(&path), row("curl")]
            .map(|row| (row, 1))
            .into_iter()
            .chain([bytes])
            .collect()
    }
}
