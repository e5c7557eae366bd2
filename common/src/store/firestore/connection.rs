//! The connection to Firestore, and the account that it is used with.

use std::time::Duration;

use gcloud_sdk::google::firestore::v1::firestore_client::FirestoreClient;
use gcloud_sdk::google_cloud_auth::credentials::anonymous;
use gcloud_sdk::tonic::transport::{self, Channel, ClientTlsConfig, Endpoint};
use gcloud_sdk::{GoogleAuthHeaders, GoogleAuthMiddleware};
use thiserror::Error;

use crate::google_address::GoogleAddress;

/// Longest that a connection takes; callers give up before.
const LIMIT: Duration = Duration::from_secs(30);

/// How often a connection is checked, so that a broken one is noticed before it is needed.
const CHECK: Duration = Duration::from_secs(60);

pub(super) type Client = FirestoreClient<GoogleAuthMiddleware>;

/// Why there is no connection.
#[derive(Debug, Error)]
pub(super) enum ConnectError {
    #[error("no connection to {0}")]
    Transport(String, #[source] transport::Error),
    #[error("no account to connect with")]
    Account(#[from] gcloud_sdk::error::Error),
}

/// Connects to `address`, for calls about `database`, a full name.
pub(super) async fn connect(
    address: &GoogleAddress,
    database: &str,
) -> Result<Client, ConnectError> {
    let url = address.url();
    let failed = |error| ConnectError::Transport(url.clone(), error);
    let channel = channel(&url).await.map_err(failed)?;
    let account = if address.is_emulator() {
        anonymous::Builder::new().build().into()
    } else {
        GoogleAuthHeaders::from_adc().await?
    };
    let calls = GoogleAuthMiddleware::new(channel, account, Some(database.to_owned()))?;
    Ok(FirestoreClient::new(calls))
}

/// A connection that trusts the authorities of the system, as that to Pub/Sub does, and Mozilla's.
async fn channel(url: &str) -> Result<Channel, transport::Error> {
    let endpoint = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(LIMIT)
        .tcp_keepalive(Some(CHECK))
        .http2_keep_alive_interval(CHECK)
        .keep_alive_timeout(CHECK)
        .keep_alive_while_idle(true);
    if url.starts_with("https:") {
        let tls = ClientTlsConfig::new().with_enabled_roots();
        return endpoint.tls_config(tls)?.connect().await;
    }
    endpoint.connect().await
}
