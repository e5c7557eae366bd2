//! A metadata server as every instance of Cloud Run has one: it gives tokens of the instance's account.

use std::collections::HashSet;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where a token is.
const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
/// The header without which the real one answers nothing, so that nobody is tricked into asking.
const FLAVOR: &str = "metadata-flavor: google";

/// A server on this machine; dropping it stops it.
#[derive(Debug)]
pub struct MetadataServer {
    host: String,
    tokens: Tokens,
    task: JoinHandle<()>,
}

/// The tokens that were given so far.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Mutex<HashSet<String>>>);

impl Tokens {
    /// Whether the token was given.
    pub fn has(&self, token: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(token)
    }

    /// How many tokens were given.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn give(&self) -> String {
        let token = format!("ya29.{:032x}", rand::random::<u128>());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone());
        token
    }
}

impl MetadataServer {
    /// Listens on a free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (host, tokens) = (listener.local_addr()?.to_string(), Tokens::default());
        let task = tokio::spawn(serve(listener, tokens.clone()));
        Ok(Self { host, tokens, task })
    }

    /// Its `host:port`, for `GCE_METADATA_HOST`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The tokens that it has given so far.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

impl Drop for MetadataServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, tokens: Tokens) {
    while let Ok((stream, _)) = listener.accept().await {
        let tokens = tokens.clone();
        tokio::spawn(async move { reply(stream, &tokens).await });
    }
}

/// Answers one request; ends early if the client gives up.
async fn reply(mut stream: TcpStream, tokens: &Tokens) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let (status, body) = answer(&String::from_utf8_lossy(&request), tokens);
    let head =
        format!("HTTP/1.1 {status}\r\nmetadata-flavor: Google\r\ncontent-length: {}", body.len());
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n{body}").as_bytes()).await
}

fn answer(request: &str, tokens: &Tokens) -> (&'static str, String) {
    let path = request.split_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    if !request.to_ascii_lowercase().contains(FLAVOR) {
        return ("403 Forbidden", String::new());
    }
    if path != TOKEN {
        return ("404 Not Found", String::new());
    }
    let token = json!({"access_token": tokens.give(), "expires_in": 3_599, "token_type": "Bearer"});
    ("200 OK", token.to_string())
}
