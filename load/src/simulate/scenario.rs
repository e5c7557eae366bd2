//! What is sent: the customers' batches, and their order.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

/// When the first entries happened: half an hour from here touches two hours and two days.
pub(super) const BEGIN: DateTime<Utc> =
    DateTime::from_timestamp(1_746_143_100, 0).expect("2025-05-01T23:45:00Z");
/// How many minutes the entries are spread over.
pub(super) const MINUTES: i64 = 30;

/// One batch in this many is sent twice.
const TWICE_EVERY: usize = 4;
/// One batch in this many is large: it is processed in several parts.
const LARGE_EVERY: usize = 10;
const LARGE: std::ops::RangeInclusive<usize> = 300..=500;
const SMALL: std::ops::RangeInclusive<usize> = 20..=40;

/// The pages that are requested: how each is sent, and how it is counted. Home is requested most.
pub(super) const PAGES: [(&str, &str, &str); 8] = [
    ("GET", "/", "/"),
    ("GET", "/", "/"),
    ("GET", "/pricing?plan=pro", "/pricing"),
    ("GET", "/search?q=shoes", "/search"),
    ("GET", "/shoes/red", "/shoes/red"),
    ("POST", "/cart", "/cart"),
    ("POST", "/checkout", "/checkout"),
    ("HEAD", "/health", "/health"),
];

/// Who requests them: the user agent, and the family that it is counted as.
pub(super) const AGENTS: [(&str, &str); 5] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/124.0.0.0 Safari/537.36",
        "Chrome",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0", "Firefox"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
    ("curl/8.5.0", "curl"),
    ("a monitor of our own", "Other"),
];

/// How much is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) customers: usize,
    pub(super) batches: usize,
}

/// Everything that is sent.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    /// The same seed makes the same scenario.
    pub(super) seed: u64,
    /// The customers' names, which are tenants.
    pub(super) customers: Vec<String>,
    pub(super) batches: Vec<Batch>,
    /// The position of the batch of each request, in the order of sending.
    pub(super) requests: Vec<usize>,
}

/// The entries that a customer sends at once.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// The customer's position.
    pub(super) customer: usize,
    /// What makes it the same batch when it is sent again.
    pub(super) name: Name,
    pub(super) format: Format,
    pub(super) entries: Vec<Entry>,
}

/// What makes two requests the same batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// This `Idempotency-Key`.
    Key(String),
    /// Its content, with `?dedup=content`.
    Content,
}

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Ndjson,
    Csv,
    /// The combined log format of Apache and nginx.
    Combined,
}

/// One request that a customer's site answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) at: DateTime<Utc>,
    /// Its position in [`PAGES`].
    pub(super) page: usize,
    /// Its position in [`AGENTS`].
    pub(super) agent: usize,
}

impl Scenario {
    /// The scenario of this seed. The customers' names begin with `prefix`.
    pub(super) fn new(prefix: &str, size: Size, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let batches: Vec<_> =
            (0..size.batches).map(|n| Batch::new(n, size.customers, &mut dice)).collect();
        let again = (0..batches.len()).filter(|n| (n / size.customers) % TWICE_EVERY == 1);
        let mut requests: Vec<_> = (0..batches.len()).chain(again).collect();
        requests.shuffle(&mut dice);
        let customers = (1..=size.customers).map(|n| format!("{prefix}customer-{n}")).collect();
        Self { seed, customers, batches, requests }
    }

    /// The number of entries in all batches, each counted once.
    pub(super) fn entries(&self) -> usize {
        self.batches.iter().map(|batch| batch.entries.len()).sum()
    }

    /// The batches of one customer.
    pub(super) fn batches_of(&self, customer: usize) -> impl Iterator<Item = &Batch> {
        self.batches.iter().filter(move |batch| batch.customer == customer)
    }

    /// How many requests send a batch of this customer again.
    pub(super) fn sent_again(&self, customer: usize) -> usize {
        let own = |batch: &&usize| self.batches[**batch].customer == customer;
        self.requests.iter().filter(own).count() - self.batches_of(customer).count()
    }
}

impl Batch {
    /// Batch `n`; customers take turns.
    fn new(n: usize, customers: usize, dice: &mut StdRng) -> Self {
        let is_large = (n / customers).is_multiple_of(LARGE_EVERY);
        let length = dice.random_range(if is_large { LARGE } else { SMALL });
        let name = match dice.random() {
            true => Name::Key(format!("batch-{n}-{:08x}", dice.random::<u32>())),
            false => Name::Content,
        };
        let format = *Format::ALL.choose(dice).unwrap_or(&Format::Json);
        let entries = (0..length).map(|_| Entry::new(dice)).collect();
        Self { customer: n % customers, name, format, entries }
    }
}

impl Format {
    const ALL: [Self; 4] = [Self::Json, Self::Ndjson, Self::Csv, Self::Combined];
}

impl Entry {
    fn new(dice: &mut StdRng) -> Self {
        Self {
            at: BEGIN + TimeDelta::seconds(dice.random_range(0..MINUTES * 60)),
            page: dice.random_range(0..PAGES.len()),
            agent: dice.random_range(0..AGENTS.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const SIZE: Size = Size { customers: 4, batches: 200 };

    #[test]
    fn a_seed_makes_the_same_scenario_and_another_seed_another_one() {
        let made = |seed| format!("{:?}", Scenario::new("", SIZE, seed));
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
    }

    #[test]
    fn one_batch_in_four_is_sent_twice_and_no_other() {
        let scenario = Scenario::new("", SIZE, 1);
        let mut sent: BTreeMap<usize, usize> = BTreeMap::new();
        scenario.requests.iter().for_each(|batch| *sent.entry(*batch).or_default() += 1);
        assert_eq!((sent.len(), scenario.requests.len()), (200, 252));
        assert!(sent.values().all(|times| (1..=2).contains(times)));
        assert_eq!([0, 1, 2, 3].map(|customer| scenario.sent_again(customer)), [13; 4]);
    }

    #[test]
    fn the_batches_have_every_format_and_name_and_their_entries_every_minute() {
        let scenario = Scenario::new("", SIZE, 1);
        let formats: BTreeSet<_> =
            scenario.batches.iter().map(|batch| format!("{:?}", batch.format)).collect();
        assert_eq!(formats.len(), 4);
        let by_content = |batch: &&Batch| batch.name == Name::Content;
        let by_content = scenario.batches.iter().filter(by_content).count();
        assert!((70..130).contains(&by_content), "{by_content} of 200");
        let entries = scenario.batches.iter().flat_map(|batch| &batch.entries);
        let minutes: BTreeSet<_> =
            entries.map(|entry| entry.at.timestamp().div_euclid(60)).collect();
        assert_eq!(minutes.len() as i64, MINUTES);
    }
}
