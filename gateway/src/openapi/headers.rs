//! The headers of responses.

use std::collections::BTreeMap;

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr};

use crate::problem::ProblemCode;

/// Each header of responses: its name, a description, and an example.
const HEADERS: [(&str, &str, &str); 18] = [
    ("Accept-Encoding", "The content encodings that a body may have.", "gzip, deflate, zstd"),
    ("Accept-Post", "The media types that a body may have.", "application/json, text/plain"),
    ("Access-Control-Allow-Origin", "Pages of any site may read the answer.", "*"),
    ("Allow", "The methods that the path supports.", "GET, HEAD"),
    (
        "Cache-Control",
        "How long the answer may be kept: `no-store` for everything but files.",
        "no-store",
    ),
    ("Content-Encoding", "The compression of the file, if the client accepts it.", "gzip"),
    ("Content-Security-Policy", "What the page may load and do.", "default-src 'self'"),
    ("Cross-Origin-Resource-Policy", "Which origins may load the file.", "cross-origin"),
    ("ETag", "Identifies the content of the file.", "W/\"5f2a\""),
    ("RateLimit", "What is left of the rate, and the seconds until it is.", "\"records\";r=0;t=3"),
    (
        "RateLimit-Policy",
        "What the tenant may send in how many seconds.",
        "\"records\";q=10000;w=10",
    ),
    ("Referrer-Policy", "What links from the page reveal about it.", "no-referrer"),
    ("Retry-After", "The seconds to wait before a retry.", "1"),
    ("Service-Worker-Allowed", "The scope of the service worker.", "/demo"),
    ("Vary", "The request headers that the answer depends on.", "accept-encoding"),
    ("WWW-Authenticate", "The scheme of the token that is needed.", "Bearer"),
    ("X-Content-Type-Options", "Browsers must not guess the content type.", "nosniff"),
    ("X-Request-Id", "The id of the request: the client's, or a random one.", "docs-1"),
];

/// The headers of every answer.
pub(crate) const ALWAYS: [&str; 3] = ["Cache-Control", "X-Content-Type-Options", "X-Request-Id"];

/// The headers of answers to pages of other sites.
pub(crate) const TO_BROWSERS: [&str; 1] = ["Access-Control-Allow-Origin"];

/// The headers that problems of this code have in addition. All problems of a body with status 415
/// have the same.
pub(crate) fn of_code(code: &ProblemCode) -> &'static [&'static str] {
    match code {
        ProblemCode::Unauthorized => &["WWW-Authenticate"],
        ProblemCode::MethodNotAllowed => &["Allow"],
        ProblemCode::RateLimited => &["RateLimit", "RateLimit-Policy", "Retry-After"],
        ProblemCode::Unavailable => &["Retry-After"],
        ProblemCode::UnsupportedEncoding => &["Accept-Encoding", "Accept-Post"],
        _ => &[],
    }
}

/// A reference to the header.
pub(crate) fn reference(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// Adds the header to the response.
pub(crate) fn add(response: ResponseBuilder, name: &str) -> ResponseBuilder {
    let mut names = HEADERS.iter().map(|(known, ..)| *known);
    let name = names.find(|known| known.eq_ignore_ascii_case(name)).unwrap_or(name);
    response.header_ref(name, Ref::new(format!("#/components/headers/{name}")))
}

/// All headers, by name.
pub(crate) fn all() -> BTreeMap<String, RefOr<Header>> {
    let header = |(name, about, example): &(&str, &str, &str)| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new().schema(Some(text)).description(Some(*about));
        ((*name).to_owned(), header.example(Some((*example).into())).build().into())
    };
    HEADERS.iter().map(header).collect()
}
