//! The keys that Google signs tokens with, fetched from where Google publishes them.
//!
//! The verifier decides when to fetch: for the first token, when the keys expire, and for a token
//! with an unknown key, but then at most every 30 s. It makes one fetch at a time; all others wait
//! for that one.

use std::time::Duration;

use async_trait::async_trait;
use common::metrics::KEY_FETCHES;
use gcloud_sdk::error::ErrorKind;
use gcloud_sdk::id_token_verify::{IdTokenKeys, IdTokenKeysSource, JwkSet};
use reqwest::header::{CACHE_CONTROL, HeaderMap};
use reqwest::{Client, StatusCode, Url, redirect};
use thiserror::Error;

use common::program::chain;

/// How long keys are valid if the key server does not say.
const DEFAULT_MAX_AGE: Duration = Duration::from_mins(5);
/// Shortest time that keys are valid: with less, each push would wait for its own fetch.
const LEAST_MAX_AGE: Duration = Duration::from_secs(1);
/// Longest time for one try.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Tries in one fetch: after a failed fetch, the verifier does not ask for another for 30 s.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// The server that keys are fetched from.
pub(super) struct KeyServer {
    client: Client,
    url: Url,
}

/// Why there are no keys.
#[derive(Debug, Error)]
enum KeysError {
    #[error("the key server did not answer")]
    Http(#[from] reqwest::Error),
    #[error("the key server answered {0}")]
    Status(StatusCode),
    #[error("the key server's answer is not a set of keys")]
    Json(#[from] serde_json::Error),
    #[error("the key server sent no keys")]
    Empty,
}

impl KeyServer {
    pub(super) fn new(url: Url) -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            // A redirect could lead elsewhere, perhaps without TLS.
            .redirect(redirect::Policy::none())
            .tls_backend_rustls()
            .build()?;
        Ok(Self { client, url })
    }

    async fn fetch(&self) -> Result<IdTokenKeys, KeysError> {
        let answer = self.client.get(self.url.clone()).send().await?;
        if answer.status() != StatusCode::OK {
            return Err(KeysError::Status(answer.status()));
        }
        let max_age = max_age(answer.headers()).unwrap_or(DEFAULT_MAX_AGE).max(LEAST_MAX_AGE);
        let keys: JwkSet = serde_json::from_slice(&answer.bytes().await?)?;
        // Without keys every push would be refused as forged; the earlier keys stay valid.
        if keys.keys.iter().all(|key| key.common.key_id.is_none()) {
            return Err(KeysError::Empty);
        }
        Ok(IdTokenKeys::new(keys, max_age))
    }
}

#[async_trait]
impl IdTokenKeysSource for KeyServer {
    async fn fetch_keys(&self) -> gcloud_sdk::error::Result<IdTokenKeys> {
        for left in (0..TRIES).rev() {
            match self.fetch().await {
                Ok(keys) => {
                    KEY_FETCHES.with_label_values(&["fetched"]).inc();
                    return Ok(keys);
                }
                Err(error) => {
                    KEY_FETCHES.with_label_values(&["failed"]).inc();
                    tracing::warn!(
                        error = chain(&error),
                        left,
                        "the keys to check tokens with could not be fetched"
                    );
                }
            }
            if left > 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
        // The library's error has no room for the reason, which is in the log.
        Err(ErrorKind::HttpStatus(StatusCode::BAD_GATEWAY).into())
    }
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    let seconds = |directive: &str| {
        let (name, seconds) = directive.split_once('=')?;
        let is_it = name.trim().eq_ignore_ascii_case("max-age");
        is_it.then(|| seconds.trim().parse().ok()).flatten()
    };
    directives.split(',').find_map(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_answer_says_how_long_keys_are_valid() {
        let cases = [
            ("public, max-age=19845, must-revalidate, no-transform", Some(19_845)),
            ("Max-Age = 7", Some(7)),
            ("s-maxage=9", None),
            ("max-age=soon", None),
            ("no-store", None),
            ("", None),
        ];
        for (text, seconds) in cases {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(text))]);
            assert_eq!(max_age(&headers), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
