//! The shape of Google Cloud on this machine: both emulators, the topics and subscriptions, the
//! real gateway and worker, and the push relay between them.

use std::process::ExitStatus;

use common::google_address::GoogleAddress;
use common::store::firestore::FirestoreStore;
use google_cloud_gax::client_builder::Error as BuilderError;
use thiserror::Error;

use super::embedded::at_port;
use super::restart::replace;
use super::settings::Settings;
use crate::binaries::Binaries;
use crate::emulators::{EmulatorError, Emulators, project};
use crate::pubsub_admin::{DeadLetter, PubsubAdmin, SubscriptionSettings};
use crate::relay::{Faults, Relay};
use crate::service::{Service, ServiceError};

/// The topic of records.
const TOPIC: &str = "spillway";
/// The topic of dead letters.
const DEAD_LETTER_TOPIC: &str = "spillway-dead-letter";
/// The subscription that the relay reads.
const SUBSCRIPTION: &str = "spillway-work";
/// The subscription that the relay of dead letters reads.
const DEAD_LETTER_SUBSCRIPTION: &str = "spillway-dead-letter-work";
/// The setting for the number of deliveries after which a message becomes a dead letter. The
/// embedded mode has the same.
const MAX_DELIVERY_ATTEMPTS: &str = "MAX_DELIVERY_ATTEMPTS";

/// Where the programs reach Pub/Sub, as `host:port`.
pub const PUBSUB_HOST: &str = "PUBSUB_EMULATOR_HOST";
/// Where they reach Firestore.
pub const FIRESTORE_HOST: &str = "FIRESTORE_EMULATOR_HOST";

/// The gateway, the worker and the relays, in a project of their own.
pub struct Cloud {
    binaries: &'static Binaries,
    gateway: Option<Service>,
    worker: Option<Service>,
    relay: Relay,
    dead_letter_relay: Relay,
    admin: PubsubAdmin,
    settings: Settings,
}

/// Why the cloud's shape does not run.
#[derive(Debug, Error)]
pub enum CloudError {
    /// The emulators do not run.
    #[error(transparent)]
    Emulators(#[from] EmulatorError),
    /// A program does not run.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The emulator's client could not be built.
    #[error("the Pub/Sub emulator cannot be reached")]
    Client(#[from] BuilderError),
    /// A topic or subscription could not be created.
    #[error("the Pub/Sub emulator refused a topic or subscription")]
    Admin(#[from] google_cloud_gax::error::Error),
}

impl Cloud {
    /// Starts in a new project on the emulators that this process shares.
    pub async fn start(settings: Settings) -> Result<Self, CloudError> {
        Self::on(Emulators::try_shared().await?, settings, Faults::default()).await
    }

    /// Starts in a new project on `emulators`, with faults on the way to the worker.
    pub async fn on(
        emulators: &Emulators,
        settings: Settings,
        faults: Faults,
    ) -> Result<Self, CloudError> {
        Self::of(Binaries::shared().await, emulators, settings, faults).await
    }

    /// Like [`Cloud::on`], with these programs. They reach the emulators elsewhere if `settings` say so
    /// ([`PUBSUB_HOST`], [`FIRESTORE_HOST`]).
    pub async fn of(
        binaries: &'static Binaries,
        emulators: &Emulators,
        mut settings: Settings,
        faults: Faults,
    ) -> Result<Self, CloudError> {
        let project = project();
        let admin = PubsubAdmin::connect(emulators.pubsub_host(), &project).await?;
        set_up(&admin, max_delivery_attempts(&settings)).await?;
        let defaults = [
            ("GOOGLE_CLOUD_PROJECT", project),
            ("PUBSUB_TOPIC", TOPIC.to_owned()),
            (PUBSUB_HOST, emulators.pubsub_host().to_owned()),
            (FIRESTORE_HOST, emulators.firestore_host().to_owned()),
        ];
        let is_given = |name: &str| settings.iter().any(|(given, _)| *given == name);
        let missing: Vec<_> = defaults.into_iter().filter(|(name, _)| !is_given(name)).collect();
        settings.extend(missing);
        let worker = start_worker(binaries, &settings).await?;
        let gateway = Service::start(binaries.path("gateway"), &settings).await?;
        let relay = Relay::start(&admin, SUBSCRIPTION, "/push", worker.url(), faults).await?;
        let (from, route) = (DEAD_LETTER_SUBSCRIPTION, "/dead-letter");
        let dead_letter_relay =
            Relay::start(&admin, from, route, worker.url(), Faults::default()).await?;
        Ok(Self {
            binaries,
            gateway: Some(gateway),
            worker: Some(worker),
            relay,
            dead_letter_relay,
            admin,
            settings,
        })
    }

    /// The gateway.
    pub fn gateway(&self) -> &Service {
        self.gateway.as_ref().expect("it was started")
    }

    /// The worker.
    pub fn worker(&self) -> &Service {
        self.worker.as_ref().expect("it was started")
    }

    /// The relay that pushes records to the worker.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// The relay that pushes dead letters to the worker.
    pub fn dead_letter_relay(&self) -> &Relay {
        &self.dead_letter_relay
    }

    /// Every push to the worker carries this token from now on.
    pub fn use_token(&self, token: &str) {
        self.relay.use_token(token.to_owned());
        self.dead_letter_relay.use_token(token.to_owned());
    }

    fn redirect(&self) {
        self.relay.redirect(self.worker().url());
        self.dead_letter_relay.redirect(self.worker().url());
    }

    /// A client of the store that bypasses the API.
    pub fn store(&self) -> FirestoreStore {
        let host = GoogleAddress::Emulator(self.setting("FIRESTORE_EMULATOR_HOST").to_owned());
        FirestoreStore::new(self.setting("GOOGLE_CLOUD_PROJECT"), "(default)", host)
    }

    /// A setting of both programs.
    ///
    /// # Panics
    /// If it is not set.
    pub fn setting(&self, name: &str) -> &str {
        let setting = self.settings.iter().find(|(given, _)| *given == name);
        setting.map(|(_, value)| value.as_str()).expect("it is set")
    }

    /// The project's topics and subscriptions.
    pub fn admin(&self) -> &PubsubAdmin {
        &self.admin
    }

    /// Kills the worker and starts another one.
    pub async fn crash_worker(&mut self) -> Result<(), ServiceError> {
        let (binaries, settings) = (self.binaries, &self.settings);
        replace(&mut self.worker, async || start_worker(binaries, settings).await).await?;
        self.redirect();
        Ok(())
    }

    /// Asks the worker to end, waits until it has, and starts another one with other settings.
    /// Returns how the first one ended.
    pub async fn restart_worker(&mut self, settings: Settings) -> Result<ExitStatus, ServiceError> {
        let ended = self.worker.take().expect("it was started").terminate().await?;
        self.settings.extend(settings);
        self.worker = Some(start_worker(self.binaries, &self.settings).await?);
        self.redirect();
        Ok(ended)
    }

    /// Kills the gateway and starts it again at the same address.
    pub async fn crash_gateway(&mut self) -> Result<(), ServiceError> {
        let settings = at_port(&self.settings, self.gateway().port());
        let program = self.binaries.path("gateway");
        replace(&mut self.gateway, async || Service::start(program, &settings).await).await
    }

    /// Asks the gateway to end, waits until it has, and starts another one at the same address.
    /// Returns how the first one ended.
    pub async fn restart_gateway(&mut self) -> Result<ExitStatus, ServiceError> {
        let settings = at_port(&self.settings, self.gateway().port());
        let ended = self.gateway.take().expect("it was started").terminate().await?;
        self.gateway = Some(Service::start(self.binaries.path("gateway"), &settings).await?);
        Ok(ended)
    }

    /// Asks both programs to end, the gateway first, and waits until they have.
    pub async fn terminate(mut self) -> std::io::Result<()> {
        for service in [self.gateway.take(), self.worker.take()].into_iter().flatten() {
            service.terminate().await?;
        }
        Ok(())
    }
}

/// The ack deadline in seconds. When the stream between the emulator and the relay breaks, lost
/// messages are redelivered after this time. The relay extends it while the worker has the message,
/// so it is shorter than the 600 s of the real subscription.
const LEASE: i32 = 60;

async fn set_up(
    admin: &PubsubAdmin,
    max_delivery_attempts: i32,
) -> Result<(), google_cloud_gax::error::Error> {
    admin.create_topic(TOPIC).await?;
    admin.create_topic(DEAD_LETTER_TOPIC).await?;
    let dead_letter = DeadLetter { topic: DEAD_LETTER_TOPIC.to_owned(), max_delivery_attempts };
    let last =
        SubscriptionSettings { ack_deadline_seconds: LEASE, ..SubscriptionSettings::default() };
    admin.create_subscription(DEAD_LETTER_SUBSCRIPTION, DEAD_LETTER_TOPIC, last).await?;
    let settings = SubscriptionSettings {
        ack_deadline_seconds: LEASE,
        // With a retry policy the emulator holds back the whole subscription after a crash, unlike
        // the real service; the relay waits before a retry instead.
        backoff: None,
        dead_letter: Some(dead_letter),
        push_endpoint: None,
    };
    admin.create_subscription(SUBSCRIPTION, TOPIC, settings).await
}

fn max_delivery_attempts(settings: &Settings) -> i32 {
    let setting = settings.iter().find(|(name, _)| *name == MAX_DELIVERY_ATTEMPTS);
    setting.map_or(100, |(_, count)| count.parse().expect("a number"))
}

/// The worker takes a free port: a `PORT` in the settings is the gateway's.
async fn start_worker(binaries: &Binaries, settings: &Settings) -> Result<Service, ServiceError> {
    Service::start(binaries.path("worker"), &at_port(settings, 0)).await
}
