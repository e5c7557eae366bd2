//! What the body of a batch is, by its `Content-Type`, the query, and how it begins.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpMessage as _, HttpRequest};

use super::media::is_json_lines;
use super::query;
use crate::formats::{self, Format};
use crate::problem::{FieldError, Problem, ProblemCode};

/// The media types of a batch, as `Accept-Post` lists them.
pub(crate) const ACCEPTED: &str = "application/json, application/x-ndjson, text/csv, text/plain";

/// How to read a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogMedia {
    /// `None`: the beginning of the body decides.
    format: Option<Format>,
    charset: Option<String>,
}

impl LogMedia {
    /// Reads the headers and the query.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if request.headers().get_all(CONTENT_TYPE).nth(1).is_some() {
            return Err(unsupported("The request has more than one Content-Type header."));
        }
        let mime = request.mime_type();
        let mime = mime.map_err(|_| unsupported("The Content-Type header is malformed."))?;
        let charset = mime.as_ref().and_then(|mime| mime.get_param("charset"));
        let charset = charset.map(|charset| charset.as_str().to_owned());
        let essence = mime.map(|mime| mime.essence_str().to_ascii_lowercase());
        let by_type = match essence.as_deref() {
            None | Some("application/x-www-form-urlencoded" | "application/octet-stream") => None,
            Some(essence) => Some(by_type(essence).ok_or_else(|| unknown_type(essence))?),
        };
        Ok(Self { format: named(request)?.or(by_type), charset })
    }

    /// The text of a body, and its format.
    pub(crate) fn read(self, body: Vec<u8>) -> Result<(Format, String), Problem> {
        let text = formats::decode(body, self.charset.as_deref())
            .map_err(|formats::UnknownCharset| unsupported("The charset is not known."))?;
        let looks_like_json = text.trim_start().starts_with(['{', '[']);
        match self.format {
            Some(format) => Ok((format, text)),
            None if looks_like_json => Ok((Format::Json, text)),
            None => Err(unsupported(
                "The request needs a Content-Type header that says what its body is: \
                 application/json, application/x-ndjson, text/csv or text/plain.",
            )),
        }
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
    unsupported(&format!(
        "The content type {essence:?} is not supported here. Use application/json, \
         application/x-ndjson, text/csv or text/plain."
    ))
}

fn unsupported(detail: &str) -> Problem {
    Problem::new(ProblemCode::UnsupportedMediaType, detail)
}

#[cfg(test)]
mod tests {
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
