//! Reads listings, documents and quarantine through the public API.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::backoff::Backoff;
use indicatif::ProgressBar;
use reqwest::header::HeaderValue;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::answer::{explanation, is_passing, transport_error};

/// Reads from one deployment, and retries failures that may pass.
pub(super) struct Reader {
    pub(super) client: reqwest::Client,
    /// The server's base URL, without a trailing slash.
    pub(super) base: String,
    /// `Bearer …`, if the reads need a token.
    pub(super) authorization: Option<HeaderValue>,
    /// How long to wait between the tries of one read.
    pub(super) backoff: Backoff,
    /// Until when failing reads are retried.
    pub(super) deadline: Instant,
    /// The least time for which a failing read is retried, even after the deadline.
    pub(super) grace: Duration,
    /// Once this is cancelled, nothing is retried.
    pub(super) hurry: CancellationToken,
    /// Shows when the server does not answer.
    pub(super) bar: ProgressBar,
}

/// Why a read failed.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    /// The server refused.
    #[error("{path} was answered {status}: {detail}")]
    Refused { path: String, status: u16, detail: String },
    /// There was no answer.
    #[error("{path} got no answer: {}", transport_error(.error))]
    NoAnswer { path: String, error: reqwest::Error },
    /// The answer is not one of this API.
    #[error("the answer to {path} is not one of this API: {why}")]
    Form { path: String, why: String },
    /// The pages of a listing form a circle.
    #[error("the listing {path} has no end: it gave the same page token twice")]
    Endless { path: String },
}

/// An item of a tenant's listing of records.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Item {
    pub(super) log_id: String,
    pub(super) source: Option<String>,
    pub(super) received_at: Option<DateTime<Utc>>,
    pub(super) processed_at: Option<DateTime<Utc>>,
    pub(super) parts: Option<u32>,
}

/// An item of a tenant's quarantine.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Quarantined {
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) reason: String,
}

/// The fields of a document that are compared with what was sent.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Document {
    pub(super) source: Option<String>,
    /// Missing if the deployment does not store originals.
    pub(super) original_text: Option<String>,
    pub(super) processed_at: Option<DateTime<Utc>>,
}

/// The answer to a look-up by id.
#[derive(Clone, Debug)]
pub(super) enum Lookup {
    Found(Document),
    InProgress,
    NotFound,
}

/// A page of one of the two listings.
pub(super) trait Page: DeserializeOwned {
    /// One entry of the listing.
    type Item;
    /// The last segment of its path.
    const RESOURCE: &'static str;
    /// The items, and the token of the next page.
    fn open(self) -> (Vec<Self::Item>, Option<String>);
}

/// A page of stored records.
#[derive(Deserialize)]
pub(super) struct StoredPage {
    processed_logs: Vec<Item>,
    next_page_token: Option<String>,
}

/// A page of quarantine.
#[derive(Deserialize)]
pub(super) struct QuarantinePage {
    quarantine: Vec<Quarantined>,
    next_page_token: Option<String>,
}

impl Page for StoredPage {
    type Item = Item;
    const RESOURCE: &'static str = "processed_logs";

    fn open(self) -> (Vec<Item>, Option<String>) {
        (self.processed_logs, self.next_page_token)
    }
}

impl Page for QuarantinePage {
    type Item = Quarantined;
    const RESOURCE: &'static str = "quarantine";

    fn open(self) -> (Vec<Quarantined>, Option<String>) {
        (self.quarantine, self.next_page_token)
    }
}

/// The part of a problem document that matters here.
#[derive(Deserialize)]
struct Problem {
    code: Option<String>,
}

/// A walk through the pages of a listing.
pub(super) struct Walk {
    path: String,
    token: Option<String>,
    seen: HashSet<String>,
    ended: bool,
}

impl Walk {
    /// Starts at the first page of a tenant's listing.
    pub(super) fn new<P: Page>(tenant: &str) -> Self {
        let path = format!("/tenants/{tenant}/{}", P::RESOURCE);
        Self { path, token: None, seen: HashSet::new(), ended: false }
    }

    fn go_on(&mut self, token: Option<String>) -> Result<(), ReadError> {
        self.ended = token.is_none();
        if let Some(token) = &token
            && !self.seen.insert(token.clone())
        {
            return Err(ReadError::Endless { path: self.path.clone() });
        }
        self.token = token;
        Ok(())
    }
}

impl Reader {
    /// The next page of a walk, or `None` after the last one.
    pub(super) async fn next<P: Page>(
        &self,
        walk: &mut Walk,
    ) -> Result<Option<Vec<P::Item>>, ReadError> {
        if walk.ended {
            return Ok(None);
        }
        let mut query = vec![("limit", "100")];
        query.extend(walk.token.as_deref().map(|token| ("page_token", token)));
        let (status, body) = self.get(&walk.path, &query).await?;
        if status != StatusCode::OK {
            return Err(refused(&walk.path, status, &body));
        }
        let (items, token) = parse::<P>(&walk.path, &body)?.open();
        walk.go_on(token)?;
        Ok(Some(items))
    }

    /// Asks for one page, once, to check that a server is there and lets us read.
    pub(super) async fn probe(&self, tenant: &str) -> Result<(), ReadError> {
        let path = format!("/tenants/{tenant}/{}", StoredPage::RESOURCE);
        let (status, body) = self.try_get(&path, &[("limit", "1")]).await?;
        match status {
            StatusCode::OK => parse::<StoredPage>(&path, &body).map(drop),
            // It is there, only busy.
            status if is_passing(status.as_u16()) => Ok(()),
            status => Err(refused(&path, status, &body)),
        }
    }

    /// The whole document of a record.
    pub(super) async fn document(&self, tenant: &str, id: &str) -> Result<Lookup, ReadError> {
        let path = format!("/tenants/{tenant}/processed_logs/{id}");
        let (status, body) = self.get(&path, &[]).await?;
        match status {
            StatusCode::OK => parse(&path, &body).map(Lookup::Found),
            StatusCode::NOT_FOUND => match problem_code(&body).as_deref() {
                Some("not-found") => Ok(Lookup::NotFound),
                Some("in-progress") => Ok(Lookup::InProgress),
                _ => Err(refused(&path, status, &body)),
            },
            _ => Err(refused(&path, status, &body)),
        }
    }

    /// Reads, and retries while the failure may pass.
    async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<(StatusCode, Vec<u8>), ReadError> {
        let deadline = self.deadline.max(Instant::now() + self.grace);
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self.try_get(path, query).await;
            let Some(why) = passing_reason(&answer) else {
                return answer;
            };
            let pause = self.backoff.wait_after(tries);
            if Instant::now() + pause > deadline {
                return answer;
            }
            self.bar.set_message(format!("no answer yet: {why}"));
            tokio::select! {
                () = sleep(pause) => {}
                () = self.hurry.cancelled() => return answer,
            }
            self.bar.set_message("");
        }
    }

    async fn try_get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<(StatusCode, Vec<u8>), ReadError> {
        let mut request = self.client.get(self.url(path, query)?);
        if let Some(authorization) = &self.authorization {
            request = request.header(reqwest::header::AUTHORIZATION, authorization);
        }
        let no_answer = |error| ReadError::NoAnswer { path: path.to_owned(), error };
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        let body = response.bytes().await.map_err(no_answer)?;
        Ok((status, body.to_vec()))
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, ReadError> {
        let mut url = Url::parse(&format!("{}{path}", self.base))
            .map_err(|error| ReadError::Form { path: path.to_owned(), why: error.to_string() })?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

fn passing_reason(answer: &Result<(StatusCode, Vec<u8>), ReadError>) -> Option<String> {
    match answer {
        Ok((status, _)) if is_passing(status.as_u16()) => Some(status.as_u16().to_string()),
        Err(ReadError::NoAnswer { error, .. }) => Some(transport_error(error)),
        _ => None,
    }
}

fn refused(path: &str, status: StatusCode, body: &[u8]) -> ReadError {
    ReadError::Refused { path: path.to_owned(), status: status.as_u16(), detail: explanation(body) }
}

fn parse<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(body)
        .map_err(|error| ReadError::Form { path: path.to_owned(), why: error.to_string() })
}

fn problem_code(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Problem>(body).ok()?.code
}
