//! Checks that the topic would take a message, without publishing one.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::client_builder::Error as BuilderError;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_pubsub::client::{SchemaService, TopicAdmin};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::error::{refused, unavailable};
use crate::broker::PublishError;
use crate::google_address::GoogleAddress;

/// The longest time that a probe may take, so that it ends before the caller gives up.
const LIMIT: Duration = Duration::from_millis(1_500);

/// The permission that publishing needs.
const PUBLISH: &str = "pubsub.topics.publish";

/// A way to ask about a topic.
///
/// Getting a topic needs a permission that publishing does not need. Asking for one's own
/// permissions needs none, and the answer covers the network, the credentials, the topic and the
/// grant. (Google says that the answer may be out of date; it is good enough to decide whether to
/// take traffic.) The emulator has topics but no permissions, so there the probe gets the topic.
///
/// The client does not notice that a connection has died. So a probe without an answer is the last
/// one on its connection.
#[derive(Debug)]
pub(super) struct Probe {
    address: GoogleAddress,
    topic: String,
    client: Arc<Mutex<Client>>,
}

#[derive(Clone, Debug)]
enum Client {
    /// On Google Cloud. Of the crate's clients, only the schema service's has `testIamPermissions`,
    /// which takes any Pub/Sub resource.
    Permissions(SchemaService),
    /// On the emulator.
    Existence(TopicAdmin),
}

/// Why the topic would not take a message.
#[derive(Debug, Error)]
enum NotReady {
    #[error("{0} does not exist, or this account lacks {PUBLISH} on it")]
    NotAllowed(String),
    #[error("{0} does not exist")]
    Missing(String),
    #[error("no answer from Pub/Sub within {LIMIT:?}")]
    NoAnswer,
}

impl Probe {
    /// A probe of `topic`, which is a full name. Does not connect yet.
    pub(super) async fn connect(
        topic: String,
        address: &GoogleAddress,
    ) -> Result<Self, BuilderError> {
        let client = Arc::new(Mutex::new(Client::of(address).await?));
        Ok(Self { address: address.clone(), topic, client })
    }

    /// Checks that the topic would take a message.
    pub(super) async fn ask(&self) -> Result<(), PublishError> {
        let client = self.client.lock().await.clone();
        let asked = async {
            match &client {
                Client::Permissions(client) => permitted(client, &self.topic).await,
                Client::Existence(client) => exists(client, &self.topic).await,
            }
        };
        if let Ok(answer) = timeout(LIMIT, asked).await {
            return answer;
        }
        self.replace();
        Err(unavailable(NotReady::NoAnswer))
    }

    /// Makes a client with a new connection, whether somebody waits for it or not.
    fn replace(&self) {
        let (address, client) = (self.address.clone(), Arc::clone(&self.client));
        tokio::spawn(async move {
            match Client::of(&address).await {
                Ok(fresh) => *client.lock().await = fresh,
                Err(error) => tracing::warn!(%error, "cannot replace the connection to Pub/Sub"),
            }
        });
    }
}

impl Client {
    async fn of(address: &GoogleAddress) -> Result<Self, BuilderError> {
        if !address.is_emulator() {
            let client = SchemaService::builder().with_endpoint(address.url()).build().await?;
            return Ok(Self::Permissions(client));
        }
        let client = TopicAdmin::builder()
            .with_endpoint(address.url())
            .with_credentials(anonymous::Builder::new().build())
            .build()
            .await?;
        Ok(Self::Existence(client))
    }
}

async fn permitted(client: &SchemaService, topic: &str) -> Result<(), PublishError> {
    let answer = client
        .test_iam_permissions()
        .set_resource(topic)
        .set_permissions([PUBLISH])
        .with_retry_policy(NeverRetry)
        .send()
        .await
        .map_err(unavailable)?;
    if answer.permissions.iter().any(|one| one == PUBLISH) {
        return Ok(());
    }
    Err(refused(NotReady::NotAllowed(topic.to_owned())))
}

async fn exists(client: &TopicAdmin, topic: &str) -> Result<(), PublishError> {
    let answer = client.get_topic().set_topic(topic).with_retry_policy(NeverRetry).send().await;
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.http_status_code() == Some(404) => {
            Err(refused(NotReady::Missing(topic.to_owned())))
        }
        Err(error) => Err(unavailable(error)),
    }
}
