//! Reads from a deployment through its public API: listings, documents, quarantine.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::ProgressBar;
use reqwest::header::HeaderValue;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::answer::{explanation, is_passing, transport_error};
use crate::backoff::Pace;

/// Reads, and tries again what may pass.
pub(super) struct Reader {
    pub(super) client: reqwest::Client,
    /// The server's base URL, without a slash at its end.
    pub(super) base: String,
    /// `Bearer …`, where the reads need one.
    pub(super) authorization: Option<HeaderValue>,
    /// The pauses between the tries of one read.
    pub(super) pace: Pace,
    /// Until when failing reads are tried again.
    pub(super) deadline: Instant,
    /// How long a failing read is tried again, at least, also after the deadline.
    pub(super) grace: Duration,
    /// Nothing is tried again once this is cancelled.
    pub(super) hurry: CancellationToken,
    /// Where a server that does not answer is shown.
    pub(super) bar: ProgressBar,
}

/// Why something could not be read.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    /// The server answered something else than what was asked for.
    #[error("{path} was answered {status}: {detail}")]
    Refused { path: String, status: u16, detail: String },
    /// There was no answer.
    #[error("{path} had no answer: {why}")]
    NoAnswer { path: String, why: String, connect: bool },
    /// The answer has another form than the API's.
    #[error("{path} was answered in another form than the API's: {why}")]
    Form { path: String, why: String },
    /// The pages of a listing lead in a circle.
    #[error("the listing {path} has no end: it gave the same page token twice")]
    Endless { path: String },
}

/// One item of the listing of a tenant's records.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Item {
    pub(super) log_id: String,
    pub(super) source: Option<String>,
    pub(super) received_at: Option<DateTime<Utc>>,
    pub(super) processed_at: Option<DateTime<Utc>>,
    pub(super) parts: Option<u32>,
}

/// One item of a tenant's quarantine.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Quarantined {
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) reason: String,
}

/// What of a whole document is compared with what was sent.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Document {
    pub(super) source: Option<String>,
    /// Absent where the deployment stores no originals.
    pub(super) original_text: Option<String>,
    pub(super) processed_at: Option<DateTime<Utc>>,
}

/// What there is under a record's id.
#[derive(Clone, Debug)]
pub(super) enum Lookup {
    Found(Document),
    InProgress,
    NotFound,
}

/// A page of either listing.
pub(super) trait Page: DeserializeOwned {
    /// What it lists.
    type Item;
    /// The last segment of its path.
    const RESOURCE: &'static str;
    /// Its items, and the token of the next page.
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

/// The problem document of an error, as far as it matters here.
#[derive(Deserialize)]
struct Problem {
    code: Option<String>,
}

/// A page through a listing: what is known between two pages.
pub(super) struct Walk {
    path: String,
    token: Option<String>,
    seen: HashSet<String>,
    ended: bool,
}

impl Walk {
    /// A walk through a tenant's listing, from its beginning.
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
    /// The next page of a walk, or nothing after the last one.
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

    /// Asks for one page, once, to learn whether there is a server and whether it lets us read.
    pub(super) async fn probe(&self, tenant: &str) -> Result<(), ReadError> {
        let path = format!("/tenants/{tenant}/{}", StoredPage::RESOURCE);
        let (status, body) = self.try_get(&path, &[("limit", "1")]).await?;
        match status {
            StatusCode::OK => parse::<StoredPage>(&path, &body).map(drop),
            // It is there, and only busy.
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

    /// One read, tried again while the reason for its failing may pass.
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
            let pause = self.pace.pause(tries, None);
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
        let no_answer = |error: reqwest::Error| ReadError::NoAnswer {
            path: path.to_owned(),
            why: transport_error(&error),
            connect: error.is_connect(),
        };
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
        Err(ReadError::NoAnswer { why, .. }) => Some(why.clone()),
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
