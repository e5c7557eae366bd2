//! The sites whose pages may read: `READ_ORIGINS`.

use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use thiserror::Error;

/// What a page may read of an answer besides its body.
const EXPOSED: &str = "link, ratelimit, ratelimit-policy, retry-after, x-request-id";
/// How long a browser may remember what a page may do, in seconds: a day.
const MAX_AGE: &str = "86400";

/// The origins of a comma-separated list, which may be empty, as pages send them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOrigins(Vec<HeaderValue>);

/// The text is no origin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not an origin; write one as https://stats.example.com, without a path")]
pub struct NotAnOrigin(String);

impl FromStr for ReadOrigins {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let origins = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
        origins.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

/// Browsers write the scheme and the host in lower case.
fn origin(text: &str) -> Result<HeaderValue, NotAnOrigin> {
    let origin = text.to_ascii_lowercase();
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte);
    let is_origin = host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_part));
    let value = HeaderValue::from_str(&origin).ok().filter(|_| is_origin);
    value.ok_or_else(|| NotAnOrigin(text.to_owned()))
}

impl ReadOrigins {
    /// The origin of the request, if it is one of these.
    fn find<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        headers.get(ORIGIN).filter(|origin| self.0.contains(origin))
    }
}

/// The answer to a browser that asks whether a page of one of these origins may read here; `None` if it
/// asks for something else.
pub(crate) fn preflight(origins: &ReadOrigins, request: &ServiceRequest) -> Option<HttpResponse> {
    if origins.0.is_empty() || *request.method() != Method::OPTIONS {
        return None;
    }
    let headers = request.headers();
    let method = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if (method != "GET" && method != "HEAD") || origins.find(headers).is_none() {
        return None;
    }
    let mut answer = HttpResponse::NoContent();
    answer.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"));
    answer.insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
    answer.insert_header((VARY, "access-control-request-headers"));
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, asked.clone()));
    }
    Some(answer.finish())
}

/// Lets pages of these origins read the answer, if it is one to a read and says nothing about that yet.
pub(crate) fn allow(origins: &ReadOrigins, answer: &mut ServiceResponse) {
    if origins.0.is_empty() {
        return;
    }
    let is_read =
        matches!(*answer.request().method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_read || answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    let origin = origins.find(answer.request().headers()).cloned();
    let headers = answer.headers_mut();
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<String>> {
        let origins: ReadOrigins = text.parse().ok()?;
        Some(origins.0.iter().map(|origin| origin.to_str().expect("a text").to_owned()).collect())
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert_eq!(read(""), Some(vec![]));
        let both = vec!["https://a.example".to_owned(), "http://[::1]:5173".to_owned()];
        assert_eq!(read("HTTPS://A.example, http://[::1]:5173"), Some(both));
        for text in ["*", "a.example", "https://", "https://a.example/", "ftp://a", "https://a,"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
