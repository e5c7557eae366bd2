//! A server that publishes an issuer's keys, or misbehaves, and counts the requests.

use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The server's answer to a request for keys.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status line after `HTTP/1.1 `.
    pub status: &'static str,
    /// More headers, each with its line end.
    pub headers: String,
    /// The body.
    pub body: String,
    /// How long the server waits before it answers.
    pub delay: Duration,
}

impl Answer {
    /// These keys, valid for `max_age` seconds.
    pub fn keys(keys: &[Value], max_age: u32) -> Self {
        Self {
            status: "200 OK",
            headers: format!("cache-control: public, max-age={max_age}\r\n"),
            body: json!({"keys": keys}).to_string(),
            delay: Duration::ZERO,
        }
    }
}

/// A server on this machine; dropping it stops it.
#[derive(Debug)]
pub struct KeyServer {
    url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    answer: Mutex<Answer>,
    fetches: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
}

impl KeyServer {
    /// Listens on a free port.
    pub async fn start(answer: Answer) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/certs", listener.local_addr()?);
        let state = Arc::new(State {
            answer: Mutex::new(answer),
            fetches: AtomicUsize::default(),
            open: AtomicUsize::default(),
            most: AtomicUsize::default(),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self { url, state, task })
    }

    /// Where the keys are.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes the answer from now on.
    pub fn answer(&self, answer: Answer) {
        *self.state.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    /// How many requests there were.
    pub fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }

    /// The most requests that were open at the same time.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move { reply(stream, &state).await });
    }
}

/// Answers one request; ends early if the client gives up.
async fn reply(mut stream: TcpStream, state: &State) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    state.fetches.fetch_add(1, Ordering::SeqCst);
    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
    state.most.fetch_max(open, Ordering::SeqCst);
    let answer = state.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let gone = tokio::time::timeout(answer.delay, stream.read_u8()).await;
    state.open.fetch_sub(1, Ordering::SeqCst);
    if gone.is_ok() {
        return Ok(());
    }
    let Answer { status, headers, body, .. } = answer;
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n", body.len());
    stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await
}
