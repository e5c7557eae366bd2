//! Texts, events and access logs of several tenants, and which of them were accepted.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use e2e::api::{Answer, Api, answer, eventually};
use futures::future::join_all;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

const TENANTS: [&str; 3] = ["red", "green", "blue"];
/// The entries of a batch of access logs.
const ENTRIES: usize = 100;
/// How many records are sent at a time: each kind twice for each tenant.
pub(crate) const ROUND: usize = 18;

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Event,
    AccessLogs,
}

const KINDS: [Kind; 3] = [Kind::Text, Kind::Event, Kind::AccessLogs];

/// The records that were sent.
#[derive(Default)]
pub(crate) struct Flood {
    sent: usize,
    accepted: BTreeSet<usize>,
    bytes: usize,
}

impl Flood {
    /// Sends records until a whole round of them is refused.
    pub(crate) async fn until_refused(&mut self, api: &Api) {
        while self.round(api).await < ROUND {}
    }

    /// Sends a round of records, and returns how many were refused.
    ///
    /// # Panics
    /// If one is refused for anything but a full disk.
    pub(crate) async fn round(&mut self, api: &Api) -> usize {
        let round = self.sent..self.sent + ROUND;
        self.sent = round.end;
        let answers = join_all(round.clone().map(|n| answer(request(api, n)))).await;
        let mut refused = 0;
        for (n, answer) in round.zip(answers) {
            if answer.status == StatusCode::ACCEPTED {
                self.accepted.insert(n);
                self.bytes += body(n).len();
            } else {
                assert_refused(n, &answer);
                refused += 1;
            }
        }
        refused
    }

    /// How many records were accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// The bytes of their bodies.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Waits until everything that was accepted is stored. `look` is called meanwhile.
    ///
    /// # Panics
    /// If anything else is stored, or anything is in quarantine.
    pub(crate) async fn stored(&self, api: &Api, look: impl Fn()) {
        for tenant in TENANTS {
            let texts = self.of(tenant, Kind::Text);
            eventually("the texts are stored", async || {
                look();
                (stored_texts(api, tenant).await == texts).then_some(())
            })
            .await;
            let events = self.of(tenant, Kind::Event);
            eventually("the events are stored", async || {
                look();
                (ids(&api.all(tenant, "events").await, "event_id") == events).then_some(())
            })
            .await;
            self.access_logs_are_counted(api, tenant).await;
            assert_eq!(api.all(tenant, "quarantine").await, [] as [Value; 0], "{tenant}");
        }
    }

    async fn access_logs_are_counted(&self, api: &Api, tenant: &str) {
        let batches = self.of(tenant, Kind::AccessLogs);
        let requests = (batches.len() * ENTRIES) as u64;
        let path = format!(
            "/logs/stats?tenant_id={tenant}&from=2025-05-01T10:00:00Z&to=2025-05-01T11:00:00Z"
        );
        eventually("the access logs are counted", async || {
            let windows = api.get(&path).await.body["windows"].as_array().cloned()?;
            let counted: u64 =
                windows.iter().filter_map(|window| window["requests"].as_u64()).sum();
            assert!(counted <= requests, "{counted} requests are counted of {requests}");
            (counted == requests).then_some(())
        })
        .await;
        for batch in batches {
            let stored = api.get(&format!("/tenants/{tenant}/log_batches/{batch}")).await;
            assert_eq!(stored.body["entries"], ENTRIES, "{batch}: {}", stored.body);
        }
    }

    /// The accepted records of this tenant and kind.
    fn of(&self, tenant: &str, kind: Kind) -> BTreeSet<String> {
        let these = self.accepted.iter().filter(|n| home(**n) == tenant && kind_of(**n) == kind);
        these.map(|n| id(*n)).collect()
    }
}

/// The texts whose work is done.
async fn stored_texts(api: &Api, tenant: &str) -> BTreeSet<String> {
    let mut logs = api.all(tenant, "processed_logs").await;
    logs.retain(|log| log.get("processed_at").is_some());
    ids(&logs, "log_id")
}

fn ids(items: &[Value], name: &str) -> BTreeSet<String> {
    let ids = items.iter().map(|item| item[name].as_str().expect("an id").to_owned());
    let set: BTreeSet<_> = ids.collect();
    assert_eq!(set.len(), items.len(), "a record is listed twice");
    set
}

fn id(n: usize) -> String {
    format!("record-{n:06}")
}

fn kind_of(n: usize) -> Kind {
    KINDS[n % KINDS.len()]
}

fn home(n: usize) -> &'static str {
    TENANTS[n / KINDS.len() % TENANTS.len()]
}

fn request(api: &Api, n: usize) -> RequestBuilder {
    let post = |path: &str, kind: &str| {
        let request = api.request(Method::POST, path).header("content-type", kind);
        request.header("x-tenant-id", home(n)).header("idempotency-key", id(n)).body(body(n))
    };
    match kind_of(n) {
        Kind::Text => post("/ingest", "text/plain"),
        Kind::Event => post("/event", "application/json"),
        Kind::AccessLogs => post("/logs", "application/json"),
    }
}

/// A body that no other record has.
fn body(n: usize) -> String {
    match kind_of(n) {
        Kind::Text => (0..600).fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{n:>6}.{line:<4} call 555-0199 or write to ann@example.com");
            text
        }),
        Kind::Event => {
            let payload = json!({"note": "x".repeat(2_000)});
            json!({"event_type": "page_view", "path": format!("/{}", n % 10), "payload": payload})
                .to_string()
        }
        Kind::AccessLogs => {
            let entry = |line: usize| {
                let time = format!("2025-05-01T10:{:02}:{:02}Z", n % 60, line % 60);
                json!({"receivedAt": time, "method": "GET", "path": format!("/{}", line % 10), "userAgent": "curl/8.0"})
            };
            Value::from((0..ENTRIES).map(entry).collect::<Vec<_>>()).to_string()
        }
    }
}

/// The answer says that the disk is full, that a retry makes sense, and which record it would be.
fn assert_refused(n: usize, answer: &Answer) {
    answer.assert_problem(&id(n), 503, "unavailable");
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("the disk is nearly full"), "{detail}");
    assert!(answer.headers.contains_key("retry-after"), "{}", answer.body);
    let name = match kind_of(n) {
        Kind::Text => "log_id",
        Kind::Event => "event_id",
        Kind::AccessLogs => "batch_id",
    };
    assert_eq!(answer.body[name], id(n), "{}", answer.body);
}
