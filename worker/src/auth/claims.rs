//! The claims of a token whose signature Cloud Run has checked and removed.

use chrono::{TimeDelta, Utc};
use gcloud_sdk::id_token_verify::InvalidIdToken;
use gcloud_sdk::id_token_verify::jsonwebtoken::dangerous::insecure_decode;
use serde::Deserialize;

use super::refusal::PushRefusal;

/// What Cloud Run writes in place of the signature.
const REMOVED: &str = "SIGNATURE_REMOVED_BY_GOOGLE";

/// Google's names as the issuer of a token.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// How far clocks may differ; the check of a whole token allows the same.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// The claims that are checked; times in seconds since 1970.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<bool>,
}

/// The claims of a `token` that Cloud Run let through, if they are valid for `audience`.
///
/// For a private service, Cloud Run lets only the service's invokers through, which cannot be
/// verified here. But if a token still has its signature, Cloud Run has not checked it, and it is
/// refused.
pub(super) fn without_signature(token: &str, audience: &str) -> Result<Claims, PushRefusal> {
    let claims: Claims = insecure_decode(token).map_err(InvalidIdToken::Malformed)?.claims;
    if token.rsplit('.').next() != Some(REMOVED) {
        return Err(PushRefusal::NotChecked);
    }
    claims.check(audience)?;
    Ok(claims)
}

impl Claims {
    fn check(&self, audience: &str) -> Result<(), InvalidIdToken> {
        let (now, leeway) = (Utc::now().timestamp(), LEEWAY.num_seconds());
        if !ISSUERS.contains(&&*self.iss) {
            return Err(InvalidIdToken::WrongIssuer);
        }
        if self.aud != audience {
            return Err(InvalidIdToken::WrongAudience);
        }
        if self.exp < now - leeway {
            return Err(InvalidIdToken::Expired);
        }
        if [self.iat, self.nbf].into_iter().flatten().any(|from| from > now + leeway) {
            return Err(InvalidIdToken::NotYetValid);
        }
        Ok(())
    }
}
