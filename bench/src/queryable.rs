//! How long until an event can be read: some events a second are looked for until they are there.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::send::times;
use crate::spillway::Spillway;

const EVERY: Duration = Duration::from_millis(25);
/// The first pause between two looks; each is a tenth of the time so far, if that is longer.
const POLL: Duration = Duration::from_millis(1);
/// An event that cannot be read after that time counts with it.
const LIMIT: Duration = Duration::from_secs(30);

/// What became of the events that were looked for.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) acked: u64,
    /// From sending to reading, in microseconds.
    pub(crate) queryable: Histogram<u64>,
}

/// Sends events at a fixed rate for as long as the load lasts, and waits until each can be read.
pub(crate) async fn probe(spillway: &Spillway, site: &str, day: &str, lasts: Duration) -> Probed {
    let (mut probes, mut tick, began) = (JoinSet::new(), interval(EVERY), Instant::now());
    while began.elapsed() < lasts {
        tick.tick().await;
        let (spillway, site, id) =
            (spillway.clone(), site.to_owned(), format!("probe-{}", probes.len()));
        let event = json!({
            "site_id": site, "event_id": id, "event_type": "page_view", "path": "/probe",
            "user_id": "probe", "timestamp": format!("{day}T12:00:00Z"),
        });
        probes.spawn(async move { one(&spillway, &site, &id, event).await });
    }
    let took: Vec<_> = probes.join_all().await.into_iter().flatten().collect();
    let mut queryable = times();
    took.iter().for_each(|took| queryable.saturating_record(took.as_micros() as u64));
    Probed { acked: took.len() as u64, queryable }
}

/// How long it took; `None` if the event was not accepted.
async fn one(
    spillway: &Spillway,
    site: &str,
    id: &str,
    event: serde_json::Value,
) -> Option<Duration> {
    let began = Instant::now();
    let url = format!("http://{}/event", spillway.address);
    let sent = spillway.client.post(url).json(&event).send().await.ok()?;
    if sent.status() != 202 {
        return None;
    }
    while !spillway.has_event(site, id).await.unwrap_or(false) && began.elapsed() < LIMIT {
        sleep(POLL.max(began.elapsed() / 10)).await;
    }
    Some(began.elapsed())
}
