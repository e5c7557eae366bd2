//! Why a push is refused, and the answer that says so.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use gcloud_sdk::id_token_verify::{IdTokenVerifyError, InvalidIdToken};
use serde_json::json;
use thiserror::Error;

/// Why a push is refused. To Pub/Sub each of these is a nack: it delivers the message again.
#[derive(Debug, Error)]
pub enum PushRefusal {
    /// There is no `Authorization: Bearer …` header.
    #[error("the push carries no token")]
    NoToken,
    /// There is more than one `Authorization` header.
    #[error("the push carries two tokens")]
    TwoTokens,
    /// The token is malformed, expired, or not signed by Google for this worker.
    #[error("the token is not valid")]
    Invalid(#[source] InvalidIdToken),
    /// Cloud Run removes the signature when it checks a token; this one still has it.
    #[error("the token still has its signature: Cloud Run has not checked it")]
    NotChecked,
    /// The token does not say who it belongs to.
    #[error("the token names no e-mail address")]
    NoEmail,
    /// Google has not verified the address.
    #[error("the token's e-mail address is not verified")]
    EmailNotVerified,
    /// The token is valid, but names another account.
    #[error("{0} may not push")]
    OtherAccount(String),
    /// There are no keys to check the token with. This may pass.
    #[error("there are no keys to check the token with")]
    NoKeys(#[source] IdTokenVerifyError),
}

impl From<IdTokenVerifyError> for PushRefusal {
    fn from(error: IdTokenVerifyError) -> Self {
        match error {
            IdTokenVerifyError::InvalidToken(reason) => Self::Invalid(reason),
            unavailable @ IdTokenVerifyError::KeysUnavailable(_) => Self::NoKeys(unavailable),
        }
    }
}

impl From<InvalidIdToken> for PushRefusal {
    fn from(reason: InvalidIdToken) -> Self {
        Self::Invalid(reason)
    }
}

/// All reasons, by their names in metrics.
pub(super) const REASONS: [&str; 14] = [
    "no-token",
    "two-tokens",
    "unknown-key",
    "bad-signature",
    "expired",
    "not-yet-valid",
    "wrong-audience",
    "wrong-issuer",
    "malformed",
    "not-checked",
    "no-email",
    "email-not-verified",
    "other-account",
    "no-keys",
];

impl PushRefusal {
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

    /// The answer, a problem (RFC 9457). It says nothing about the token that its sender does not
    /// know.
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
            "title": "The push was refused",
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
