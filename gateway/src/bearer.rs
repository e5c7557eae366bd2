//! The bearer token of a request.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use common::hash;

/// Whether the request has this token. Compares digests, so that the time it takes reveals nothing about the token.
pub(crate) fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.split_once(' '));
    given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && hash::sha256(given.trim()) == hash::sha256(token)
    })
}
