//! Accepts events: says by what each is counted, publishes all of them, and counts what was accepted.

use common::event::Exclusion;
use common::metrics::{ACCEPTED, EXCLUDED, UNKNOWN_VISITORS};
use common::record::Kind;
use common::site_settings::SiteSettings;

use crate::dimensions::Origin;
use crate::extractors::browser::Browser;
use crate::extractors::new_event::NewEvent;
use crate::problem::Problem;
use crate::public_path;
use crate::publish::publish;
use crate::site_rules;
use crate::state::Gateway;
use crate::visitor::{self, Salt};

/// Publishes the events, and returns when each is durable: why each is not counted, if it is not.
pub(crate) async fn accept(
    events: Vec<NewEvent>,
    gateway: &Gateway,
) -> Result<Vec<Option<Exclusion>>, Problem> {
    let mut accepted = Vec::with_capacity(events.len());
    let mut records = Vec::with_capacity(events.len());
    for mut event in events {
        decide(&mut event, gateway).await;
        accepted.push((event.source, event.event.excluded));
        records.push(event.into_record().map_err(Problem::internal)?);
    }
    publish(gateway, records).await?;
    accepted.iter().for_each(|(source, excluded)| count(source, *excluded));
    Ok(accepted.into_iter().map(|(_, excluded)| excluded).collect())
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
    match salt(event, gateway).await {
        Some(salt) => {
            let visitor = salt.visitor(&event.tenant, browser.address, &browser.user_agent);
            event.event.user_id = Some(visitor);
        }
        None => UNKNOWN_VISITORS.inc(),
    }
}

/// The salt of the day by which the event is counted. The settings of the site are read at the same time
/// as that of the day in UTC, so that a store that does not answer is waited for once; few sites need
/// another one.
async fn salt(event: &NewEvent, gateway: &Gateway) -> Option<Salt> {
    let utc = gateway.salts.of(event.received_at.date_naive());
    let (utc, site) = futures::join!(utc, gateway.sites.prepare(&event.tenant));
    let day = visitor::day(site.zone(), event.event.timestamp, event.received_at);
    if day == event.received_at.date_naive() { utc } else { gateway.salts.of(day).await }
}

/// Decides by the settings of the site whether the event counts, and by what. The event says it, so
/// that whoever counts it again counts the same.
async fn decide(event: &mut NewEvent, gateway: &Gateway) {
    let site = gateway.sites.of(&event.tenant).await;
    let rules = site.page_rules(gateway.settings.page_rules(&event.tenant));
    event.event.count_in(site.zone());
    site_rules::exclude(&site, rules, event);
    let query = site_rules::page_query(&site, &event.query);
    public_path::of_event(&gateway.settings, rules, &query, &mut event.event);
    count_by(event, &site, gateway);
}

/// Says by what the event is counted, beside its type and its path.
fn count_by(
    NewEvent { tenant, event, client, stated, query, .. }: &mut NewEvent,
    site: &SiteSettings,
    gateway: &Gateway,
) {
    let settings = &gateway.settings;
    let redacts = settings.redact_paths;
    event.dimensions = Origin { client, stated, query, redacts }.dimensions(event);
    let is_counted = |one| settings.site_dimensions.has(one) && site.counts_by(one);
    event.dimensions.retain(|dimension, _| is_counted(*dimension));
    gateway.named.bound(tenant, event);
}

fn count(source: &'static str, excluded: Option<Exclusion>) {
    ACCEPTED.with_label_values(&[Kind::Event.as_str(), source]).inc();
    if let Some(reason) = excluded {
        EXCLUDED.with_label_values(&[reason.as_str()]).inc();
    }
}
