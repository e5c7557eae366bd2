//! The settings that say who may push.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use reqwest::Url;
use thiserror::Error;

use super::Account;

/// Where Google publishes the keys that its tokens are signed with.
const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// Who may push, and how that is checked.
#[derive(Args, Clone, Debug)]
pub struct PushArgs {
    /// How a push shows that it comes from the subscription [default: on the emulator, whose
    /// pushes bear no token, not at all; elsewhere it has to be set].
    #[arg(long, env = "PUSH_AUTH", value_enum)]
    pub push_auth: Option<PushAuth>,

    /// The audience of the pushes' tokens, as the push subscription names it.
    #[arg(long, env = "PUSH_AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    pub push_audience: Option<String>,

    /// The e-mail address of the only account that may push.
    #[arg(long, env = "PUSH_SERVICE_ACCOUNT", value_parser = NonEmptyStringValueParser::new())]
    pub push_service_account: Option<String>,

    /// Where the keys are that tokens are signed with, for `oidc`: https, or http on this machine.
    #[arg(long, env = "PUSH_JWKS_URL", default_value = GOOGLE_KEYS, value_parser = keys_url)]
    pub push_jwks_url: Url,
}

/// How a push shows that it comes from the subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PushAuth {
    /// The service is private: Cloud Run has checked the token and cut its signature off. Its
    /// claims are checked here.
    CloudRunIam,
    /// The whole token is checked here, with Google's keys.
    Oidc,
}

/// Why nobody can be let in.
#[derive(Debug, Error)]
pub enum GuardError {
    /// Outside the emulator there is no safe default.
    #[error(
        "PUSH_AUTH is not set, so anybody could push. Set it to cloud-run-iam (the service is \
         private: Cloud Run checks the token, this worker its claims) or to oidc (this worker \
         checks all); only with FIRESTORE_EMULATOR_HOST it may be missing"
    )]
    NotSet,
    /// A setting that `PUSH_AUTH` needs is missing.
    #[error("PUSH_AUTH needs {0}, which is not set")]
    Incomplete(&'static str),
    /// There is no HTTP client to fetch keys with.
    #[error("the HTTP client for PUSH_JWKS_URL cannot be made")]
    Client(#[from] reqwest::Error),
}

impl PushArgs {
    pub(super) fn account(&self) -> Result<Account, GuardError> {
        let audience = self.push_audience.clone();
        let email = self.push_service_account.clone();
        Ok(Account {
            audience: audience.ok_or(GuardError::Incomplete("PUSH_AUDIENCE"))?,
            email: email.ok_or(GuardError::Incomplete("PUSH_SERVICE_ACCOUNT"))?,
        })
    }
}

/// Whoever can change the keys on their way can push: nothing but TLS leaves this machine.
fn keys_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err("must begin with https:// (http:// only on this machine)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for good in [GOOGLE_KEYS, "http://127.0.0.1:1/k", "http://localhost/k", "http://[::1]/k"] {
            assert!(keys_url(good).is_ok(), "{good}");
        }
        for bad in ["http://keys.example/k", "http://127.0.0.1.example/", "file:///k", "keys", ""] {
            assert!(keys_url(bad).is_err(), "{bad}");
        }
    }
}
