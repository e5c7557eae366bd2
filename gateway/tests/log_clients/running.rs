//! A gateway on this machine, and the queue that it publishes to.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, Lane, QueueOptions};
use common::message::{attribute, flow};
use common::store::embedded::EmbeddedStore;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::FutureExt as _;
use futures::future::{Either, select};
use gateway::{Application, Gateway, GatewaySettings};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A line of an access log.
pub(crate) const LINE: &str = "203.0.113.7 - - [01/May/2025:10:00:10 +0000] \"GET /a HTTP/1.1\" \
                               200 512 \"-\" \"curl/8.5.0\"";

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    settings: GatewaySettings,
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    queue: Arc<EmbeddedQueue>,
}

/// An answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the broker has of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Published {
    pub(crate) kind: String,
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) digest: String,
    pub(crate) source: String,
    pub(crate) traceparent: Option<String>,
    pub(crate) data: String,
}

/// Runs `test` beside a gateway.
pub(crate) async fn beside(test: impl AsyncFnOnce(Running)) {
    beside_queue(&[], 0, test).await;
}

/// Runs `test` beside a gateway with these options.
pub(crate) async fn beside_with(options: &[&str], test: impl AsyncFnOnce(Running)) {
    beside_queue(options, 0, test).await;
}

/// Runs `test` beside a gateway whose broker has no space left on its disk.
pub(crate) async fn beside_full(test: impl AsyncFnOnce(Running)) {
    beside_queue(&[], u64::MAX, test).await;
}

async fn beside_queue(options: &[&str], min_free_bytes: u64, test: impl AsyncFnOnce(Running)) {
    let folder = tempfile::tempdir().expect("a folder");
    let ack_deadline = Duration::from_secs(600);
    let queue_options =
        QueueOptions { min_free_bytes, ..QueueOptions::unbounded(ack_deadline, flow) };
    let queue = EmbeddedQueue::open(folder.path(), queue_options).expect("a queue");
    let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
    let settings = Options::parse_from([&["gateway"], options].concat()).settings;
    let broker = Arc::new(EmbeddedBroker(Arc::clone(&queue)));
    let gateway = Gateway::new(broker, store, settings);
    let application = Application::build(gateway, "127.0.0.1", 0).expect("a port");
    let running = Running { address: application.address(), queue };
    let serving = application.run_until_stopped(std::future::pending());
    let ended = select(test(running).boxed_local(), serving.boxed_local()).await;
    assert!(matches!(ended, Either::Left(_)), "the gateway ended");
}

impl Running {
    pub(crate) async fn send(&self, line: &str, headers: &[&str], body: &[u8]) -> Answer {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(&[head.as_bytes(), body].concat()).await.expect("sent");
        read_answer(stream).await
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.send(&format!("POST {path}"), &[&format!("Content-Type: {kind}")], body).await
    }

    /// Everything that the broker has, in order of kind, tenant and id.
    pub(crate) async fn published(&self) -> Vec<Published> {
        let mut published = Vec::new();
        for lane in [Lane::Fast, Lane::Slow, Lane::Bulk] {
            while self.queue.backlog() > 0 {
                let leases = self.queue.lease(lane, 1_000).now_or_never();
                let Some(leases) = leases.transpose().expect("a lease") else { break };
                for lease in &leases {
                    let of = |name: &str| lease.message.attributes.get(name).cloned();
                    let text = |name| of(name).unwrap_or_default();
                    published.push(Published {
                        kind: text(attribute::KIND),
                        tenant: text(attribute::TENANT_ID),
                        id: text(attribute::RECORD_ID),
                        digest: text(attribute::DIGEST),
                        source: text(attribute::SOURCE),
                        traceparent: of(attribute::TRACEPARENT),
                        data: String::from_utf8_lossy(&lease.message.data).into_owned(),
                    });
                    self.queue.acknowledge(lease).await.expect("acknowledged");
                }
            }
        }
        published.sort();
        published
    }

    /// The texts that the broker has.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let texts = self.published().await.into_iter().filter(|record| record.kind == "text");
        let mut texts: Vec<_> = texts.map(|record| record.data).collect();
        texts.sort();
        texts
    }
}

pub(crate) async fn read_answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("an answer");
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer { status: status.expect("a status"), head, body: bytes[at + 4..].to_vec() }
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).expect("a vector never fails");
    encoder.finish().expect("a vector never fails")
}

/// The requests of access-log entries in messages, sorted.
pub(crate) fn requests(published: &[Published]) -> Vec<String> {
    let logs = published.iter().filter(|record| record.kind == "access_log");
    let lines = logs.flat_map(|record| record.data.lines());
    let request = |line: &str| {
        let entry: Value = serde_json::from_str(line).expect("an entry");
        entry["request"].as_str().expect("a request").to_owned()
    };
    let mut requests: Vec<_> = lines.map(request).collect();
    requests.sort();
    requests
}
