//! What a body is: what its Content-Type says, or what it looks like if the header says nothing.
//!
//! A beacon with a Blob, `fetch` with bytes and `curl -d` name no type, or that of a form, whatever
//! they send. The content of such a body decides.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Query;

use super::json::BYTE_ORDER_MARK;
use super::json_fault;
use crate::problem::{Problem, ProblemCode};

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// A body, by its kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// JSON: the body, or the one field of a form that is JSON.
    Json(Vec<u8>),
    /// `text/plain`.
    Text(Vec<u8>),
    /// Something that is not JSON, with no media type or that of a form.
    Unknown(Vec<u8>),
    /// Another media type, in lower case and without parameters.
    Other(String, Vec<u8>),
}

impl Media {
    /// The body of a request, which must be in UTF-8.
    pub(crate) fn of(request: &HttpRequest, body: Vec<u8>) -> Result<Self, Problem> {
        let kind = ContentType::of(request)?;
        let is_form = matches!(kind.name.as_str(), "" | FORM | MULTIPART);
        if is_json(&kind.name) || (is_form && looks_like_json(&body)) {
            return Ok(Self::Json(body));
        }
        let field = match kind.name.as_str() {
            FORM => in_form(&body),
            MULTIPART => kind.parameter("boundary").and_then(|it| in_multipart(&body, it)),
            _ => None,
        };
        Ok(match (field, kind.name.as_str()) {
            (Some(json), _) => Self::Json(json),
            (None, "text/plain") => Self::Text(body),
            (None, "" | FORM) => Self::Unknown(body),
            (None, _) => Self::Other(kind.name, body),
        })
    }

    /// Refuses a body by its media type alone, if it can be neither JSON nor, by its name, one of
    /// `others`. Callers read the body with [`Self::of`].
    pub(crate) fn check(
        request: &HttpRequest,
        others: impl Fn(&str) -> bool,
        supported: &str,
    ) -> Result<(), Problem> {
        let name = ContentType::of(request)?.name;
        let may_be = is_json(&name) || matches!(name.as_str(), "" | FORM | MULTIPART);
        if may_be || others(&name) {
            return Ok(());
        }
        Err(Self::Other(name, Vec::new()).unsupported(supported))
    }

    /// The refusal of a body of this kind, which says what to send.
    pub(crate) fn unsupported(&self, supported: &str) -> Problem {
        let detail = match self {
            Self::Other(name, _) => {
                format!("The content type {name:?} is not supported here. Use {supported}.")
            }
            Self::Json(body) | Self::Text(body) | Self::Unknown(body) => {
                json_fault::of_bytes(body).unwrap_or_else(|| {
                    format!(
                        "The body does not begin like JSON, and its Content-Type is missing or that \
                        of a form. Add the header Content-Type: {supported}."
                    )
                })
            }
        };
        Problem::new(ProblemCode::UnsupportedMediaType, detail)
    }
}

/// The Content-Type header.
struct ContentType {
    /// In lower case; empty if there is no such header.
    name: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// Reads the header. The charset must be UTF-8.
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let refuse = |detail: &str| Problem::new(ProblemCode::UnsupportedMediaType, detail);
        let mut lines = request.headers().get_all(CONTENT_TYPE);
        let line = lines.next().map_or(Ok(""), |line| line.to_str());
        if lines.next().is_some() {
            return Err(refuse("The request has more than one Content-Type header."));
        }
        let kind = line.ok().and_then(Self::parse);
        let kind = kind.ok_or_else(|| refuse("The Content-Type header is malformed."))?;
        let is_utf8 = |charset: &str| {
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
        };
        if kind.parameter("charset").is_none_or(is_utf8) {
            return Ok(kind);
        }
        Err(refuse("The charset is not supported. Use utf-8."))
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(';').map(str::trim);
        let name = fields.next()?.to_ascii_lowercase();
        let is_token = |text: &str| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-*".contains(&byte);
            !text.is_empty() && text.bytes().all(is_part)
        };
        let is_valid =
            name.split_once('/').is_some_and(|(one, two)| is_token(one) && is_token(two));
        let parameter = |field: &str| {
            let (name, value) = field.split_once('=')?;
            let value = value.trim().trim_matches('"').to_owned();
            Some((name.trim().to_ascii_lowercase(), value))
        };
        let parameters = fields.filter_map(parameter).collect();
        (is_valid || name.is_empty()).then_some(Self { name, parameters })
    }
}

/// `application/json`, `text/json`, and types such as `application/cloudevents+json`.
fn is_json(name: &str) -> bool {
    matches!(name, "application/json" | "text/json")
        || (name.starts_with("application/") && name.ends_with("+json"))
}

/// The names for JSON values on a line each.
pub(crate) fn is_json_lines(name: &str) -> bool {
    matches!(
        name,
        "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines"
            | "application/json-lines"
            | "application/stream+json"
            | "application/x-json-stream"
    )
}

fn looks_like_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const JSON: &str = r#"{"site_id":"a&b=c","n":"%41+"}"#;

    fn of(kind: Option<&str>, body: &str) -> Result<Media, ProblemCode> {
        let request = TestRequest::default();
        let request = match kind {
            Some(kind) => request.insert_header(("content-type", kind.to_owned())),
            None => request,
        };
        let body = body.as_bytes().to_vec();
        Media::of(&request.to_http_request(), body).map_err(|problem| problem.code())
    }

    fn json(text: &str) -> Result<Media, ProblemCode> {
        Ok(Media::Json(text.into()))
    }

    #[test]
    fn a_media_type_is_known_in_any_spelling() {
        for kind in [
            "application/json",
            "Application/JSON",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json;",
            "application/json; charset=utf-8; profile=x",
            " text/json ",
            "application/cloudevents+json",
            "application/vnd.api+json; charset=utf8",
        ] {
            assert_eq!(of(Some(kind), "anything"), json("anything"), "{kind}");
        }
        for kind in ["text/plain", "TEXT/PLAIN; charset=us-ascii"] {
            assert_eq!(of(Some(kind), JSON), Ok(Media::Text(JSON.into())), "{kind}");
        }
        let other = Media::Other("text/csv".to_owned(), JSON.into());
        assert_eq!(of(Some("Text/CSV; header=present"), JSON), Ok(other));
    }

    #[test]
    fn a_body_without_a_type_or_with_that_of_a_form_is_looked_at() {
        let boundary = "multipart/form-data; boundary=x";
        for kind in [
            None,
            Some(""),
            Some(FORM),
            Some("Application/X-WWW-Form-Urlencoded;charset=UTF-8"),
            Some(boundary),
        ] {
            let texts = [
                JSON.to_owned(),
                format!(" \n{JSON}"),
                format!("\u{feff}{JSON}"),
                format!("[{JSON}]"),
            ];
            for text in texts {
                assert_eq!(of(kind, &text), json(&text), "{kind:?} {text}");
            }
        }
        for kind in [None, Some(FORM)] {
            for text in ["", "hello", "a=b&c=d", "\"a\"", "7", "a={}&b={}"] {
                assert_eq!(of(kind, text), Ok(Media::Unknown(text.into())), "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn a_form_with_one_json_field_is_that_json() {
        let escaped = "%7B%22a%22%3A%22b+c%2Bd%22%7D";
        for form in
            [escaped.to_owned(), format!("data={escaped}"), format!("v=1&data={escaped}&z=")]
        {
            assert_eq!(of(Some(FORM), &form), json(r#"{"a":"b c+d"}"#), "{form}");
        }
        let part = |head: &str, text: &str| {
            format!("--x-1\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
        };
        let blob = "name=\"data\"; filename=\"blob\"\r\nContent-Type: application/json";
        let forms = [
            part("name=\"data\"", JSON),
            part(blob, JSON),
            part("name=\"v\"", "1") + &part(blob, JSON),
        ];
        for form in forms {
            for kind in
                ["multipart/form-data; boundary=x-1", "Multipart/Form-Data; Boundary=\"x-1\""]
            {
                assert_eq!(of(Some(kind), &format!("{form}--x-1--\r\n")), json(JSON), "{form}");
            }
        }
        let twice = part("name=\"a\"", JSON).repeat(2) + "--x-1--";
        let other = Media::Other(MULTIPART.to_owned(), twice.clone().into());
        assert_eq!(of(Some("multipart/form-data; boundary=x-1"), &twice), Ok(other));
    }

    #[test]
    fn a_type_that_cannot_be_read_is_refused() {
        for kind in [
            "text",
            "a/b/c",
            "/",
            "application/json; charset=iso-8859-1",
            "text/plain;charset=utf-16",
            "\u{e4}/b",
        ] {
            assert_eq!(of(Some(kind), JSON), Err(ProblemCode::UnsupportedMediaType), "{kind}");
        }
    }
}
