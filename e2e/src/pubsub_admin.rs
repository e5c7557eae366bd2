//! Topics and subscriptions on the Pub/Sub emulator, as `terraform/` creates them on Google Cloud.

use std::time::Duration;

use google_cloud_auth::credentials::{Credentials, anonymous};
use google_cloud_gax::Result;
use google_cloud_gax::client_builder::Error as BuilderError;
use google_cloud_gax::error::Error;
use google_cloud_pubsub::client::{Subscriber, SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::model::{DeadLetterPolicy, PushConfig, RetryPolicy, Subscription};

/// Creates topics and subscriptions in one project.
#[derive(Clone, Debug)]
pub struct PubsubAdmin {
    project: String,
    endpoint: String,
    topics: TopicAdmin,
    subscriptions: SubscriptionAdmin,
}

/// The settings of a subscription.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionSettings {
    /// The ack deadline in seconds: 10 to 600, or 0 for the default.
    pub ack_deadline_seconds: i32,
    /// The shortest and the longest back-off before a delivery is retried.
    pub backoff: Option<(Duration, Duration)>,
    /// Where dead letters go.
    pub dead_letter: Option<DeadLetter>,
    /// Where messages are pushed to; if `None`, they are pulled.
    pub push_endpoint: Option<String>,
}

/// Where a message goes when its deliveries fail too often.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The id of the topic.
    pub topic: String,
    /// The number of deliveries before that: 5 to 100.
    pub max_delivery_attempts: i32,
}

impl PubsubAdmin {
    /// A client for `project` on the emulator at `host` (`host:port`).
    pub async fn connect(host: &str, project: &str) -> std::result::Result<Self, BuilderError> {
        let endpoint = format!("http://{host}");
        Ok(Self {
            project: project.to_owned(),
            topics: TopicAdmin::builder()
                .with_endpoint(&endpoint)
                .with_credentials(no_credentials())
                .build()
                .await?,
            subscriptions: SubscriptionAdmin::builder()
                .with_endpoint(&endpoint)
                .with_credentials(no_credentials())
                .build()
                .await?,
            endpoint,
        })
    }

    /// Creates the topic `id`, which has three characters or more.
    pub async fn create_topic(&self, id: &str) -> Result<()> {
        let name = self.topic(id);
        self.topics.create_topic().set_name(name).send().await.map(drop)
    }

    /// Creates the subscription `id`, which has three characters or more, to `topic`.
    pub async fn create_subscription(
        &self,
        id: &str,
        topic: &str,
        settings: SubscriptionSettings,
    ) -> Result<()> {
        let subscription = Subscription::new()
            .set_name(self.subscription(id))
            .set_topic(self.topic(topic))
            .set_ack_deadline_seconds(settings.ack_deadline_seconds)
            .set_or_clear_retry_policy(settings.backoff.map(retry_policy).transpose()?)
            .set_or_clear_dead_letter_policy(settings.dead_letter.map(|to| self.dead_letter(&to)))
            .set_or_clear_push_config(settings.push_endpoint.map(push_config));
        self.subscriptions.create_subscription().with_request(subscription).send().await.map(drop)
    }

    /// A client that pulls from this project's subscriptions.
    pub async fn subscriber(&self) -> std::result::Result<Subscriber, BuilderError> {
        Subscriber::builder()
            .with_endpoint(&self.endpoint)
            .with_credentials(no_credentials())
            .build()
            .await
    }

    /// The project's id.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The full name of the topic `id`.
    pub fn topic(&self, id: &str) -> String {
        format!("projects/{}/topics/{id}", self.project)
    }

    /// The full name of the subscription `id`.
    pub fn subscription(&self, id: &str) -> String {
        format!("projects/{}/subscriptions/{id}", self.project)
    }

    fn dead_letter(&self, to: &DeadLetter) -> DeadLetterPolicy {
        DeadLetterPolicy::new()
            .set_dead_letter_topic(self.topic(&to.topic))
            .set_max_delivery_attempts(to.max_delivery_attempts)
    }
}

fn retry_policy((minimum, maximum): (Duration, Duration)) -> Result<RetryPolicy> {
    let mut policy = RetryPolicy::new();
    policy.minimum_backoff = Some(minimum.try_into().map_err(Error::ser)?);
    policy.maximum_backoff = Some(maximum.try_into().map_err(Error::ser)?);
    Ok(policy)
}

fn push_config(endpoint: String) -> PushConfig {
    PushConfig::new().set_push_endpoint(endpoint)
}

fn no_credentials() -> Credentials {
    anonymous::Builder::new().build()
}
