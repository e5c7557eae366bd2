//! The push relay: stands in for Pub/Sub's own push, because the emulator pushes only a few
//! messages at once. It pulls from an ordinary subscription, posts each message in the wrapped
//! envelope, and acknowledges on 2xx. It also injects faults.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use google_cloud_gax::client_builder::Error as BuilderError;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::MessageStream;
use google_cloud_pubsub::subscriber::handler::Handler;
use rand::Rng as _;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::pubsub_admin::PubsubAdmin;

/// Most messages in flight; the real service allows up to 3,000 for a subscription. The emulator
/// ignores the stream's own limit: without this one, a worker that falls behind would be buried
/// under connections.
const MAX_IN_FLIGHT: usize = 1_000;
/// How long each extension of a lease lasts.
const LEASE_EXTENSION: Duration = Duration::from_secs(60);
/// How long the relay waits before a retry. The emulator would redeliver at once.
const REST: Duration = Duration::from_millis(200);

/// Faults that the relay injects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Most extra deliveries of each message; the number is random.
    pub repeats: u32,
    /// Longest delay of each delivery; it is random, so that messages overtake each other.
    pub delay: Duration,
    /// Whether every answer of the worker is lost, so that the message is redelivered.
    pub answers_are_lost: bool,
}

/// A running relay; dropping it stops it.
#[derive(Debug)]
pub struct Relay {
    target: Arc<Mutex<Target>>,
    pushes: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// Where messages are pushed to, and the token that pushes carry.
#[derive(Clone, Debug)]
struct Target {
    url: String,
    token: Option<String>,
}

#[derive(Clone)]
struct Pusher {
    client: reqwest::Client,
    target: Arc<Mutex<Target>>,
    route: &'static str,
    pushes: Arc<AtomicUsize>,
    subscription: String,
    faults: Faults,
}

impl Relay {
    /// Relays from `subscription` to the `route` of the worker at `target`, a base URL.
    pub async fn start(
        admin: &PubsubAdmin,
        subscription: &str,
        route: &'static str,
        target: String,
        faults: Faults,
    ) -> Result<Self, BuilderError> {
        let subscriber = admin.subscriber().await?;
        let name = admin.subscription(subscription);
        let stream = subscriber.subscribe(&name).set_max_lease_extension(LEASE_EXTENSION).build();
        let target = Arc::new(Mutex::new(Target { url: target, token: None }));
        let client = reqwest::Client::builder().pool_max_idle_per_host(64).build();
        let pushes = Arc::<AtomicUsize>::default();
        let pusher = Pusher {
            client: client.expect("a client without TLS"),
            target: Arc::clone(&target),
            route,
            pushes: Arc::clone(&pushes),
            subscription: name,
            faults,
        };
        Ok(Self { target, pushes, task: tokio::spawn(relay(stream, pusher)) })
    }

    /// Delivers to the worker at `target` from now on.
    pub fn redirect(&self, target: String) {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).url = target;
    }

    /// The number of pushes so far.
    pub fn pushes(&self) -> usize {
        self.pushes.load(Ordering::SeqCst)
    }

    /// Sends this token from now on, as Pub/Sub does for a subscription with a service account.
    pub fn use_token(&self, token: String) {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).token = Some(token);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(mut stream: MessageStream, pusher: Pusher) {
    let window = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    while let Ok(place) = Arc::clone(&window).acquire_owned().await {
        let Some(next) = stream.next().await else { return };
        match next {
            Ok((message, handler)) => {
                let pusher = pusher.clone();
                tokio::spawn(async move {
                    pusher.deliver(message, handler).await;
                    drop(place);
                });
            }
            Err(error) => eprintln!("the relay cannot pull: {error}"),
        }
    }
}

impl Pusher {
    async fn deliver(self, message: Message, handler: Handler) {
        let envelope = envelope(&message, &self.subscription, handler.delivery_attempt());
        let deliveries = 1 + rand::rng().random_range(0..=self.faults.repeats);
        let mut is_accepted = false;
        for _ in 0..deliveries {
            tokio::time::sleep(self.faults.delay.mul_f64(rand::random())).await;
            is_accepted |= self.push(&envelope).await;
        }
        if is_accepted && !self.faults.answers_are_lost {
            handler.ack();
        } else {
            tokio::time::sleep(REST).await;
            handler.nack();
        }
    }

    /// Whether the worker accepted it. While no worker answers, the message waits here: the emulator
    /// takes many seconds to redeliver a message that was nacked.
    async fn push(&self, envelope: &Value) -> bool {
        loop {
            match self.try_push(envelope).await {
                Ok(answer) => return answer.status().is_success(),
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }

    async fn try_push(&self, envelope: &Value) -> reqwest::Result<Response> {
        let Target { url, token } =
            self.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut push = self.client.post(format!("{url}{}", self.route)).json(envelope);
        if let Some(token) = token {
            push = push.bearer_auth(token);
        }
        self.pushes.fetch_add(1, Ordering::SeqCst);
        push.send().await
    }
}

fn envelope(message: &Message, subscription: &str, attempt: Option<i32>) -> Value {
    let mut envelope = json!({
        "message": {
            "attributes": message.attributes,
            "data": BASE64.encode(&message.data),
            "messageId": message.message_id,
            "message_id": message.message_id,
        },
        "subscription": subscription,
    });
    if let Some(attempt) = attempt {
        envelope["deliveryAttempt"] = attempt.into();
    }
    envelope
}
