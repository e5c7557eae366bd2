//! One pass through a quarantine: look up, publish, wait, remove.

use std::time::Duration;

use common::backoff::Backoff;
use common::broker::Broker;
use common::message::attribute;
use common::quarantine;
use common::standing::{Standing, paths, standing};
use common::store::patience::patiently;
use common::store::{Document, DocumentStore, StoreError, Write, scan};
use common::tenant::TenantId;
use indicatif::ProgressBar;
use load::progress::progress;
use tokio::time::{Instant, sleep};

use super::case::{Case, Left};
use super::redriven::Redriven;
use crate::republish::{mark, publish};

/// How many messages are read at once: each may have 256 KiB.
const PAGE: usize = 50;
/// How long to wait between two looks at the store.
const POLL: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// What the store says about a message.
enum Found {
    Stored,
    Left(Left),
    Nothing,
}

pub(super) struct Run<'a> {
    store: &'a dyn DocumentStore,
    broker: &'a dyn Broker,
    tenant: TenantId,
    mark: String,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        store: &'a dyn DocumentStore,
        broker: &'a dyn Broker,
        tenant: TenantId,
    ) -> Self {
        Self { store, broker, tenant, mark: mark() }
    }

    /// The ids of all messages in quarantine, or of those that match `only`.
    pub(super) async fn find(&self, only: Option<&str>) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        let collection = quarantine::collection(&self.tenant);
        scan(self.store, &collection, Some(&["attributes"]), |document| {
            if only.is_none_or(|id| is_named(document, id)) {
                ids.push(document.id.clone());
            }
        })
        .await?;
        Ok(ids)
    }

    /// Redrives the messages with these ids. Waits for up to `wait` until all are stored, or not at
    /// all if no server processes them.
    pub(super) async fn redrive(
        &self,
        ids: &[String],
        wait: Option<Duration>,
    ) -> Result<Redriven, StoreError> {
        let (mut redriven, mut published) = (Redriven::default(), Vec::new());
        let bar = progress(ids.len(), "redriving");
        for page in ids.chunks(PAGE) {
            let cases = self.read(page, &mut redriven).await?;
            let cases = self.settle(cases, &mut redriven.known, &mut redriven.left).await?;
            published.extend(self.publish(cases, &mut redriven.left).await);
            bar.set_position(redriven.settled());
        }
        if let Some(wait) = wait {
            published = self.wait(published, wait, &mut redriven, &bar).await?;
        }
        let left = wait.map_or(Left::NoServer, Left::NotYet);
        redriven.left.extend(published.into_iter().map(|case| (case.name, left.clone())));
        bar.finish_and_clear();
        Ok(redriven)
    }

    async fn read(&self, ids: &[String], to: &mut Redriven) -> Result<Vec<Case>, StoreError> {
        let places: Vec<_> = ids.iter().map(|id| quarantine::found(&self.tenant, id)).collect();
        let found = patiently(|| self.store.get_many(&places)).await?;
        let mut cases = Vec::new();
        for document in found.iter().flatten() {
            match Case::read(&self.tenant, document, &self.mark) {
                Ok(case) => cases.push(case),
                Err(left) => to.left.push(left),
            }
        }
        Ok(cases)
    }

    /// Removes stored messages from quarantine, and returns those that are not settled. A message
    /// is removed only after its record was seen in the store with the message's digest.
    async fn settle(
        &self,
        cases: Vec<Case>,
        stored: &mut u64,
        left: &mut Vec<(String, Left)>,
    ) -> Result<Vec<Case>, StoreError> {
        let mut open = Vec::new();
        let mut cases = cases.into_iter().peekable();
        while cases.peek().is_some() {
            let some: Vec<_> = cases.by_ref().take(PAGE).collect();
            for (case, found) in self.look(some).await? {
                match found {
                    Found::Stored => {
                        self.remove(&case).await?;
                        *stored += 1;
                    }
                    Found::Left(why) => left.push((case.name, why)),
                    Found::Nothing => open.push(case),
                }
            }
        }
        Ok(open)
    }

    /// Looks each message up in the store.
    async fn look(&self, cases: Vec<Case>) -> Result<Vec<(Case, Found)>, StoreError> {
        let wanted: Vec<_> = cases
            .iter()
            .flat_map(|case| paths(&case.record).into_iter().chain([case.next_place.clone()]))
            .collect();
        let mut found = patiently(|| self.store.get_many(&wanted)).await?.into_iter();
        let mut looked = Vec::new();
        for case in cases {
            let own: Vec<_> = found.by_ref().take(paths(&case.record).len()).collect();
            let again = found.next().flatten().and_then(|next| case.failed_again(&next));
            let said = match standing(&own, &case.record) {
                Standing::Stored => Found::Stored,
                Standing::Conflict => Found::Left(Left::Conflict),
                Standing::Unknown | Standing::Claimed | Standing::Incomplete => {
                    again.map_or(Found::Nothing, Found::Left)
                }
            };
            looked.push((case, said));
        }
        Ok(looked)
    }

    async fn remove(&self, case: &Case) -> Result<(), StoreError> {
        let remove = Write::Delete { path: case.place.clone() };
        patiently(|| self.store.commit(vec![remove.clone()])).await
    }

    /// Publishes, and returns the messages that the broker has acknowledged.
    async fn publish(&self, cases: Vec<Case>, left: &mut Vec<(String, Left)>) -> Vec<Case> {
        let messages: Vec<_> = cases.iter().map(|case| case.message.clone()).collect();
        let results = publish(self.broker, &messages).await;
        let mut published = Vec::new();
        for (case, result) in cases.into_iter().zip(results) {
            match result {
                Ok(()) => published.push(case.without_data()),
                Err(error) => left.push((case.name, error.into())),
            }
        }
        published
    }

    /// Waits until everything is settled or time is up, and returns what is not settled.
    async fn wait(
        &self,
        mut published: Vec<Case>,
        time: Duration,
        to: &mut Redriven,
        bar: &ProgressBar,
    ) -> Result<Vec<Case>, StoreError> {
        let (until, mut waits) = (Instant::now() + time, POLL.waits());
        while !published.is_empty() && Instant::now() < until {
            sleep(waits.next_wait()).await;
            published = self.settle(published, &mut to.stored, &mut to.left).await?;
            bar.set_position(to.settled());
        }
        Ok(published)
    }
}

fn is_named(document: &Document, id: &str) -> bool {
    let attributes = document.fields.get("attributes").and_then(quarantine::attributes);
    let record = attributes.as_ref().and_then(|found| found.get(attribute::RECORD_ID));
    document.id == id || record.is_some_and(|record| record == id)
}
