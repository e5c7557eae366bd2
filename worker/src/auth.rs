//! The check of a push: only the push subscriptions' service account may push.
//!
//! Pub/Sub sends an OpenID Connect token of that account with each push. Either this worker checks
//! the whole token (`oidc`), or the service is private and Cloud Run has already checked the token
//! and removed its signature (`cloud-run-iam`); then this worker checks the claims.

mod account;
mod claims;
mod keys;
mod refusal;
mod settings;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use common::metrics::{KEY_FETCHES, PUSHES_REFUSED, begin_at_zero};
use gcloud_sdk::IdTokenAudience;
use gcloud_sdk::id_token_verify::IdTokenVerifier;

pub use self::account::Account;
use self::claims::Claims;
use self::keys::KeyServer;
pub use self::refusal::PushRefusal;
use self::refusal::REASONS;
pub use self::settings::{GuardError, PushArgs, PushAuth};

/// Begins the series of refusals and of fetched keys at zero.
pub(crate) fn begin_counters() {
    begin_at_zero(&PUSHES_REFUSED, &[&REASONS]);
    begin_at_zero(&KEY_FETCHES, &[&["fetched", "failed"]]);
}

/// Accepts pushes, or refuses them.
pub enum Guard {
    /// Anyone may push: the emulator's pushes carry no token.
    Open,
    /// Cloud Run has let the push through, and its token names this account.
    CloudRunIam(Account),
    /// The push carries a token that names this account and that Google has signed.
    Oidc(Account, Box<IdTokenVerifier>),
}

impl Guard {
    /// The guard that the settings ask for. `emulated` says whether the worker runs on emulators.
    pub fn new(args: &PushArgs, emulated: bool) -> Result<Self, GuardError> {
        let Some(how) = args.push_auth else {
            return if emulated { Ok(Self::Open) } else { Err(GuardError::NotSet) };
        };
        let account = args.account()?;
        Ok(match how {
            PushAuth::CloudRunIam => Self::CloudRunIam(account),
            PushAuth::Oidc => {
                let audience = IdTokenAudience::new(&account.audience);
                let keys = KeyServer::new(args.push_jwks_url.clone())?;
                let verifier = IdTokenVerifier::with_keys_source(audience, keys);
                Self::Oidc(account, Box::new(verifier))
            }
        })
    }

    /// Checks whether a request with these headers may push.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<(), PushRefusal> {
        let (account, email, is_verified) = match self {
            Self::Open => return Ok(()),
            Self::CloudRunIam(account) => {
                let Claims { email, email_verified, .. } =
                    claims::without_signature(bearer(headers)?, &account.audience)?;
                (account, email, email_verified)
            }
            Self::Oidc(account, verifier) => {
                let token = verifier.verify(bearer(headers)?).await?;
                let email = token.email().map(ToString::to_string);
                (account, email, token.email_verified())
            }
        };
        account.is(email, is_verified == Some(true))
    }
}

/// The one bearer token of a request. Two are refused, because Cloud Run may have checked either
/// one.
fn bearer(headers: &HeaderMap) -> Result<&str, PushRefusal> {
    let mut all = headers.get_all(AUTHORIZATION);
    let value = all.next().ok_or(PushRefusal::NoToken)?;
    if all.next().is_some() {
        return Err(PushRefusal::TwoTokens);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(PushRefusal::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(PushRefusal::NoToken);
    }
    Ok(token)
}

/// Guards every route that takes messages: refuses a push before its body is read.
pub(crate) async fn guard<B: MessageBody>(
    guard: Data<Guard>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if let Err(refusal) = guard.admit(request.headers()).await {
        let (reason, error) = (refusal.reason(), common::program::chain(&refusal));
        PUSHES_REFUSED.with_label_values(&[reason]).inc();
        tracing::warn!(reason, error, "a push was refused");
        return Ok(request.into_response(refusal.response()).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}
