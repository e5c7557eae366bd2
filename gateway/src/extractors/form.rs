//! JSON that a beacon sends within a form.

use actix_web::web::Query;

use super::content_type::{ContentType, MULTIPART, URLENCODED};
use super::json::looks_like_json;

/// The one field of a form that is JSON, if the body is a form and has one.
pub(super) fn json_field(kind: &ContentType, body: &[u8]) -> Option<Vec<u8>> {
    match kind.name.as_str() {
        URLENCODED => in_form(body),
        MULTIPART => in_multipart(body, kind.parameter("boundary")?),
        _ => None,
    }
}

/// The one field of a form that is JSON. If a field has no value, its name is the JSON.
fn in_form(body: &[u8]) -> Option<Vec<u8>> {
    let fields =
        Query::<Vec<(String, String)>>::from_query(std::str::from_utf8(body).ok()?).ok()?;
    let texts = fields.into_inner().into_iter().flat_map(|(name, value)| [name, value]);
    one(texts.map(String::into_bytes).filter(|text| looks_like_json(text)))
}

/// The one part of a multipart form that is JSON.
fn in_multipart(body: &[u8], boundary: &str) -> Option<Vec<u8>> {
    let delimiter = format!("--{boundary}");
    let parts = split(body, delimiter.as_bytes()).into_iter().skip(1);
    let content = |part| {
        let (_, content) = split_once(part, b"\r\n\r\n")?;
        Some(content.strip_suffix(b"\r\n").unwrap_or(content))
    };
    one(parts.filter_map(content).filter(|text| looks_like_json(text))).map(<[u8]>::to_vec)
}

fn one<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

fn split<'a>(mut rest: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while let Some((piece, after)) = split_once(rest, separator) {
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn split_once<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(separator.len()).position(|window| window == separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}
