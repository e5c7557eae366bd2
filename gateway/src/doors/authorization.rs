//! What clients send as `Authorization`: their protocol's key, which names the tenant here.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What follows the scheme, such as `Splunk`.
pub(super) fn with_scheme<'r>(request: &'r HttpRequest, scheme: &str) -> Option<&'r str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then_some(rest.trim())
}

/// The user's name and the password.
pub(super) fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let plain = STANDARD.decode(with_scheme(request, "Basic")?).ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let (name, password) = plain.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
