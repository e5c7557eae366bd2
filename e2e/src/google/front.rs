//! What stands before a service of Google's: TLS, and a check of the caller's token. Behind it is an emulator,
//! which speaks HTTP/2.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};

use http::HeaderValue;
use http::header::AUTHORIZATION;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::authority::HOST;
use super::metadata_server::Tokens;
use super::rest::{self, Request};
use super::seen::Seen;
use crate::grpc::{self, Answer, Call, Failure, Server, Upstream};

/// What the emulators let an account of the project do, they let this token do.
const OF_THE_OWNER: HeaderValue = HeaderValue::from_static("Bearer owner");
/// The status for a caller who is not known, and what they are told.
const UNAUTHENTICATED: u8 = 16;
const STRANGER: &str = "The caller shows no valid token.";

/// A front; dropping it stops it.
#[derive(Debug)]
pub struct Front {
    url: String,
    seen: Arc<Seen>,
    refusal: Refusal,
    task: JoinHandle<()>,
}

/// How it refuses all calls, if it does: the status, and what callers are told.
type Refusal = Arc<OnceLock<(u8, &'static str)>>;

/// What all connections of a front share.
struct Shared {
    emulator: String,
    tokens: Tokens,
    tls: TlsAcceptor,
    seen: Arc<Seen>,
    refusal: Refusal,
}

struct Connection {
    emulator: Upstream,
    shared: Arc<Shared>,
}

impl Front {
    /// Starts in front of `emulator` (`host:port`), for callers with one of these tokens.
    pub async fn start(emulator: &str, tls: ServerConfig, tokens: Tokens) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("https://{HOST}:{}", listener.local_addr()?.port());
        let (seen, tls) = (Arc::<Seen>::default(), TlsAcceptor::from(Arc::new(tls)));
        let (emulator, shared_seen) = (emulator.to_owned(), Arc::clone(&seen));
        let refusal = Refusal::default();
        let shared =
            Shared { emulator, tokens, tls, seen: shared_seen, refusal: Arc::clone(&refusal) };
        let task = tokio::spawn(accept(listener, Arc::new(shared)));
        Ok(Self { url, seen, refusal, task })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers every call that follows with this status and these words, as Google's services do.
    pub fn refuse(&self, status: u8, words: &'static str) {
        self.refusal.get_or_init(|| (status, words));
    }

    /// Whoever asks for its URL is sent elsewhere.
    pub fn move_to(&mut self, url: &str) {
        url.clone_into(&mut self.url);
    }

    /// The calls so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            if let Err(error) = connection(stream, shared).await {
                eprintln!("a connection to Google's front ended: {error}");
            }
        });
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut stream = shared.tls.accept(stream).await?;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let emulator = Upstream::connect(&shared.emulator).await?;
        return grpc::serve(stream, Arc::new(Connection { emulator, shared })).await;
    }
    let Some(request) = Request::read(&mut stream).await? else { return Ok(()) };
    let is_known = shared.lets_through(request.header("authorization"));
    let answer = match shared.refusal.get() {
        _ if !is_known => rest::refused(UNAUTHENTICATED, STRANGER),
        Some((status, words)) => rest::refused(*status, words),
        None => request.granted(),
    };
    Ok(rest::answer(&mut stream, answer).await?)
}

impl Server for Connection {
    async fn answer(&self, mut call: Call) -> Result<Answer, Failure> {
        let shown = call.head.headers.get_all(AUTHORIZATION).iter().collect::<Vec<_>>();
        let shown = if let [shown] = shown[..] { shown.to_str().ok() } else { None };
        if !self.shared.lets_through(shown) {
            return Ok(Answer::refusal(UNAUTHENTICATED, STRANGER));
        }
        if let Some((status, words)) = self.shared.refusal.get() {
            return Ok(Answer::refusal(*status, words));
        }
        call.head.headers.insert(AUTHORIZATION, OF_THE_OWNER);
        self.emulator.pass(call).await
    }
}

impl Shared {
    /// Whether the caller shows a token that was given.
    fn lets_through(&self, shown: Option<&str>) -> bool {
        let token = shown.and_then(|shown| shown.strip_prefix("Bearer "));
        let is_known = token.is_some_and(|token| self.tokens.has(token));
        self.seen.count(is_known);
        is_known
    }
}
