//! Accepts events: says by what each is counted, publishes all of them, and counts what was accepted.

use common::event::Exclusion;
use common::metrics::{ACCEPTED, EXCLUDED, UNKNOWN_VISITORS};
use common::record::Kind;

use crate::dimensions::Origin;
use crate::extractors::browser::Browser;
use crate::extractors::new_event::NewEvent;
use crate::problem::Problem;
use crate::public_path;
use crate::publish::publish;
use crate::state::Gateway;

/// Publishes the events, and returns when each is durable.
pub(crate) async fn accept(events: Vec<NewEvent>, gateway: &Gateway) -> Result<(), Problem> {
    let mut accepted = Vec::with_capacity(events.len());
    let mut records = Vec::with_capacity(events.len());
    for mut event in events {
        public_path::of_event(&gateway.settings, &event.tenant, &mut event.event);
        count_by(&mut event, gateway);
        accepted.push((event.source, event.event.excluded));
        records.push(event.into_record().map_err(Problem::internal)?);
    }
    publish(gateway, records).await?;
    accepted.into_iter().for_each(|(source, excluded)| count(source, excluded));
    Ok(())
}

/// Gives an event that names no user the visitor's id for the day, if a browser sent it. If the store
/// has no salt, the event has no visitor: a page sends it only once.
pub(crate) async fn name_visitor(
    event: &mut NewEvent,
    browser: Option<&Browser>,
    gateway: &Gateway,
) {
    let is_visit = event.event.user_id.is_none() && event.event.excluded.is_none();
    let Some(browser) = browser.filter(|_| is_visit) else { return };
    match gateway.salts.of(event.received_at.date_naive()).await {
        Some(salt) => {
            let visitor = salt.visitor(&event.tenant, browser.address, &browser.user_agent);
            event.event.user_id = Some(visitor);
        }
        None => UNKNOWN_VISITORS.inc(),
    }
}

/// Says by what the event is counted, beside its type and its path.
fn count_by(NewEvent { tenant, event, client, query, .. }: &mut NewEvent, gateway: &Gateway) {
    let settings = &gateway.settings;
    event.dimensions = Origin { client, query, redacts: settings.redact_paths }.dimensions(event);
    event.dimensions.retain(|dimension, _| settings.site_dimensions.has(*dimension));
    gateway.named.bound(tenant, event);
}

fn count(source: &'static str, excluded: Option<Exclusion>) {
    ACCEPTED.with_label_values(&[Kind::Event.as_str(), source]).inc();
    if let Some(reason) = excluded {
        EXCLUDED.with_label_values(&[reason.as_str()]).inc();
    }
}
