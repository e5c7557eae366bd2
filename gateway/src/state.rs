//! What all handlers share.

use std::sync::Arc;

use common::broker::Broker;
use common::store::DocumentStore;

use crate::dimensions::Named;
use crate::hosts::Hosts;
use crate::probes::Probes;
use crate::rates::Rates;
use crate::settings::GatewaySettings;
use crate::visitor::Salts;

/// The two ports, the settings, and what is remembered between requests.
pub struct Gateway {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) store: Arc<dyn DocumentStore>,
    pub(crate) settings: GatewaySettings,
    /// Any, until the server has bound its address.
    pub(crate) hosts: Hosts,
    pub(crate) rates: Rates,
    pub(crate) named: Named,
    pub(crate) salts: Salts,
    pub(crate) probes: Probes,
}

impl Gateway {
    /// A gateway that publishes to `broker` and reads from `store`.
    pub fn new(
        broker: Arc<dyn Broker>,
        store: Arc<dyn DocumentStore>,
        settings: GatewaySettings,
    ) -> Self {
        let salts = Salts::new(Arc::clone(&store));
        let probes = Probes::new(Arc::clone(&broker), Arc::clone(&store));
        let rates = Rates::new(
            settings.tenant_records_per_second,
            settings.tenant_bytes_per_second,
            settings.tenant_writes_per_day,
        );
        Self {
            broker,
            store,
            settings,
            hosts: Hosts::Any,
            rates,
            named: Named::default(),
            salts,
            probes,
        }
    }
}
