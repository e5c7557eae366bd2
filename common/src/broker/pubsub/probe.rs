//! Whether the topic would take a message now, without publishing one.

use std::time::Duration;

use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::client_builder::Error as BuilderError;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_pubsub::client::{SchemaService, TopicAdmin};
use thiserror::Error;
use tokio::time::timeout;

use super::error::{refused, unavailable};
use crate::broker::PublishError;

/// Longest that a probe takes, so that it ends before the one who asks gives up.
const LIMIT: Duration = Duration::from_secs(2);

/// The one permission that publishing needs.
const PUBLISH: &str = "pubsub.topics.publish";

/// Asks about a topic.
///
/// To look the topic up needs a permission that publishing does not. To ask which permissions one
/// has needs none at all, and the answer covers the way there, the credentials, the topic and the
/// grant at once. (Google says that the answer may be too friendly now and then: it tells whether
/// to take traffic, and no more.) The emulator knows topics but no permissions, so there the topic
/// is looked up.
#[derive(Debug)]
pub(super) enum Probe {
    /// On Google Cloud. The schema service's client is the one of this crate that carries
    /// `testIamPermissions`; it takes any resource of Pub/Sub.
    Permissions(SchemaService, String),
    /// On the emulator.
    Existence(TopicAdmin, String),
}

/// Why the topic would take no message.
#[derive(Debug, Error)]
enum NotReady {
    #[error("{0} does not exist, or this account has no {PUBLISH} on it")]
    NotAllowed(String),
    #[error("{0} does not exist")]
    Missing(String),
    #[error("no answer from Pub/Sub within {LIMIT:?}")]
    NoAnswer,
}

impl Probe {
    /// A probe of `topic`, given by its full name.
    pub(super) async fn connect(
        topic: String,
        emulator_host: Option<&str>,
    ) -> Result<Self, BuilderError> {
        let Some(host) = emulator_host else {
            let client = SchemaService::builder().build().await?;
            return Ok(Self::Permissions(client, topic));
        };
        let client = TopicAdmin::builder()
            .with_endpoint(format!("http://{host}"))
            .with_credentials(anonymous::Builder::new().build())
            .build()
            .await?;
        Ok(Self::Existence(client, topic))
    }

    /// Whether the topic would take a message now.
    pub(super) async fn ask(&self) -> Result<(), PublishError> {
        let asked = async {
            match self {
                Self::Permissions(client, topic) => permitted(client, topic).await,
                Self::Existence(client, topic) => exists(client, topic).await,
            }
        };
        timeout(LIMIT, asked).await.unwrap_or_else(|_elapsed| Err(unavailable(NotReady::NoAnswer)))
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
