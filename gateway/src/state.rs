//! What all handlers share.

use std::sync::Arc;

use common::broker::Broker;
use common::store::DocumentStore;

use tokio::sync::Semaphore;

use crate::digest_key::{DigestKey, Digests};
use crate::dimensions::Named;
use crate::hosts::Hosts;
use crate::probes::Probes;
use crate::rates::Rates;
use crate::room::Room;
use crate::settings::GatewaySettings;
use crate::site_settings_cache::Sites;
use crate::turns::Turns;
use crate::visit_days::VisitDays;
use crate::visitor::Salts;

/// How many bodies are decompressed at once. A zstd frame may need 16 MiB for its window.
const DECOMPRESSED_AT_ONCE: usize = 4;
/// How many reads of data run at once. Others wait; each may take some 8 MiB.
const READS_AT_ONCE: usize = 32;
/// How many exports run at once. Others wait; each may take some 30 MB.
const EXPORTS_AT_ONCE: usize = 2;
/// The memory that answers to slow clients may take together, in bytes.
const ANSWERS_BYTES: usize = 64 << 20;

/// The records that may be published to Pub/Sub at once, in bytes.
const PUBLISHED_AT_ONCE_BYTES: usize = 16 << 20;

/// The two ports, the settings, and what is remembered between requests.
pub struct Gateway {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) store: Arc<dyn DocumentStore>,
    pub(crate) settings: GatewaySettings,
    /// Any, until the server has bound its address.
    pub(crate) hosts: Hosts,
    /// Whether only this machine reaches the server; false until it has bound its address.
    pub(crate) is_near: bool,
    pub(crate) rates: Rates,
    pub(crate) named: Named,
    pub(crate) salts: Salts,
    pub(crate) sites: Sites,
    pub(crate) visit_days: VisitDays,
    pub(crate) probes: Probes,
    pub(crate) turns: Turns,
    pub(crate) digests: Digests,
    /// Memory for the bodies of requests, and for what is made of them until the answer.
    pub(crate) bodies: Room,
    pub(crate) decompressing: Semaphore,
    pub(crate) reading: Semaphore,
    pub(crate) exporting: Arc<Semaphore>,
    /// Memory for answers on their way to slow clients.
    pub(crate) answers: Room,
}

impl Gateway {
    /// A gateway that publishes to `broker` and reads from `store`.
    pub fn new(
        broker: Arc<dyn Broker>,
        store: Arc<dyn DocumentStore>,
        settings: GatewaySettings,
    ) -> Self {
        let salts = Salts::new(Arc::clone(&store));
        let sites = Sites::new(Arc::clone(&store));
        let visit_days = VisitDays::new(Arc::clone(&store));
        let probes = Probes::new(Arc::clone(&broker), Arc::clone(&store));
        let rates = Rates::new(
            settings.tenant_records_per_second,
            settings.tenant_bytes_per_second,
            settings.tenant_writes_per_day,
        );
        let named = Named::new(settings.max_event_values, settings.max_log_values);
        let bodies = Room::new(settings.max_bodies_bytes as usize);
        let decompressing = Semaphore::new(DECOMPRESSED_AT_ONCE);
        let (reading, answers) = (Semaphore::new(READS_AT_ONCE), Room::new(ANSWERS_BYTES));
        Self {
            broker,
            store,
            settings,
            hosts: Hosts::Any,
            is_near: false,
            rates,
            named,
            salts,
            sites,
            visit_days,
            probes,
            turns: Turns::new(PUBLISHED_AT_ONCE_BYTES),
            digests: Digests::Plain,
            bodies,
            decompressing,
            reading,
            exporting: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            answers,
        }
    }

    /// Publishes at most `bytes` at once, instead of what Pub/Sub takes.
    pub fn publishing_at_once(self, bytes: usize) -> Self {
        Self { turns: Turns::new(bytes), ..self }
    }

    /// Keys the digests of records: nobody can try from a digest what the original was.
    pub fn keying_digests(self, is_keyed: bool) -> Self {
        let key = || Digests::Keyed(DigestKey::new(Arc::clone(&self.store)));
        let digests = if is_keyed { key() } else { Digests::Plain };
        Self { digests, ..self }
    }
}
