//! A gateway on this machine whose broker can be told to refuse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, Lane, QueueOptions};
use common::broker::{Broker, Message, PublishError};
use common::message::{attribute, flow};
use common::store::embedded::EmbeddedStore;
use futures::FutureExt as _;
use futures::future::{Either, select};
use gateway::{Application, Gateway, GatewaySettings};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a browser sends with a request from a page of the site.
pub(crate) const BROWSER: [&str; 2] = [
    "Origin: https://acme.example",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
];

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    settings: GatewaySettings,
}

/// A broker in front of the real one.
struct Switched {
    broker: EmbeddedBroker,
    refuses: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl Broker for Switched {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        if self.refuses.load(Ordering::SeqCst) {
            return messages
                .iter()
                .map(|_| Err(PublishError::Full("it is told to refuse")))
                .collect();
        }
        self.broker.publish(messages).await
    }

    async fn probe(&self) -> Result<(), PublishError> {
        self.broker.probe().await
    }

    async fn flush(&self) {
        self.broker.flush().await;
    }
}

/// The gateway and its queue.
pub(crate) struct Running {
    address: SocketAddr,
    queue: Arc<EmbeddedQueue>,
    refuses: Arc<AtomicBool>,
    seen: AtomicUsize,
}

/// Runs `test` beside a gateway.
pub(crate) async fn beside(options: &[&str], test: impl AsyncFnOnce(Running)) {
    let folder = tempfile::tempdir().expect("a folder");
    let ack_deadline = Duration::from_secs(600);
    let queue_options = QueueOptions::unbounded(ack_deadline, flow);
    let queue = EmbeddedQueue::open(folder.path(), queue_options).expect("a queue");
    let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
    let settings = Options::parse_from([&["gateway"], options].concat()).settings;
    let refuses = Arc::new(AtomicBool::new(false));
    let broker = EmbeddedBroker(Arc::clone(&queue));
    let broker = Arc::new(Switched { broker, refuses: Arc::clone(&refuses) });
    let gateway = Gateway::new(broker, store, settings);
    let application = Application::build(gateway, "127.0.0.1", 0).expect("a port");
    let address = application.address();
    let running = Running { address, queue, refuses, seen: AtomicUsize::new(0) };
    let serving = application.run_until_stopped(std::future::pending());
    let ended = select(test(running).boxed_local(), serving.boxed_local()).await;
    assert!(matches!(ended, Either::Left(_)), "the gateway ended");
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn has_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}", self.head, self.text());
        self
    }
}

/// An event in the queue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) digest: String,
    /// The event as JSON, and its payload as JSON too.
    pub(crate) event: Value,
}

impl Running {
    pub(crate) async fn request(&self, line: &str, headers: &[&str], body: &[u8]) -> Answer {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(&[head.as_bytes(), body].concat()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer { status: status.expect("a status"), head, body: answer[end + 4..].to_vec() }
    }

    /// Posts JSON.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[&str],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let headers = [&["Content-Type: application/json"], headers].concat();
        self.request(&format!("POST {path}"), &headers, body.as_ref()).await
    }

    /// Posts text, as a beacon does, from a page.
    pub(crate) async fn beacon(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let headers = [&["Content-Type: text/plain;charset=UTF-8"], &BROWSER[..]].concat();
        self.request(&format!("POST {path}"), &headers, body.as_ref()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path}"), &BROWSER, b"").await
    }

    /// The events that came since the last look.
    pub(crate) async fn sent(&self) -> Vec<Sent> {
        let (all, seen) = (self.queue.backlog(), self.seen.load(Ordering::SeqCst));
        let mut sent = Vec::new();
        while sent.len() < all - seen {
            let leases = self.queue.lease(Lane::Fast, all).await.expect("leases");
            sent.extend(leases.iter().map(|lease| of_message(&lease.message)));
        }
        self.seen.store(all, Ordering::SeqCst);
        // Tenants take turns.
        sent.sort_by(|one, other| one.tenant.cmp(&other.tenant));
        sent
    }

    /// The one event that came since the last look.
    pub(crate) async fn one(&self) -> Sent {
        let sent = self.sent().await;
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.into_iter().next().expect("one")
    }

    /// From now on the broker refuses, or it does no longer.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }
}

fn of_message(message: &Message) -> Sent {
    let named = |name: &str| message.attributes.get(name).cloned().unwrap_or_default();
    let mut event: Value = serde_json::from_slice(message.data.as_ref()).expect("an event");
    if let Some(payload) = event["payload"].as_str() {
        event["payload"] = serde_json::from_str(payload).expect("a payload");
    }
    Sent {
        tenant: named(attribute::TENANT_ID),
        id: named(attribute::RECORD_ID),
        source: named(attribute::SOURCE),
        digest: named(attribute::DIGEST),
        event,
    }
}
