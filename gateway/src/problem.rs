//! Problem details (RFC 9457): every error that a client sees is mapped to HTTP here and nowhere
//! else.

use std::collections::HashSet;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use common::program::chain;
use common::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::probes::Readiness;
pub(crate) use crate::problem_code::ProblemCode;
use crate::rates::TooFast;
use crate::room::NoRoom;
use crate::turns::TooManyWait;

/// One error in a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    #[serde(skip)]
    pub(crate) code: ProblemCode,
    /// The position of the entry in its batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) index: Option<usize>,
    /// The field of the body, the header, or the query parameter.
    pub(crate) field: String,
    /// What is wrong, in words.
    pub(crate) reason: String,
}

impl FieldError {
    pub(crate) fn new(code: ProblemCode, field: &str, reason: impl ToString) -> Self {
        Self { code, index: None, field: field.to_owned(), reason: reason.to_string() }
    }
}

/// Keeps only the first error of each field: it causes the others.
pub(crate) fn first_of_each_field(errors: &mut Vec<FieldError>) {
    let mut fields = HashSet::new();
    errors.retain(|error| fields.insert(error.field.clone()));
}

/// Members beyond those of RFC 9457: the ids to retry with, and the state of the ports.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Extensions {
    /// The record's tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) tenant_id: Option<String>,
    /// The id to retry the text with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) log_id: Option<String>,
    /// The `Idempotency-Key` to retry the batch with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) batch_id: Option<String>,
    /// The id to retry the event with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) event_id: Option<String>,
    /// The state of each port.
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
    /// A summary of the code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request, in words.
    detail: &'a str,
    code: ProblemCode,
    /// This occurrence, as a URN: the id of the request, which its log line has too.
    #[schema(format = "uri")]
    instance: String,
    /// The answer's `X-Request-Id`.
    request_id: &'a str,
    /// Every error, if there are several or they have a place.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    #[serde(flatten)]
    extensions: &'a Extensions,
}

/// An error for the client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: ProblemCode,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    extensions: Box<Extensions>,
}

impl Problem {
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            extensions: Box::default(),
        }
    }

    /// All errors at once. The code is the one that they share, otherwise `invalid-body`.
    pub(crate) fn invalid(mut errors: Vec<FieldError>) -> Self {
        first_of_each_field(&mut errors);
        let shared = errors.first().map(|first| first.code);
        let code = shared
            .filter(|code| errors.iter().all(|error| error.code == *code))
            .unwrap_or(ProblemCode::InvalidBody);
        let reasons: Vec<_> =
            errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect();
        Self { errors, ..Self::new(code, reasons.join("; ")) }
    }

    /// A passing fault: the client should try again.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::Unavailable, detail).header(RETRY_AFTER, "1")
    }

    /// No thread is free for the work.
    pub(crate) fn busy() -> Self {
        Self::unavailable("The gateway is busy. Try again.")
    }

    /// A fault of the gateway itself. The cause is in the log; the client cannot do anything about
    /// it.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(ProblemCode::Internal, "The gateway failed to handle the request.")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Self::new(ProblemCode::MethodNotAllowed, format!("Use {allow}.")).header(ALLOW, allow)
    }

    pub(crate) fn unauthorized() -> Self {
        let detail = "Send the token as `Authorization: Bearer …`.";
        Self::new(ProblemCode::Unauthorized, detail).header(WWW_AUTHENTICATE, "Bearer")
    }

    /// Says which forms a body may have, if its form is what is wrong.
    pub(crate) fn accepting(self, media_types: &'static str, codings: &'static str) -> Self {
        match self.code {
            ProblemCode::UnsupportedEncoding | ProblemCode::UnsupportedMediaType => {
                let accept_post = HeaderName::from_static("accept-post");
                self.header(accept_post, media_types).header(ACCEPT_ENCODING, codings)
            }
            _ => self,
        }
    }

    /// Adds members.
    pub(crate) fn with(self, extensions: Extensions) -> Self {
        Self { extensions: Box::new(extensions), ..self }
    }

    /// Adds errors, and keeps the code.
    pub(crate) fn because(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    pub(crate) fn code(&self) -> ProblemCode {
        self.code
    }

    /// What is wrong with this request, in words.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Every error, if there are several or they have a place.
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// What the answer says in headers, such as `Retry-After`.
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The answer, with the id of the request.
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
            instance: format!("urn:spillway:request:{request_id}"),
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

    /// The edge writes the answer again with the request's id.
    fn error_response(&self) -> HttpResponse {
        self.response("")
    }
}

impl From<TooFast> for Problem {
    fn from(error: TooFast) -> Self {
        let text = |text: String| HeaderValue::try_from(text).ok();
        let headers = [
            (RETRY_AFTER, Some(error.wait().into())),
            (HeaderName::from_static("ratelimit-policy"), text(error.policy())),
            (HeaderName::from_static("ratelimit"), text(error.left())),
        ];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let problem = Self::new(ProblemCode::RateLimited, error.to_string());
        Self { headers: headers.collect(), ..problem }
    }
}

impl From<TooManyWait> for Problem {
    fn from(error: TooManyWait) -> Self {
        Self::unavailable(format!("The tenant {} sends faster than the broker accepts.", error.0))
    }
}

impl From<NoRoom> for Problem {
    fn from(_: NoRoom) -> Self {
        Self::unavailable("Other requests are using all the memory for bodies. Try again.")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = chain(&error), "a request to the store failed");
        match error {
            StoreError::Passing(_)
            | StoreError::Contention(_)
            | StoreError::Changed
            | StoreError::Deployment(_) => {
                Self::unavailable("The store cannot be reached. Try again.")
            }
            StoreError::AlreadyExists | StoreError::Invalid(_) => {
                Self::new(ProblemCode::Internal, "The store refused the request.")
            }
        }
    }
}
