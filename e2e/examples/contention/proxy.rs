//! A proxy in front of the Firestore emulator that behaves like Firestore where the emulator does not:
//! it refuses commits of a document that is written too often, and takes its time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use e2e::grpc::{self, Answer, Call, Failure, Server, Upstream};
use gcloud_sdk::google::firestore::v1::write::Operation;
use gcloud_sdk::google::firestore::v1::{CommitRequest, Write};
use rand::Rng as _;
use tokio::net::{TcpListener, TcpStream};

/// Writes of one document that Firestore takes in a second for long.
const PER_SECOND: f64 = 1.0;
/// The status of a commit that ran into another one.
const ABORTED: u8 = 10;

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) counts: Arc<Counts>,
}

/// What the proxy has seen.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) commits: AtomicU64,
    pub(crate) aborted: AtomicU64,
    /// Most writes of one document within a second.
    pub(crate) hottest: AtomicU64,
}

/// How often each document was written lately.
struct Documents {
    burst: f64,
    known: Mutex<HashMap<String, Document>>,
}

/// A bucket of writes, and when the last ones came.
struct Document {
    left: f64,
    at: Instant,
    lately: Vec<Instant>,
}

/// A connection through the proxy.
struct Connection {
    emulator: Upstream,
    shared: Arc<Shared>,
}

/// What all connections share.
struct Shared {
    emulator: String,
    documents: Documents,
    counts: Arc<Counts>,
}

impl Proxy {
    /// Starts in front of `emulator` (`host:port`). A document takes `burst` writes at once and then one a
    /// second.
    pub(crate) async fn start(emulator: &str, burst: u32) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, counts) = (listener.local_addr()?, Arc::<Counts>::default());
        let documents = Documents { burst: f64::from(burst), known: Mutex::default() };
        let shared =
            Shared { emulator: emulator.to_owned(), documents, counts: Arc::clone(&counts) };
        tokio::spawn(accept(listener, Arc::new(shared)));
        Ok(Self { address, counts })
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            if let Err(error) = connection(stream, shared).await {
                eprintln!("a connection through the proxy ended: {error}");
            }
        });
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let emulator = Upstream::connect(&shared.emulator).await?;
    grpc::serve(stream, Arc::new(Connection { emulator, shared })).await
}

impl Server for Connection {
    async fn answer(&self, call: Call) -> Result<Answer, Failure> {
        if call.method().ends_with("/Commit") {
            let delay = rand::rng().random_range(20..=80);
            tokio::time::sleep(Duration::from_millis(delay)).await;
            if !self.shared.takes(&call) {
                return Ok(Answer::refusal(ABORTED, "Too much contention on these documents."));
            }
        }
        self.emulator.pass(call).await
    }
}

impl Shared {
    /// Whether the commit in this call goes through. One that does not uses up nothing.
    fn takes(&self, call: &Call) -> bool {
        let Ok(commit) = call.message::<CommitRequest>() else { return true };
        self.counts.commits.fetch_add(1, Ordering::Relaxed);
        let names: Vec<_> = commit.writes.into_iter().filter_map(shared_document).collect();
        let most = self.documents.write(names);
        match most {
            Some(most) => drop(self.counts.hottest.fetch_max(most, Ordering::Relaxed)),
            None => drop(self.counts.aborted.fetch_add(1, Ordering::Relaxed)),
        }
        most.is_some()
    }
}

/// The name of a document that the write does not create for itself alone.
fn shared_document(write: Write) -> Option<String> {
    if write.current_document.is_some() {
        return None;
    }
    match write.operation? {
        Operation::Update(document) => Some(document.name),
        _ => None,
    }
}

impl Documents {
    /// Writes all of them, or none if one was written too often. Returns how often the hottest was
    /// written within the last second.
    fn write(&self, names: Vec<String>) -> Option<u64> {
        let (now, mut most) = (Instant::now(), 0);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |document: &Document| {
            let passed = now.duration_since(document.at).as_secs_f64();
            (document.left + passed * PER_SECOND).min(self.burst)
        };
        if names.iter().filter_map(|name| known.get(name)).any(|one| left(one) < 1.0) {
            return None;
        }
        for name in names {
            let fresh = || Document { left: self.burst, at: now, lately: Vec::new() };
            let document = known.entry(name).or_insert_with(fresh);
            (document.left, document.at) = (left(document) - 1.0, now);
            document.lately.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
            document.lately.push(now);
            most = most.max(document.lately.len() as u64);
        }
        Some(most)
    }
}
