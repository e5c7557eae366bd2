//! What stands before a private service of Cloud Run: it checks who pushes by the signature of the token, cuts
//! that off, and passes the request on.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use common::program::chain;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::rest::{self, Request};
use super::seen::Seen;
use crate::issuer::{Issuer, cut_off};

/// A front; dropping it stops it.
#[derive(Debug)]
pub struct PushFront {
    url: String,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

/// Why a push was not passed on.
#[derive(Debug, Error)]
enum PushError {
    #[error("the connection broke")]
    Io(#[from] io::Error),
    #[error("the service does not answer")]
    Service(#[from] reqwest::Error),
}

struct Shared {
    service: String,
    issuer: Arc<Issuer>,
    client: reqwest::Client,
    seen: Arc<Seen>,
}

impl PushFront {
    /// Starts in front of `service`, a base URL, for pushes with a token of `issuer`.
    pub async fn start(service: String, issuer: Arc<Issuer>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (url, seen) = (format!("http://{}", listener.local_addr()?), Arc::<Seen>::default());
        let client = reqwest::Client::new();
        let shared = Arc::new(Shared { service, issuer, client, seen: Arc::clone(&seen) });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    if let Err(error) = shared.answer(stream).await {
                        eprintln!("a push is not passed on: {}", chain(&error));
                    }
                });
            }
        });
        Ok(Self { url, seen, task })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The pushes so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl Drop for PushFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn answer(&self, mut stream: TcpStream) -> Result<(), PushError> {
        let Some(request) = Request::read(&mut stream).await? else { return Ok(()) };
        let status = match self.token(&request) {
            Some(token) => self.pass(&request, &token).await?,
            None => StatusCode::UNAUTHORIZED,
        };
        // The pusher looks at the status alone.
        Ok(rest::answer(&mut stream, (&status.to_string(), Value::Null)).await?)
    }

    /// The token without its signature, if that is right.
    fn token(&self, request: &Request) -> Option<String> {
        let shown = request.header("authorization").and_then(|shown| shown.strip_prefix("Bearer "));
        let right = shown.filter(|token| self.issuer.has_signed(token));
        self.seen.count(right.is_some());
        right.map(cut_off)
    }

    async fn pass(&self, request: &Request, token: &str) -> Result<StatusCode, PushError> {
        let url = format!("{}{}", self.service, request.path());
        let media_type = request.header("content-type").unwrap_or("application/json");
        let pushed = self.client.post(url).header(CONTENT_TYPE, media_type);
        let pushed = pushed.header(AUTHORIZATION, format!("Bearer {token}"));
        Ok(pushed.body(request.body.clone()).send().await?.status())
    }
}
