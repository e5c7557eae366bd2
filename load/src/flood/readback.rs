//! Reads a run back: complete passes over all tenants until every promised record is settled, then
//! the documents themselves.

use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::backoff::Backoff;
use futures::stream::{self, StreamExt as _};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use tokio::time::{Instant, sleep};

use super::census::Census;
use super::plan::Plan;
use super::reader::{Document, Item, Lookup, QuarantinePage, ReadError, Reader, StoredPage, Walk};
use super::send::Outcome;
use super::sighting::Place;
use crate::count::count;

/// How many tenants are read at once.
const TENANTS_AT_ONCE: usize = 8;

/// How many documents are read at once.
const DOCUMENTS_AT_ONCE: usize = 16;

/// How many stored documents to compare with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verify {
    /// All of them.
    All,
    /// This many, chosen at random, or all if there are fewer.
    Sample(usize),
}

impl FromStr for Verify {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            number => {
                number.parse().map(Self::Sample).map_err(|_| "must be `all` or a number".to_owned())
            }
        }
    }
}

/// Reads one run back.
pub(super) struct ReadBack<'a> {
    pub(super) reader: Reader,
    pub(super) plan: &'a Plan,
    pub(super) outcomes: &'a [Outcome],
    pub(super) verify: Verify,
    /// How long to wait between two passes.
    pub(super) backoff: Backoff,
}

/// What was read back.
pub(super) struct Found<'a> {
    /// The last complete pass.
    pub(super) census: Census<'a>,
    /// How many documents were compared with what was sent.
    pub(super) compared: usize,
    /// How many of them have no original text to compare.
    pub(super) without_original: usize,
}

/// The result of comparing a document.
enum Comparison {
    Right,
    WithoutOriginal,
    Wrong(String),
    Unreadable(String),
}

impl<'a> ReadBack<'a> {
    /// Waits until all promised records are settled or time is up, then compares documents.
    pub(super) async fn run(&self) -> Found<'a> {
        let census = self.settle().await;
        self.compare(census).await
    }

    /// Passes over all tenants again and again. Only the last pass counts, so a record has to be
    /// there at the end.
    async fn settle(&self) -> Census<'a> {
        let mut census = Census::new(self.plan, self.outcomes);
        let mut passes = 0;
        loop {
            let began = Instant::now();
            let last = began >= self.reader.deadline || self.reader.hurry.is_cancelled();
            census = self.pass(census.next()).await;
            self.reader.bar.set_position(census.settled() as u64);
            passes += 1;
            if last || (census.pending() == 0 && census.is_complete()) {
                return census;
            }
            // A pass over many records is work for the server, so it takes at most half the time.
            self.rest(self.backoff.wait_after(passes).max(began.elapsed())).await;
        }
    }

    /// Waits, but not beyond the deadline.
    async fn rest(&self, pause: Duration) {
        let left = self.reader.deadline.saturating_duration_since(Instant::now());
        tokio::select! {
            () = sleep(pause.min(left)) => {}
            () = self.reader.hurry.cancelled() => {}
        }
    }

    /// One complete pass over all tenants.
    async fn pass(&self, census: Census<'a>) -> Census<'a> {
        let census = Mutex::new(census);
        stream::iter(0..self.plan.tenants.min(self.plan.records))
            .for_each_concurrent(TENANTS_AT_ONCE, |tenant| {
                let census = &census;
                async move {
                    if let Err(error) = self.read_tenant(tenant, census).await {
                        lock(census).unreadable(tenant, error.to_string());
                    }
                }
            })
            .await;
        census.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_tenant(
        &self,
        tenant: usize,
        census: &Mutex<Census<'a>>,
    ) -> Result<(), ReadError> {
        let name = self.plan.tenant(tenant);
        let mut walk = Walk::new::<StoredPage>(&name);
        while let Some(items) = self.reader.next::<StoredPage>(&mut walk).await? {
            for mut item in items {
                let place = self.place(&name, &mut item).await?;
                lock(census).listed(tenant, &item, place);
            }
        }
        let mut walk = Walk::new::<QuarantinePage>(&name);
        while let Some(items) = self.reader.next::<QuarantinePage>(&mut walk).await? {
            items.iter().for_each(|item| lock(census).quarantined(tenant, item));
        }
        Ok(())
    }

    /// How far a listed record has come. If the listing does not say, its document does.
    async fn place(&self, tenant: &str, item: &mut Item) -> Result<Place, ReadError> {
        if Census::is_sure(item) || self.plan.index_of(&item.log_id).is_none() {
            return Ok(Place::Stored);
        }
        Ok(match self.reader.document(tenant, &item.log_id).await? {
            Lookup::Found(document) => {
                item.processed_at = document.processed_at.or(item.processed_at);
                Place::Stored
            }
            Lookup::InProgress => Place::InProgress,
            Lookup::NotFound => Place::ListedOnly,
        })
    }

    /// Compares the stored documents, or a sample of them, with what was sent.
    async fn compare(&self, mut census: Census<'a>) -> Found<'a> {
        let chosen = self.choose(census.stored());
        let mut comparisons = stream::iter(chosen)
            .map(|index| async move { (index, self.compare_one(index).await) })
            .buffer_unordered(DOCUMENTS_AT_ONCE);
        let (mut compared, mut without_original) = (0, 0);
        while let Some((index, comparison)) = comparisons.next().await {
            compared += usize::from(!matches!(comparison, Comparison::Unreadable(_)));
            match comparison {
                Comparison::Right => {}
                Comparison::WithoutOriginal => without_original += 1,
                Comparison::Wrong(detail) => census.wrong_content(index, detail),
                Comparison::Unreadable(why) => census.unreadable_document(index, why),
            }
            self.reader.bar.set_message(format!("{compared} documents compared"));
        }
        drop(comparisons);
        Found { census, compared, without_original }
    }

    /// The records whose documents are read, chosen at random; the same seed chooses the same.
    fn choose(&self, stored: Vec<usize>) -> Vec<usize> {
        match self.verify {
            Verify::Sample(number) if number < stored.len() => {
                let mut dice = StdRng::seed_from_u64(self.plan.seed);
                let chosen = sample(&mut dice, stored.len(), number);
                chosen.into_iter().map(|n| stored[n]).collect()
            }
            _ => stored,
        }
    }

    async fn compare_one(&self, index: usize) -> Comparison {
        let tenant = self.plan.tenant(self.plan.tenant_of(index));
        match self.reader.document(&tenant, &self.plan.log_id(index)).await {
            Ok(Lookup::Found(document)) => self.compare_with(index, &document),
            Ok(Lookup::InProgress) => {
                Comparison::Wrong("listed as stored, but its document is in progress".to_owned())
            }
            Ok(Lookup::NotFound) => {
                Comparison::Wrong("listed as stored, but its document answers 404".to_owned())
            }
            Err(error) => Comparison::Unreadable(error.to_string()),
        }
    }

    fn compare_with(&self, index: usize, document: &Document) -> Comparison {
        let sent = self.plan.record(index);
        let source = document.source.as_deref().unwrap_or("missing");
        if source != sent.format.source() {
            let detail = format!("source is {source}, sent as {}", sent.format.source());
            return Comparison::Wrong(detail);
        }
        match &document.original_text {
            None => Comparison::WithoutOriginal,
            Some(stored) if *stored == sent.text => Comparison::Right,
            Some(stored) => Comparison::Wrong(difference(&sent.text, stored)),
        }
    }
}

/// The place where two texts differ, without a quote of either: a report must not contain personal
/// data.
fn difference(sent: &str, stored: &str) -> String {
    let same = sent.chars().zip(stored.chars()).take_while(|(a, b)| a == b).count();
    format!(
        "original_text differs from character {} on: {} sent, {} stored",
        same + 1,
        count(sent.chars().count(), "character", "characters"),
        stored.chars().count()
    )
}

fn lock<'g, 'a>(census: &'g Mutex<Census<'a>>) -> MutexGuard<'g, Census<'a>> {
    census.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_described_by_position_and_length() {
        let told = difference("abcd", "abX");
        assert_eq!(told, "original_text differs from character 3 on: 4 characters sent, 3 stored");
    }

    #[test]
    fn verify_is_all_or_a_number() {
        assert_eq!("all".parse(), Ok(Verify::All));
        assert_eq!("20".parse(), Ok(Verify::Sample(20)));
        assert!("some".parse::<Verify>().is_err());
    }
}
