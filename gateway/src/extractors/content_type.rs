//! The Content-Type header of a request.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;

use crate::problem::{Problem, ProblemCode};

/// The type of forms, and of whatever `curl -d` and URLSearchParams send.
pub(super) const URLENCODED: &str = "application/x-www-form-urlencoded";
/// The type of a FormData.
pub(super) const MULTIPART: &str = "multipart/form-data";

/// The Content-Type header.
pub(super) struct ContentType {
    /// In lower case; empty if there is no such header.
    pub(super) name: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// Reads the header; a request may have one.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut lines = request.headers().get_all(CONTENT_TYPE);
        let line = lines.next().map_or(Ok(""), |line| line.to_str());
        if lines.next().is_some() {
            return Err(refuse("The request has more than one Content-Type header."));
        }
        line.ok().and_then(Self::parse).ok_or_else(|| {
            refuse(
                "The Content-Type header does not name a media type. Send one that does, such as \
                 Content-Type: application/json.",
            )
        })
    }

    /// Refuses a charset other than that of JSON.
    pub(super) fn must_be_utf8(&self) -> Result<(), Problem> {
        let is_utf8 = |charset: &str| {
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
        };
        if self.parameter("charset").is_none_or(is_utf8) {
            return Ok(());
        }
        Err(refuse(
            "The charset is not supported. Send the body in UTF-8, and charset=utf-8 or no charset in \
             the Content-Type header.",
        ))
    }

    /// Whether it is missing, or the type that beacons and `curl -d` send whatever the body is.
    pub(super) fn says_little(&self) -> bool {
        matches!(self.name.as_str(), "" | URLENCODED | MULTIPART)
    }

    /// The value of a parameter, such as `charset`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
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

fn refuse(detail: &str) -> Problem {
    Problem::new(ProblemCode::UnsupportedMediaType, detail)
}
