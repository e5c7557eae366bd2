//! Why somebody may not push, and what he is told.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use gcloud_sdk::id_token_verify::{IdTokenVerifyError, InvalidIdToken};
use serde_json::json;
use thiserror::Error;

/// Why a push is refused. To Pub/Sub each is a nack: the message comes again.
#[derive(Debug, Error)]
pub enum Refusal {
    /// There is no `Authorization: Bearer …`.
    #[error("the push bears no token")]
    NoToken,
    /// There is more than one `Authorization`.
    #[error("the push bears two tokens")]
    TwoTokens,
    /// It is no token, or not signed by Google for this worker, or out of date.
    #[error("the token is not valid")]
    Invalid(#[source] InvalidIdToken),
    /// Behind Cloud Run's check a token has no signature any more; this one does.
    #[error("the token has its signature still: Cloud Run has not checked it")]
    NotChecked,
    /// It does not say whose it is.
    #[error("the token names no e-mail address")]
    NoEmail,
    /// Google does not vouch for the address.
    #[error("the token's e-mail address is not verified")]
    EmailNotVerified,
    /// A good token of somebody else.
    #[error("{0} may not push")]
    OtherAccount(String),
    /// Nothing is known of the token: there are no keys to check it with. Passing.
    #[error("there are no keys to check the token with")]
    NoKeys(#[source] IdTokenVerifyError),
}

impl From<IdTokenVerifyError> for Refusal {
    fn from(error: IdTokenVerifyError) -> Self {
        match error {
            IdTokenVerifyError::InvalidToken(reason) => Self::Invalid(reason),
            unavailable @ IdTokenVerifyError::KeysUnavailable(_) => Self::NoKeys(unavailable),
        }
    }
}

impl From<InvalidIdToken> for Refusal {
    fn from(reason: InvalidIdToken) -> Self {
        Self::Invalid(reason)
    }
}

impl Refusal {
    /// The stable name in metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoToken => "no-token",
            Self::TwoTokens => "two-tokens",
            Self::Invalid(invalid) => match invalid {
                InvalidIdToken::UnknownKey(_) => "unknown-key",
                InvalidIdToken::BadSignature => "bad-signature",
                InvalidIdToken::Expired => "expired",
                InvalidIdToken::NotYetValid => "not-yet-valid",
                InvalidIdToken::WrongAudience => "wrong-audience",
                InvalidIdToken::WrongIssuer => "wrong-issuer",
                _ => "malformed",
            },
            Self::NotChecked => "not-checked",
            Self::NoEmail => "no-email",
            Self::EmailNotVerified => "email-not-verified",
            Self::OtherAccount(_) => "other-account",
            Self::NoKeys(_) => "no-keys",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::OtherAccount(_) => StatusCode::FORBIDDEN,
            Self::NoKeys(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The answer: a problem (RFC 9457), which says no more of the token than its sender knows.
    pub fn response(&self) -> HttpResponse {
        let status = self.status();
        let (code, header) = match status {
            StatusCode::FORBIDDEN => ("forbidden", None),
            StatusCode::SERVICE_UNAVAILABLE => ("unavailable", Some((RETRY_AFTER, "1"))),
            StatusCode::UNAUTHORIZED if matches!(self, Self::NoToken) => {
                ("unauthorized", Some((WWW_AUTHENTICATE, "Bearer")))
            }
            _ => ("unauthorized", Some((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))),
        };
        let body = json!({
            "type": format!("urn:spillway:problem:{code}"),
            "title": "The push is refused",
            "status": status.as_u16(),
            "detail": self.to_string(),
            "code": code,
            "reason": self.reason(),
        });
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        header.map(|header| response.insert_header(header));
        response.body(body.to_string())
    }
}
