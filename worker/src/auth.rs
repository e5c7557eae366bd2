//! Who may push: the service account of the push subscriptions, and nobody else.
//!
//! Pub/Sub sends an OpenID Connect token of that account with each push. Either this worker checks
//! the whole token (`oidc`), or Cloud Run has checked it in front of a private service and cut its
//! signature off (`cloud-run-iam`), which leaves the claims to check.

mod claims;
mod keys;
mod refusal;
mod settings;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use common::metrics::PUSHES_REFUSED;
use gcloud_sdk::IdTokenAudience;
use gcloud_sdk::id_token_verify::IdTokenVerifier;

use self::claims::Claims;
use self::keys::KeyServer;
pub use self::refusal::Refusal;
pub use self::settings::{GuardError, PushArgs, PushAuth};

/// Lets pushes in, or refuses them.
pub enum Guard {
    /// On the emulator, whose push bears no token: anybody may push.
    Open,
    /// Whoever Cloud Run let through and is this account.
    CloudRunIam(Account),
    /// Whoever bears a token of this account that Google has signed.
    Oidc(Account, Box<IdTokenVerifier>),
}

/// Who may push, and to whom a token has to be addressed.
pub struct Account {
    email: String,
    audience: String,
}

impl Guard {
    /// As the settings say. `emulated` says whether this worker serves an emulator.
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

    /// Whether the request with these headers may push.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let (account, email, is_verified) = match self {
            Self::Open => return Ok(()),
            Self::CloudRunIam(account) => {
                let Claims { email, email_verified, .. } =
                    claims::of_cut(bearer(headers)?, &account.audience)?;
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

impl Account {
    fn is(&self, email: Option<String>, is_verified: bool) -> Result<(), Refusal> {
        match email {
            None => Err(Refusal::NoEmail),
            Some(_) if !is_verified => Err(Refusal::EmailNotVerified),
            Some(email) if email != self.email => Err(Refusal::OtherAccount(email)),
            Some(_) => Ok(()),
        }
    }
}

/// The one bearer token of a request. Of two, nobody could say which one Cloud Run has checked.
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION);
    let value = all.next().ok_or(Refusal::NoToken)?;
    if all.next().is_some() {
        return Err(Refusal::TwoTokens);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Refusal::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(Refusal::NoToken);
    }
    Ok(token)
}

/// Stands before every route that takes messages: whoever is refused is so before the body is
/// looked at.
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
