//! What came back for a request: an answer with its status, or why there was no answer.

use std::error::Error;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// The longest explanation that is kept, in characters.
const DETAIL_CHARACTERS: usize = 300;

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The server answered.
    Status {
        code: u16,
        retry_after: Option<Duration>,
        /// What the body of a failure says.
        detail: String,
    },
    /// Why there was no answer.
    Transport(String),
}

impl Answer {
    /// Reads the whole answer, so that the connection can be reused.
    pub(crate) async fn of(sent: reqwest::Result<reqwest::Response>) -> Self {
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Self::Transport(transport_error(&error)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        // The status decides: a 202 stays a 202 even if its body breaks off.
        let body = response.bytes().await.unwrap_or_default();
        let detail = if status.is_success() { String::new() } else { explanation(&body) };
        Self::Status { code: status.as_u16(), retry_after: retry_after(&headers), detail }
    }

    /// Whether the server promised to keep the record.
    pub(crate) fn is_promise(&self) -> bool {
        matches!(self, Self::Status { code: 202, .. })
    }

    /// Whether the same request may succeed later: there was no answer, or the server or a proxy
    /// cannot serve it now.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Status { code, .. } => is_passing(*code),
            Self::Transport(_) => true,
        }
    }

    /// How long the server asked to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Transport(_) => None,
        }
    }

    /// The name that the report counts it under.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Status { code, .. } => code.to_string(),
            Self::Transport(why) => why.clone(),
        }
    }

    /// The name, with the server's explanation if there is one.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Status { code, detail, .. } if !detail.is_empty() => format!("{code}: {detail}"),
            other => other.label(),
        }
    }
}

/// Whether the same request may succeed later.
pub(crate) fn is_passing(code: u16) -> bool {
    matches!(code, 429 | 502 | 503 | 504)
}

/// What a body says went wrong: a problem's detail and request id, or the start of the text.
pub fn explanation(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = match (problem["detail"].as_str(), problem["request_id"].as_str()) {
        (Some(detail), Some(request)) => format!("{detail} (request {request})"),
        (Some(detail), None) => detail.to_owned(),
        (None, _) => String::from_utf8_lossy(body).into_owned(),
    };
    text.trim().chars().take(DETAIL_CHARACTERS).collect()
}

/// Why there was no answer, in the same words for each request, because the report counts by them.
pub(crate) fn transport_error(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "time-out".to_owned();
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return cause.to_string();
        }
        source = cause.source();
    }
    if error.is_connect() { "cannot connect" } else { "connection closed before the answer" }
        .to_owned()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    value
        .parse()
        .map(Duration::from_secs)
        .ok()
        .or_else(|| until(DateTime::parse_from_rfc2822(value).ok()?.to_utc()))
}

fn until(moment: DateTime<Utc>) -> Option<Duration> {
    (moment - Utc::now()).to_std().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let value = HeaderValue::from_str(value).expect("a header's value");
        HeaderMap::from_iter([(RETRY_AFTER, value)])
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let in_an_hour = (Utc::now() + Duration::from_hours(1)).to_rfc2822();
        let hour = retry_after(&headers(&in_an_hour)).expect("a date");
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert!(hour > Duration::from_mins(59) && hour <= Duration::from_hours(1));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), None);
        assert_eq!(retry_after(&headers("soon")), None);
    }

    #[test]
    fn a_problem_is_explained_by_its_detail_and_any_other_body_by_its_start() {
        let problem = br#"{"title":"Bad","detail":"no such site","request_id":"r-1"}"#;
        assert_eq!(explanation(problem), "no such site (request r-1)");
        assert_eq!(explanation(br#"{"detail":"no such site"}"#), "no such site");
        assert_eq!(explanation(br#" {"error":1} "#), r#"{"error":1}"#);
        assert_eq!(explanation("é".repeat(1_000).as_bytes()), "é".repeat(300));
    }

    #[test]
    fn only_failures_that_may_pass_are_retried() {
        let status = |code| Answer::Status { code, retry_after: None, detail: String::new() };
        for code in [429, 502, 503, 504] {
            assert!(status(code).is_passing(), "{code}");
        }
        for code in [200, 202, 400, 404, 413, 415, 500] {
            assert!(!status(code).is_passing(), "{code}");
        }
        assert!(Answer::Transport("time-out".to_owned()).is_passing());
        assert!(status(202).is_promise() && !status(200).is_promise());
    }
}
