//! Problem details (RFC 9457): every error that a client sees, mapped to HTTP here and nowhere
//! else.

use std::collections::HashSet;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use common::store::StoreError;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::probes::Readiness;

/// The one table of codes: status, name and title of each.
macro_rules! codes {
    ($($code:ident = $status:literal $name:literal $title:literal,)*) => {
        /// What is wrong, as a stable name that clients may rely on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code {
            $($code,)*
        }

        impl Code {
            /// All of them, in the order of their statuses.
            pub(crate) const ALL: &[Self] = &[$(Self::$code,)*];

            fn row(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$code => ($status, $name, $title),)*
                }
            }
        }
    };
}

codes! {
    EmptyText = 400 "empty-text" "The text is empty",
    IdMismatch = 400 "id-mismatch" "The request names two records",
    InvalidBody = 400 "invalid-body" "The request is not valid",
    InvalidCsv = 400 "invalid-csv" "The body is not valid CSV",
    InvalidEncoding = 400 "invalid-encoding" "The body cannot be decompressed",
    InvalidEntries = 400 "invalid-entries" "The batch has no valid entries",
    InvalidId = 400 "invalid-id" "The id has not the form of an id",
    InvalidJson = 400 "invalid-json" "The body is not valid JSON",
    InvalidPageToken = 400 "invalid-page-token" "The page token is not valid",
    InvalidQuery = 400 "invalid-query" "A query parameter is not valid",
    InvalidTenant = 400 "invalid-tenant" "The tenant has not the form of one",
    InvalidUtf8 = 400 "invalid-utf8" "The body is not valid UTF-8",
    MissingField = 400 "missing-field" "A field is missing",
    MissingTenant = 400 "missing-tenant" "The request names no tenant",
    OutOfRange = 400 "out-of-range" "A field has a value that it must not have",
    TenantMismatch = 400 "tenant-mismatch" "The request names two tenants",
    WrongType = 400 "wrong-type" "A field has the wrong type",
    Unauthorized = 401 "unauthorized" "Reading needs a token",
    InProgress = 404 "in-progress" "The record is not processed yet",
    NotFound = 404 "not-found" "There is no such thing",
    MethodNotAllowed = 405 "method-not-allowed" "The method is not allowed",
    SlowBody = 408 "slow-body" "The body did not arrive in time",
    TooLarge = 413 "too-large" "The body is too large",
    UnsupportedEncoding = 415 "unsupported-encoding" "The content encoding is not supported",
    UnsupportedMediaType = 415 "unsupported-media-type" "The media type is not supported",
    Internal = 500 "internal" "Something went wrong here",
    NotReady = 503 "not-ready" "A part of the service does not answer",
    Unavailable = 503 "unavailable" "The service cannot take this now",
}

impl Code {
    pub(crate) fn as_str(self) -> &'static str {
        self.row().1
    }

    pub(crate) fn title(self) -> &'static str {
        self.row().2
    }

    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    #[serde(skip)]
    pub(crate) code: Code,
    /// Of which entry of a batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) index: Option<usize>,
    /// Where: a field of the body, a header, a query parameter.
    pub(crate) field: String,
    /// What is wrong there, for people.
    pub(crate) reason: String,
}

impl FieldError {
    pub(crate) fn new(code: Code, field: &str, reason: impl ToString) -> Self {
        Self { code, index: None, field: field.to_owned(), reason: reason.to_string() }
    }
}

/// Members beyond those of RFC 9457: the names to try again with, and what does not answer.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Extensions {
    /// Whose record it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) tenant_id: Option<String>,
    /// The text to send again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) log_id: Option<String>,
    /// The batch to send again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) batch_id: Option<String>,
    /// The event to send again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) event_id: Option<String>,
    /// What the parts of the service say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) probes: Option<Readiness>,
}

/// What is wrong with a request, or with the service (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Details<'a> {
    /// The code as a URN.
    #[serde(rename = "type")]
    #[schema(format = "uri")]
    urn: String,
    /// The code in words.
    title: &'static str,
    /// The answer's status.
    status: u16,
    /// What is wrong this time, for people.
    detail: &'a str,
    code: Code,
    /// The answer's `X-Request-Id`.
    request_id: &'a str,
    /// All things that are wrong, where they are several or have a place.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    #[serde(flatten)]
    extensions: &'a Extensions,
}

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(actix_web::http::header::HeaderName, &'static str)>,
    extensions: Box<Extensions>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            extensions: Box::default(),
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

    /// With more members.
    pub(crate) fn with(self, extensions: Extensions) -> Self {
        Self { extensions: Box::new(extensions), ..self }
    }

    /// With all that is wrong, whatever the code.
    pub(crate) fn because(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
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
        let mut response = HttpResponse::build(self.code.status());
        for header in &self.headers {
            response.insert_header(header.clone());
        }
        response.content_type(MEDIA_TYPE).json(self.details(request_id))
    }

    /// The body of the answer.
    pub(crate) fn details<'a>(&'a self, request_id: &'a str) -> Details<'a> {
        let (status, name, title) = self.code.row();
        Details {
            urn: format!("urn:spillway:problem:{name}"),
            title,
            status,
            detail: &self.detail,
            code: self.code,
            request_id,
            errors: &self.errors,
            extensions: &self.extensions,
        }
    }
}

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

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
