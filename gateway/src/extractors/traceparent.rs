//! The W3C trace context of a request, passed on to the worker if it is well-formed.

use actix_web::HttpRequest;

/// Bytes of `00-<32 hex>-<16 hex>-<2 hex>`.
const BYTES: usize = 55;

/// The header's value; `None` if it is missing or malformed.
pub(crate) fn of(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get("traceparent")?.to_str().ok()?;
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-';
    (value.len() == BYTES && value.bytes().all(is_hex)).then(|| value.to_owned())
}
