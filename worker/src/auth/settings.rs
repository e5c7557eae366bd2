//! The settings of the push check.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use reqwest::Url;
use thiserror::Error;

use super::account::Account;

/// Where Google publishes the keys that it signs tokens with.
const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// Who may push, and how to check that.
#[derive(Args, Clone, Debug)]
pub struct PushArgs {
    /// How to check that a push comes from the subscription [default: no check on the emulator,
    /// whose pushes carry no token; must be set elsewhere].
    #[arg(long, env = "PUSH_AUTH", value_enum)]
    pub push_auth: Option<PushAuth>,

    /// The audience of the push tokens, as the push subscription sets it.
    #[arg(long, env = "PUSH_AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    pub push_audience: Option<String>,

    /// The e-mail address of the one service account that may push.
    #[arg(long, env = "PUSH_SERVICE_ACCOUNT", value_parser = NonEmptyStringValueParser::new())]
    pub push_service_account: Option<String>,

    /// The URL of the keys that verify tokens, for `oidc`: https, or http on this machine.
    #[arg(long, env = "PUSH_JWKS_URL", default_value = GOOGLE_KEYS, value_parser = keys_url)]
    pub push_jwks_url: Url,
}

/// How to check that a push comes from the subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PushAuth {
    /// The service is private: Cloud Run checks the token and removes its signature, the worker
    /// checks the claims.
    CloudRunIam,
    /// The worker checks the whole token, with Google's keys.
    Oidc,
}

/// Why the push check cannot be set up.
#[derive(Debug, Error)]
pub enum GuardError {
    /// There is no safe default outside the emulator.
    #[error(
        "PUSH_AUTH is not set, so anyone could push. Set it to cloud-run-iam (private service: \
         Cloud Run checks the token, the worker its claims) or to oidc (the worker checks the \
         whole token). It is optional only with FIRESTORE_EMULATOR_HOST"
    )]
    NotSet,
    /// A setting that `PUSH_AUTH` needs is missing.
    #[error("PUSH_AUTH needs {0}, which is not set")]
    Incomplete(&'static str),
    /// The HTTP client that fetches keys cannot be made.
    #[error("cannot set up the HTTP client that fetches keys from PUSH_JWKS_URL")]
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

/// Anyone who can change the keys in transit can push, so connections to other machines need TLS.
fn keys_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err("must begin with https:// (http:// works only on this machine)".to_owned()),
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
