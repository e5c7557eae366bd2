//! The push relay: does with the emulator what Pub/Sub's push does on Google Cloud, many messages
//! at once. It pulls from an ordinary subscription, posts each message in the wrapped envelope,
//! and acknowledges on 2xx. Here faults are injected, too.

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

/// Messages pushed at once; the real service goes up to 3,000 for a subscription. The emulator
/// sends all that it has, whatever number the stream asks for: without a bound here a worker that
/// falls behind is buried under connections.
const MAX_IN_FLIGHT: usize = 1_000;
/// How far the relay extends a lease at a time.
const LEASE_EXTENSION: Duration = Duration::from_secs(60);
/// How long a message rests that was not taken. The emulator would bring it again at once.
const REST: Duration = Duration::from_millis(200);

/// What the relay does beyond delivering.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Each message is delivered once, and up to so many times more.
    pub repeats: u32,
    /// Each delivery waits up to so long, so that messages overtake each other.
    pub delay: Duration,
    /// Whatever the worker answers, the message was not taken.
    pub answers_are_lost: bool,
}

/// A running relay; dropping it stops it.
#[derive(Debug)]
pub struct Relay {
    target: Arc<Mutex<Target>>,
    pushes: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// Where messages are pushed to, and the token that pushes bear.
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

    /// From now on, delivers to the worker at `target`.
    pub fn redirect(&self, target: String) {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).url = target;
    }

    /// How often it has pushed.
    pub fn pushes(&self) -> usize {
        self.pushes.load(Ordering::SeqCst)
    }

    /// From now on, bears this token, as Pub/Sub does for a subscription with an account.
    pub fn bear(&self, token: String) {
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
        let mut taken = false;
        for _ in 0..deliveries {
            tokio::time::sleep(self.faults.delay.mul_f64(rand::random())).await;
            taken |= self.push(&envelope).await;
        }
        if taken && !self.faults.answers_are_lost {
            handler.ack();
        } else {
            tokio::time::sleep(REST).await;
            handler.nack();
        }
    }

    /// Whether the worker took it. Where no worker answers, the message waits for one here: the
    /// emulator takes many seconds to hand out again what was given back to it.
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
