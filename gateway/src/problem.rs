//! Problem details (RFC 9457): every error that a client sees, mapped to HTTP here and nowhere
//! else.

use std::collections::HashSet;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use common::store::StoreError;
use serde::Serialize;
use serde_json::{Value, json};

/// What is wrong, as a stable name that clients may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    EmptyText,
    IdMismatch,
    InvalidBody,
    InvalidCsv,
    InvalidEncoding,
    InvalidEntries,
    InvalidId,
    InvalidJson,
    InvalidPageToken,
    InvalidQuery,
    InvalidTenant,
    InvalidUtf8,
    MissingField,
    MissingTenant,
    OutOfRange,
    TenantMismatch,
    WrongType,
    Unauthorized,
    InProgress,
    NotFound,
    MethodNotAllowed,
    SlowBody,
    TooLarge,
    UnsupportedEncoding,
    UnsupportedMediaType,
    Internal,
    NotReady,
    Unavailable,
}

impl Code {
    /// Status, name and title of each code.
    fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::EmptyText => (400, "empty-text", "The text is empty"),
            Self::IdMismatch => (400, "id-mismatch", "The request names two records"),
            Self::InvalidBody => (400, "invalid-body", "The request is not valid"),
            Self::InvalidCsv => (400, "invalid-csv", "The body is not valid CSV"),
            Self::InvalidEncoding => (400, "invalid-encoding", "The body cannot be decompressed"),
            Self::InvalidEntries => (400, "invalid-entries", "The batch has no valid entries"),
            Self::InvalidId => (400, "invalid-id", "The id has not the form of an id"),
            Self::InvalidJson => (400, "invalid-json", "The body is not valid JSON"),
            Self::InvalidPageToken => (400, "invalid-page-token", "The page token is not valid"),
            Self::InvalidQuery => (400, "invalid-query", "A query parameter is not valid"),
            Self::InvalidTenant => (400, "invalid-tenant", "The tenant has not the form of one"),
            Self::InvalidUtf8 => (400, "invalid-utf8", "The body is not valid UTF-8"),
            Self::MissingField => (400, "missing-field", "A field is missing"),
            Self::MissingTenant => (400, "missing-tenant", "The request names no tenant"),
            Self::OutOfRange => (400, "out-of-range", "A field has a value that it must not have"),
            Self::TenantMismatch => (400, "tenant-mismatch", "The request names two tenants"),
            Self::WrongType => (400, "wrong-type", "A field has the wrong type"),
            Self::Unauthorized => (401, "unauthorized", "Reading needs a token"),
            Self::InProgress => (404, "in-progress", "The record is not processed yet"),
            Self::NotFound => (404, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "The method is not allowed"),
            Self::SlowBody => (408, "slow-body", "The body did not arrive in time"),
            Self::TooLarge => (413, "too-large", "The body is too large"),
            Self::UnsupportedEncoding => {
                (415, "unsupported-encoding", "The content encoding is not supported")
            }
            Self::UnsupportedMediaType => {
                (415, "unsupported-media-type", "The media type is not supported")
            }
            Self::Internal => (500, "internal", "Something went wrong here"),
            Self::NotReady => (503, "not-ready", "A part of the service does not answer"),
            Self::Unavailable => (503, "unavailable", "The service cannot take this now"),
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.row().1
    }

    fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FieldError {
    #[serde(skip)]
    pub(crate) code: Code,
    /// Where: a field of the body, a header, a query parameter.
    pub(crate) field: String,
    /// What is wrong there, for people.
    pub(crate) reason: String,
}

impl FieldError {
    pub(crate) fn new(code: Code, field: &str, reason: impl ToString) -> Self {
        Self { code, field: field.to_owned(), reason: reason.to_string() }
    }
}

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(actix_web::http::header::HeaderName, &'static str)>,
    /// Members beyond those of RFC 9457, such as the id to try again with.
    extensions: Vec<(&'static str, Value)>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// All that is wrong at once. The code is the errors' own where they share one.
    pub(crate) fn invalid(mut errors: Vec<FieldError>) -> Self {
        // What is wrong with a field first is the cause of what is wrong with it next.
        let mut fields = HashSet::new();
        errors.retain(|error| fields.insert(error.field.clone()));
        let shared = errors.first().map(|first| first.code);
        let code = shared
            .filter(|code| errors.iter().all(|error| error.code == *code))
            .unwrap_or(Code::InvalidBody);
        let reasons: Vec<_> =
            errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect();
        Self { errors, ..Self::new(code, reasons.join("; ")) }
    }

    /// Not now; the client is to try again.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, detail).header(RETRY_AFTER, "1")
    }

    /// No thread is free for the work.
    pub(crate) fn busy() -> Self {
        Self::unavailable("Too busy. Try again.")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Self::new(Code::MethodNotAllowed, format!("This takes {allow}.")).header(ALLOW, allow)
    }

    pub(crate) fn unauthorized() -> Self {
        let detail = "Send the token as `Authorization: Bearer …`.";
        Self::new(Code::Unauthorized, detail).header(WWW_AUTHENTICATE, "Bearer")
    }

    /// With one more member.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.extensions.push((name, value.into()));
        self
    }

    fn header(mut self, name: actix_web::http::header::HeaderName, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The answer, which names the request.
    pub(crate) fn response(&self, request_id: &str) -> HttpResponse {
        let (status, code, title) = self.code.row();
        let mut body = json!({
            "type": format!("urn:spillway:problem:{code}"),
            "title": title,
            "status": status,
            "detail": self.detail,
            "code": code,
            "request_id": request_id,
        });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        for (name, value) in &self.extensions {
            body[*name] = value.clone();
        }
        let mut response = HttpResponse::build(self.code.status());
        for header in &self.headers {
            response.insert_header(header.clone());
        }
        response.content_type("application/problem+json").body(body.to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// The edge writes the answer again, with the request's id.
    fn error_response(&self) -> HttpResponse {
        self.response("")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, cause = ?std::error::Error::source(&error), "a read failed");
        match error {
            StoreError::Passing(_) | StoreError::Deployment(_) => {
                Self::unavailable("The store does not answer. Try again.")
            }
            StoreError::AlreadyExists | StoreError::Invalid(_) => {
                Self::new(Code::Internal, "The store refused a read.")
            }
        }
    }
}
