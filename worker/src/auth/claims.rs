//! The claims of a token whose signature Cloud Run has checked and cut off.

use chrono::{TimeDelta, Utc};
use gcloud_sdk::id_token_verify::InvalidIdToken;
use gcloud_sdk::id_token_verify::jsonwebtoken::dangerous::insecure_decode;
use serde::Deserialize;

use super::Refusal;

/// What Cloud Run writes in place of the signature.
const CUT_OFF: &str = "SIGNATURE_REMOVED_BY_GOOGLE";

/// How Google names itself.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// How far clocks may differ: as far as where the whole token is checked.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// The claims that are looked at; times in seconds since 1970.
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

/// The claims of `token`, which Cloud Run let through, where they are good for `audience`.
///
/// That only the service's invokers get so far is Cloud Run's promise for a private service, and
/// cannot be seen here. What can be seen is a signature that nobody cut off: then nobody checked
/// it either.
pub(super) fn of_cut(token: &str, audience: &str) -> Result<Claims, Refusal> {
    let claims: Claims = insecure_decode(token).map_err(InvalidIdToken::Malformed)?.claims;
    if token.rsplit('.').next() != Some(CUT_OFF) {
        return Err(Refusal::NotChecked);
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
