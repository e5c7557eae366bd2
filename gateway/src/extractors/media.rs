//! What a body is: what its Content-Type says, or what it looks like if the header says nothing.
//!
//! A beacon with a Blob, `fetch` with bytes and `curl -d` name no type, or that of a form, whatever
//! they send. The content of such a body decides.

use actix_web::HttpRequest;

use super::content_type::{ContentType, URLENCODED};
use super::form;
use super::json::looks_like_json;
use super::json_fault;
use crate::problem::{Problem, ProblemCode};

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
        kind.must_be_utf8()?;
        if is_json(&kind.name) || (kind.says_little() && looks_like_json(&body)) {
            return Ok(Self::Json(body));
        }
        Ok(match (form::json_field(&kind, &body), kind.name.as_str()) {
            (Some(json), _) => Self::Json(json),
            (None, "text/plain") => Self::Text(body),
            (None, "" | URLENCODED) => Self::Unknown(body),
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
        let kind = ContentType::of(request)?;
        kind.must_be_utf8()?;
        if is_json(&kind.name) || kind.says_little() || others(&kind.name) {
            return Ok(());
        }
        Err(Self::Other(kind.name, Vec::new()).unsupported(supported))
    }

    /// The refusal of a body of this kind, which says what to send.
    pub(crate) fn unsupported(&self, supported: &str) -> Problem {
        let unsupported = |detail| Problem::new(ProblemCode::UnsupportedMediaType, detail);
        match self {
            Self::Other(name, _) => unsupported(format!(
                "The content type {name:?} is not supported here. Use {supported}."
            )),
            Self::Json(body) | Self::Text(body) | Self::Unknown(body) => {
                match json_fault::of_bytes(body) {
                    Some(fault) => Problem::new(ProblemCode::InvalidJson, fault),
                    None => unsupported(unlike_json(supported)),
                }
            }
        }
    }
}

/// What to add to a request whose body is not JSON, and whose header says little.
pub(super) fn unlike_json(supported: &str) -> String {
    format!(
        "The body does not begin like JSON, and its Content-Type is missing or that of a form. Add \
         the header Content-Type: {supported}."
    )
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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::super::content_type::{MULTIPART, URLENCODED as FORM};
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
