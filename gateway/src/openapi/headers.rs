//! The headers of responses.

use std::collections::BTreeMap;

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr};

use crate::problem::ProblemCode;

/// Each header of responses: its name, a description, and an example.
const HEADERS: [(&str, &str, &str); 14] = [
    ("Accept-Encoding", "The content encodings that a body may have.", "gzip, deflate, zstd"),
    ("Accept-Post", "The media types that a body may have.", "application/json, text/plain"),
    ("Access-Control-Allow-Origin", "Pages of any site may read the answer.", "*"),
    ("Allow", "The methods that the path supports.", "GET, HEAD"),
    ("Cache-Control", "How long the answer may be kept: not at all.", "no-store"),
    ("Content-Encoding", "The compression of a large answer, if the client takes gzip.", "gzip"),
    (
        "Link",
        "The next page, if there is one: the same query with another `page_token`.",
        "<?limit=10&page_token=dGVuYW50cy9hY21lL2V2ZW50cw>; rel=\"next\"",
    ),
    (
        "RateLimit",
        "What is left of the rate, and the seconds until more is accepted.",
        "\"records\";r=0;t=3",
    ),
    (
        "RateLimit-Policy",
        "What the tenant may send in how many seconds.",
        "\"records\";q=10000;w=10",
    ),
    ("Retry-After", "The seconds to wait before a retry.", "1"),
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

/// The headers that answers 200 of reads have in addition: of all, and of pages.
pub(crate) const OF_READS: [&str; 2] = ["Content-Encoding", "Vary"];
pub(crate) const OF_PAGES: [&str; 1] = ["Link"];

/// The header's name, and a reference to it.
pub(crate) fn named(name: &str) -> (String, RefOr<Header>) {
    (name.to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))))
}

/// Adds the header to the response.
pub(crate) fn add(response: ResponseBuilder, name: &str) -> ResponseBuilder {
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
