//! What a running gateway takes and refuses before it looks at what a record says, and what it says
//! about what it took.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::access_log::Entry;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, Lane, QueueOptions};
use common::event::Event;
use common::message::{attribute, flow};
use common::rollup;
use common::store::DocumentStore;
use common::store::embedded::EmbeddedStore;
use common::tenant::TenantId;
use futures::FutureExt as _;
use futures::future::{Either, join_all, select};
use gateway::{Application, Gateway, GatewaySettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    settings: GatewaySettings,
}

/// A gateway on this machine, and the queue that it publishes to.
struct Running {
    address: SocketAddr,
    queue: Arc<EmbeddedQueue>,
    store: Arc<EmbeddedStore>,
}

/// Runs `test` beside a gateway with these options.
async fn beside(options: &[&str], test: impl AsyncFnOnce(Running)) {
    let folder = tempfile::tempdir().expect("a folder");
    let ack_deadline = Duration::from_secs(600);
    let queue_options = QueueOptions::unbounded(ack_deadline, flow);
    let queue = EmbeddedQueue::open(folder.path(), queue_options).expect("a queue");
    let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
    let settings = Options::parse_from([&["gateway"], options].concat()).settings;
    let broker = Arc::new(EmbeddedBroker(Arc::clone(&queue)));
    let gateway = Gateway::new(broker, Arc::clone(&store) as Arc<dyn DocumentStore>, settings);
    let application = Application::build(gateway, "127.0.0.1", 0).expect("a port");
    let running = Running { address: application.address(), queue, store };
    let serving = application.run_until_stopped(std::future::pending());
    let ended = select(test(running).boxed_local(), serving.boxed_local()).await;
    assert!(matches!(ended, Either::Left(_)), "the gateway ended");
}

impl Running {
    /// Sends a request with these headers, and returns the whole answer in lower case.
    async fn answer(&self, line: &str, headers: &[&str], body: &str) -> String {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer).to_lowercase()
    }

    async fn get(&self, path: &str, headers: &[&str]) -> String {
        self.answer(&format!("GET {path}"), &[&["Host: localhost"], headers].concat(), "").await
    }

    async fn post(&self, path: &str, headers: &[&str], body: &str) -> String {
        let usual = ["Host: localhost", "Content-Type: application/json", "X-Tenant-ID: acme"];
        self.answer(&format!("POST {path}"), &[&usual, headers].concat(), body).await
    }
}

fn assert_status(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{answer}");
}

const EVENT: &str = r#"{"event_type":"click","user_id":"u"}"#;

#[tokio::test]
async fn a_request_for_an_unknown_host_is_refused() {
    beside(&["--allowed-hosts", "logs.example.com"], async |gateway| {
        let stats = "GET /stats?site_id=acme";
        for host in ["localhost:1", "127.0.0.1", "LOGS.example.com:443"] {
            assert_status(&gateway.answer(stats, &[&format!("Host: {host}")], "").await, 200);
        }
        let evil = ["Host: evil.example", "Content-Type: application/json", "X-Tenant-ID: acme"];
        for line in [stats, "GET /dashboard", "GET /dashboard/", "GET /tenants", "POST /events"] {
            let answer = gateway.answer(line, &evil, EVENT).await;
            assert_status(&answer, 403);
            assert!(
                answer.contains("\"forbidden\"") && answer.contains("allowed_hosts"),
                "{answer}"
            );
        }
        assert_eq!(gateway.queue.backlog(), 0);
    })
    .await;
}

#[tokio::test]
async fn the_token_may_end_with_a_line_break_and_its_scheme_is_known_in_any_case() {
    beside(&["--read-token", " sesame\n"], async |gateway| {
        for given in ["Bearer sesame", "bearer sesame", "BEARER  sesame"] {
            let header = format!("Authorization: {given}");
            assert_status(&gateway.get("/stats?site_id=acme", &[&header]).await, 200);
        }
        for given in ["sesame", "Basic sesame", "Bearer", "Bearer Sesame", "Bearer sesame x"] {
            let header = format!("Authorization: {given}");
            assert_status(&gateway.get("/stats?site_id=acme", &[&header]).await, 401);
        }
    })
    .await;
}

#[tokio::test]
async fn answers_may_not_be_cached_unless_they_are_files() {
    beside(&[], async |gateway| {
        for path in
            ["/stats?site_id=acme", "/tenants/acme/events", "/tenants/acme/events/e", "/metrics"]
        {
            let answer = gateway.get(path, &[]).await;
            assert!(answer.contains("cache-control: no-store\r\n"), "{answer}");
        }
        let page = gateway.get("/dashboard", &[]).await;
        assert!(page.contains("cache-control: no-cache\r\n"), "{page}");
        assert!(!page.contains("no-store"), "{page}");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused() {
    beside(&[], async |gateway| {
        let cases = [
            ("/event", r#"{"event_type":"a","event_type":"b"}"#),
            ("/event", r#"{"event_type":"a","payload":{"b":{"c":1,"c":1}}}"#),
            ("/events", r#"{"event_type":"click","user_id":"u","user_id":"v"}"#),
            ("/ingest", r#"{"text":"a","log_id":"1","log_id":"2"}"#),
            ("/ingest", r#"{"logs":["a"],"tenant_id":"acme","tenant_id":"beta"}"#),
        ];
        for (path, body) in cases {
            let answer = gateway.post(path, &[], body).await;
            assert_status(&answer, 400);
            assert!(
                answer.contains("appears twice") && answer.contains("\"invalid-json\""),
                "{answer}"
            );
        }
        assert_eq!(gateway.queue.backlog(), 0);
    })
    .await;
}

#[tokio::test]
async fn two_idempotency_keys_are_refused() {
    beside(&[], async |gateway| {
        let line = r#"[{"path":"/a","receivedAt":"2025-05-01T00:00:00Z"}]"#;
        let cases = [
            ("/event", r#"{"event_type":"a"}"#),
            ("/event", r#"{"event_type":"a","event_id":"e-1"}"#),
            ("/events", EVENT),
            ("/ingest", r#"{"text":"a"}"#),
            ("/ingest", r#"["a","b"]"#),
            ("/logs", line),
        ];
        for (path, body) in cases {
            let keys = ["Idempotency-Key: k-1", "Idempotency-Key: k-2"];
            let answer = gateway.post(path, &keys, body).await;
            assert_status(&answer, 400);
            assert!(answer.contains("idempotency-key is given twice"), "{answer}");
            assert_status(&gateway.post(path, &keys[..1], body).await, 202);
        }
        assert_eq!(gateway.queue.backlog(), 7, "a batch of two texts, and five records");
    })
    .await;
}

#[tokio::test]
async fn an_interaction_names_its_tenant_in_the_body_too() {
    beside(&[], async |gateway| {
        let headers = ["Host: localhost", "Content-Type: application/json"];
        let body = r#"{"event_type":"click","user_id":"u","tenant_id":"acme"}"#;
        assert_status(&gateway.answer("POST /events", &headers, body).await, 202);
        let leases = gateway.queue.lease(Lane::Fast, 1).await.expect("a lease");
        assert_eq!(leases[0].message.attributes[attribute::TENANT_ID], "acme");

        let other = gateway.answer("POST /events?tenant_id=beta", &headers, body).await;
        assert_status(&other, 400);
        assert!(other.contains("\"tenant-mismatch\""), "{other}");
        let wrong = body.replace("\"acme\"", "[]");
        assert_status(&gateway.answer("POST /events", &headers, &wrong).await, 400);
    })
    .await;
}

/// Sends a head and the first part of a body, and leaves it at that.
async fn half_sent(gateway: &Running, length: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).await.expect("a connection");
    let head = format!(
        "POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\
         X-Tenant-ID: acme\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    // The server stops reading a body that finds no room.
    drop(timeout(Duration::from_secs(1), stream.write_all(&vec![b'a'; sent])).await);
    stream
}

/// The status of what a connection is answered.
async fn status(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn half_sent_bodies_that_leave_no_room_are_refused_and_small_ones_are_taken() {
    let least = ["--max-bodies-bytes", "134217728", "--max-body-seconds", "7"];
    beside(&least, async |gateway| {
        let length = 4 << 20;
        let streams = join_all((0..60).map(|_| half_sent(&gateway, length, length - 1))).await;
        let taken = timeout(Duration::from_secs(2), gateway.post("/event", &[], EVENT)).await;
        assert_status(&taken.expect("an answer in time"), 202);
        let answers = join_all(streams.into_iter().map(status)).await;
        assert!(answers.iter().any(|status| status == "408"), "some had room: {answers:?}");
        assert!(answers.iter().all(|status| ["408", "503"].contains(&&**status)), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn a_body_may_take_as_long_as_the_setting_says() {
    beside(&["--max-body-seconds", "2"], async |gateway| {
        let mut stream = half_sent(&gateway, 100, 1).await;
        let began = std::time::Instant::now();
        let mut answer = [0; 12];
        while stream.read_exact(&mut answer).now_or_never().is_none() {
            assert!(began.elapsed() < Duration::from_secs(4), "it goes on");
            drop(stream.write_all(b"a").await);
            tokio::time::sleep(Duration::from_millis(100)).await; // A byte now and then.
        }
        assert_eq!(&answer, b"HTTP/1.1 408");
        assert!(began.elapsed() >= Duration::from_millis(1_900), "{:?}", began.elapsed());
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_more_than_8_mib_is_refused_with_what_to_ask_for() {
    beside(&[], async |gateway| {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let paths = "paths".parse().expect("dimensions");
        for minute in 0..10 {
            let at = format!("2025-05-01T10:0{minute}:00Z").parse().expect("a time");
            let path = |n| format!("GET /{n}/{}", "x".repeat(1_000));
            let entry = |n| Entry { at, request: path(n), ..Entry::default() };
            let entries: Vec<_> = (0..1_000).map(entry).collect();
            let writes = rollup::of_entries(&tenant, &entries, paths, 0);
            for some in writes.chunks(400) {
                gateway.store.commit(some.to_vec()).await.expect("written");
            }
        }
        let period = "/logs/stats?tenant_id=acme&from=2025-05-01T10:00:00Z&to=2025-05-01T11:00:00Z";
        assert_status(&gateway.get(&format!("{period}&limit=100"), &[]).await, 200);
        let refused = gateway.get(&format!("{period}&limit=1000"), &[]).await;
        assert_status(&refused, 400);
        assert!(refused.contains("ask for fewer rows or a shorter period"), "{refused}");
    })
    .await;
}

/// Counts the events in the queue, as the worker does.
async fn count(gateway: &Running, tenant: &TenantId, events: usize) {
    let mut counted = 0;
    while counted < events {
        for lease in gateway.queue.lease(Lane::Fast, events).await.expect("leases") {
            let event: Event = serde_json::from_slice(&lease.message.data).expect("an event");
            let shard = u32::try_from(counted).expect("few");
            let writes = rollup::of_event(tenant, &event, shard);
            gateway.store.commit(writes).await.expect("written");
            counted += 1;
        }
    }
}

#[tokio::test]
async fn what_a_server_says_of_its_visitors_is_what_they_are_counted_by() {
    beside(&[], async |gateway| {
        let firefox = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let browser = ["Origin: https://acme.example", firefox, "Accept-Language: de"];
        let view = |dimensions: &str| {
            format!(r#"{{"event_type":"view","timestamp":"2025-05-01T10:00:00Z"{dimensions}}}"#)
        };
        let says = view(
            r#","user_id":"u-1","dimensions":{"browser":"Safari","os":"iOS","device":"Mobile","language":"EN-us","country":"at"}"#,
        );
        assert_status(&gateway.post("/event", &[], &says).await, 202);
        assert_status(&gateway.post("/event", &browser, &view("")).await, 202);
        let some = view(r#","dimensions":{"country":"NZ"}"#);
        assert_status(&gateway.post("/event", &browser, &some).await, 202);
        count(&gateway, &TenantId::parse("acme").expect("a tenant"), 3).await;
        for (dimension, rows) in [
            ("browser", r#"{"value":"firefox","views":2,"visitors":1},{"value":"safari","views":1,"visitors":1}"#),
            ("os", r#"{"value":"linux","views":2,"visitors":1},{"value":"ios","views":1,"visitors":1}"#),
            ("device", r#"{"value":"desktop","views":2,"visitors":1},{"value":"mobile","views":1,"visitors":1}"#),
            ("language", r#"{"value":"de","views":2,"visitors":1},{"value":"en","views":1,"visitors":1}"#),
            ("country", r#"{"value":"at","views":1,"visitors":1},{"value":"nz","views":1,"visitors":1}"#),
        ] {
            let path = "/stats/breakdown?site_id=acme&date=2025-05-01&dimension=";
            let answer = gateway.get(&format!("{path}{dimension}"), &[]).await;
            assert!(answer.contains(&format!(r#""rows":[{rows}]"#)), "{answer}");
        }
        let wrong = view(r#","dimensions":{"city":"Vienna"}"#);
        let refused = gateway.post("/event", &[], &wrong).await;
        assert_status(&refused, 400);
        assert!(refused.contains("dimensions.city is not one of browser, os"), "{refused}");
    })
    .await;
}
