//! The headers of responses.

use std::collections::BTreeMap;

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr};

use crate::problem::Code;

/// Each header that a response may have: its name, what it says, and an example.
const HEADERS: [(&str, &str, &str); 14] = [
    ("Access-Control-Allow-Origin", "Pages of any site may read the answer.", "*"),
    ("Allow", "What the path takes.", "GET, HEAD"),
    ("Cache-Control", "How long the file may be kept.", "no-cache"),
    ("Content-Encoding", "How the file travels, where the client takes it.", "gzip"),
    ("Content-Security-Policy", "What the page may load and do.", "default-src 'self'"),
    ("Cross-Origin-Resource-Policy", "Whose pages may load the file.", "cross-origin"),
    ("ETag", "Names the content of the file.", "W/\"5f2a\""),
    ("Referrer-Policy", "What links from the page say of it.", "no-referrer"),
    ("Retry-After", "Seconds after which to try again.", "1"),
    ("Service-Worker-Allowed", "Where the worker may serve.", "/demo"),
    ("Vary", "What of the request the answer depends on.", "accept-encoding"),
    ("WWW-Authenticate", "How to show that one may read.", "Bearer"),
    ("X-Content-Type-Options", "The content is what its type says.", "nosniff"),
    ("X-Request-Id", "The name of the request: its own, or a made one.", "docs-1"),
];

/// What every answer has.
pub(crate) const ALWAYS: [&str; 2] = ["X-Content-Type-Options", "X-Request-Id"];

/// What answers to the pages of other sites have.
pub(crate) const TO_BROWSERS: [&str; 1] = ["Access-Control-Allow-Origin"];

/// What the problems of a code have beyond that.
pub(crate) fn of_code(code: &Code) -> Option<&'static str> {
    match code {
        Code::Unauthorized => Some("WWW-Authenticate"),
        Code::MethodNotAllowed => Some("Allow"),
        Code::Unavailable => Some("Retry-After"),
        _ => None,
    }
}

/// A reference to the header.
pub(crate) fn reference(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// The response with the header.
pub(crate) fn add(response: ResponseBuilder, name: &str) -> ResponseBuilder {
    let mut names = HEADERS.iter().map(|(known, ..)| *known);
    let name = names.find(|known| known.eq_ignore_ascii_case(name)).unwrap_or(name);
    response.header_ref(name, Ref::new(format!("#/components/headers/{name}")))
}

/// All of them, by name.
pub(crate) fn all() -> BTreeMap<String, RefOr<Header>> {
    let header = |(name, about, example): &(&str, &str, &str)| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new().schema(Some(text)).description(Some(*about));
        ((*name).to_owned(), header.example(Some((*example).into())).build().into())
    };
    HEADERS.iter().map(header).collect()
}
