//! What a running gateway takes and refuses before it looks at what a record says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, Lane, QueueOptions};
use common::message::{attribute, flow};
use common::store::embedded::EmbeddedStore;
use futures::FutureExt as _;
use futures::future::{Either, select};
use gateway::{Application, Gateway, GatewaySettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    settings: GatewaySettings,
}

/// A gateway on this machine, and the queue that it publishes to.
struct Running {
    address: SocketAddr,
    queue: Arc<EmbeddedQueue>,
}

/// Runs `test` beside a gateway with these options.
async fn beside(options: &[&str], test: impl AsyncFnOnce(Running)) {
    let folder = tempfile::tempdir().expect("a folder");
    let ack_deadline = Duration::from_secs(600);
    let queue_options = QueueOptions { ack_deadline, min_free_bytes: 0, flow };
    let queue = EmbeddedQueue::open(folder.path(), queue_options).expect("a queue");
    let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
    let settings = Options::parse_from([&["gateway"], options].concat()).settings;
    let gateway = Gateway::new(Arc::new(EmbeddedBroker(Arc::clone(&queue))), store, settings);
    let application = Application::build(gateway, "127.0.0.1", 0).expect("a port");
    let running = Running { address: application.address(), queue };
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
                answer.contains("comes twice") && answer.contains("\"invalid-json\""),
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
