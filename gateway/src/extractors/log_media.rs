//! What the body of a batch is, by its `Content-Type`, the query, and how it begins.

use actix_web::HttpRequest;

use super::content_type::ContentType;
use super::form;
use super::json::looks_like_json;
use super::media::{is_json_lines, unlike_json};
use super::query;
use crate::formats::{self, Format};
use crate::problem::{FieldError, Problem, ProblemCode};

/// The media types of a batch, as `Accept-Post` lists them.
pub(crate) const ACCEPTED: &str = "application/json, application/x-ndjson, text/csv, text/plain";

/// The same, as a refusal names them.
const SUPPORTED: &str = "application/json, application/x-ndjson, text/csv or text/plain";
const UNKNOWN_CHARSET: &str = "The charset is not known. Send the body in UTF-8, and charset=utf-8 or \
    no charset in the Content-Type header.";

/// How to read a body.
pub(crate) struct LogMedia {
    /// `None`: the beginning of the body decides.
    format: Option<Format>,
    kind: ContentType,
}

impl LogMedia {
    /// Reads the headers and the query.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let kind = ContentType::of(request)?;
        let by_type = by_type(&kind.name);
        let may_be_anything = kind.says_little() || kind.name == "application/octet-stream";
        if by_type.is_none() && !may_be_anything {
            return Err(unknown_type(&kind.name));
        }
        Ok(Self { format: named(request)?.or(by_type), kind })
    }

    /// The text of a body, and its format.
    pub(crate) fn read(self, body: Vec<u8>) -> Result<(Format, String), Problem> {
        let body = if self.format.is_none() { self.out_of_form(body) } else { body };
        let text = formats::decode(body, self.kind.parameter("charset"))
            .map_err(|formats::UnknownCharset| unsupported(UNKNOWN_CHARSET))?;
        let begin = text.trim_start();
        match self.format {
            Some(format) => Ok((format, text)),
            None if begin.is_empty() || begin.starts_with(['{', '[']) => Ok((Format::Json, text)),
            None => Err(unsupported(&unlike_json(SUPPORTED))),
        }
    }

    /// The one field of a form that is JSON, or the body as it is.
    fn out_of_form(&self, body: Vec<u8>) -> Vec<u8> {
        if looks_like_json(&body) {
            return body;
        }
        form::json_field(&self.kind, &body).unwrap_or(body)
    }
}

/// The format that `?format=` names.
fn named(request: &HttpRequest) -> Result<Option<Format>, Problem> {
    let Some(name) = query::parameter(request, "format")? else { return Ok(None) };
    let format = Format::named(&name).ok_or_else(|| {
        let reason = format!("must be one of {}", Format::NAMES.join(", "));
        Problem::invalid(vec![FieldError::new(ProblemCode::InvalidQuery, "format", reason)])
    })?;
    Ok(Some(format))
}

fn by_type(essence: &str) -> Option<Format> {
    match essence {
        "text/plain" | "text/x-log" => Some(Format::Lines(None)),
        "text/csv" | "application/csv" | "text/tab-separated-values" => Some(Format::Csv),
        "application/json" | "text/json" => Some(Format::Json),
        lines if is_json_lines(lines) => Some(Format::Json),
        _ => None,
    }
}

fn unknown_type(essence: &str) -> Problem {
    unsupported(&format!("The content type {essence:?} is not supported here. Use {SUPPORTED}."))
}

fn unsupported(detail: &str) -> Problem {
    Problem::new(ProblemCode::UnsupportedMediaType, detail)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::test::TestRequest;

    use super::*;

    fn read(content_type: Option<&'static str>, query: &str, body: &str) -> Result<Format, String> {
        let request = TestRequest::with_uri(&format!("/logs{query}"));
        let request = match content_type {
            Some(content_type) => request.insert_header((CONTENT_TYPE, content_type)),
            None => request,
        };
        let media =
            LogMedia::of(&request.to_http_request()).map_err(|problem| problem.to_string())?;
        let read = media.read(body.as_bytes().to_vec()).map_err(|problem| problem.to_string())?;
        Ok(read.0)
    }

    #[test]
    fn the_query_decides_then_the_type_then_the_body() {
        let cases = [
            (Some("application/json; charset=utf-8"), "", "x", Format::Json),
            (Some("Application/X-NDJSON"), "", "x", Format::Json),
            (Some("text/csv; header=present"), "", "x", Format::Csv),
            (Some("text/plain; charset=iso-8859-1"), "", "{", Format::Lines(None)),
            (Some("text/plain"), "?format=CSV", "x", Format::Csv),
            (None, "?format=auto", "x", Format::Lines(None)),
            (None, "", " {", Format::Json),
            (Some("application/x-www-form-urlencoded"), "", "[", Format::Json),
            (Some("application/octet-stream"), "", "\u{feff}[", Format::Json),
            (Some("application/x-www-form-urlencoded"), "", "data=%5B%7B%7D%5D", Format::Json),
            (Some(""), "", "{}", Format::Json),
            (None, "", "", Format::Json),
        ];
        for (content_type, query, body, format) in cases {
            assert_eq!(read(content_type, query, body), Ok(format), "{content_type:?} {query}");
        }
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for (content_type, query) in [
            (None, ""),
            (Some("application/x-www-form-urlencoded"), ""),
            (Some("text/html"), ""),
            (Some("text/plain; charset=klingon"), ""),
            (Some("nonsense"), ""),
        ] {
            let problem = read(content_type, query, "1.2.3.4").expect_err("it is not known");
            assert!(problem.starts_with("unsupported-media-type: "), "{content_type:?}: {problem}");
        }
        let problem = read(None, "?format=xml", "x").expect_err("it is not known");
        assert!(
            problem.starts_with("invalid-query: format must be one of auto, alb, elb, combined")
        );
    }
}
