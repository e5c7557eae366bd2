//! Visitors without cookies: a browser has the same id on a site all day, and afterwards nobody can
//! tell whose it was.
//!
//! The id is a keyed hash of site, address and user agent. The key is the salt of the site's day. All
//! gateways share it through the store. It is destroyed two days after that day has begun in UTC, which
//! is 12 to 38 hours after the day has ended, wherever the site is.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use common::path::{CollectionPath, DocumentPath};
use common::store::{DocumentStore, StoreError, Value, Write, fields, scan};
use common::tenant::TenantId;
use common::time_zone::TimeZone;
use common::{budget, hash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use tokio::sync::Mutex;

/// The days that a salt lives: its own, and the next for clocks that are behind.
const DAYS: Days = Days::new(2);
/// The salts in memory: at any time it is three different days on earth, and one of them ends soon.
const KEPT: usize = 4;
/// How long before the first place on earth has a new day its salt is read.
const AHEAD: TimeDelta = TimeDelta::hours(14 + 1);
/// The bits of an IPv6 address that name a device within its network.
const HOST_BITS: u32 = 64;
/// How long the store is left alone after a failure, so that the events of a flood do not wait for
/// it one after the other.
const REST: Duration = Duration::from_secs(5);

/// The key of a day's visitor ids.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Salt([u8; 64]);

impl Salt {
    /// The id of the visitor of `site` from `address` with `user_agent`.
    pub(crate) fn visitor(&self, site: &TenantId, address: IpAddr, user_agent: &[u8]) -> String {
        let mut hash = Hmac::<Sha256>::new(&self.0.into());
        let address = network(address).to_string();
        for field in [site.as_str().as_bytes(), address.as_bytes(), user_agent] {
            hash.update(&(field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        format!("anon-{}", hash::hexadecimal(&hash.finalize().into_bytes()[..16]))
    }

    fn random() -> Self {
        Self(rand::rng().random())
    }
}

/// The day whose salt names the visitor of an event of a site in `zone`. It is the day by which the event
/// is counted, if that is the day at which it comes or the one before, whose salt is still there: an event
/// may be sent just before midnight. Salts of other days are gone, or are nobody's business yet.
pub(crate) fn day(zone: TimeZone, at: DateTime<Utc>, received_at: DateTime<Utc>) -> NaiveDate {
    let (counted, today) = (zone.day(at), zone.day(received_at));
    let is_there = !is_old(counted, received_at.date_naive());
    if Some(counted) == today.pred_opt() && is_there { counted } else { today }
}

/// The salts of the days that it is on earth, each read from the store once.
pub(crate) struct Salts {
    store: Arc<dyn DocumentStore>,
    known: Mutex<Known>,
}

/// The answers of the store.
#[derive(Default)]
struct Known {
    salts: BTreeMap<NaiveDate, Salt>,
    /// When the store failed last.
    failed: Option<Instant>,
}

impl Known {
    fn remember(&mut self, day: NaiveDate, salt: Salt) {
        self.salts.insert(day, salt);
        if self.salts.len() > KEPT {
            self.salts.pop_first();
        }
        self.failed = None;
    }
}

impl Salts {
    /// Salts in `store`.
    pub(crate) fn new(store: Arc<dyn DocumentStore>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The salt of `day`, the same on all gateways; `None` if the store does not answer.
    pub(crate) async fn of(&self, day: NaiveDate) -> Option<Salt> {
        let mut known = self.known.lock().await;
        if let Some(salt) = known.salts.get(&day) {
            return Some(salt.clone());
        }
        if known.failed.is_some_and(|at| at.elapsed() < REST) {
            return None;
        }
        let salt = tokio::time::timeout(budget::SALT, self.shared(day)).await;
        let salt = salt.map_err(|_| "no answer in time".to_owned());
        match salt.and_then(|salt| salt.map_err(|error| error.to_string())) {
            Ok(salt) => {
                known.remember(day, salt.clone());
                Some(salt)
            }
            Err(error) => {
                tracing::warn!(
                    error,
                    "cannot read the salt of the day; events do not count visitors"
                );
                known.failed = Some(Instant::now());
                None
            }
        }
    }

    /// Reads the salts of the days that it is somewhere, or soon will be, before an event needs them, and
    /// destroys those that are two days old in UTC.
    pub(crate) async fn rotate(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (today, next) = (now.date_naive(), (now + AHEAD).date_naive());
        self.prepare(today).await?;
        if next != today {
            self.prepare(next).await?;
        }
        self.destroy_old(today).await
    }

    async fn prepare(&self, day: NaiveDate) -> Result<(), StoreError> {
        let salt = self.shared(day).await?;
        self.known.lock().await.remember(day, salt);
        Ok(())
    }

    async fn destroy_old(&self, today: NaiveDate) -> Result<(), StoreError> {
        self.known.lock().await.salts.retain(|day, _| !is_old(*day, today));
        let salts = CollectionPath::salts();
        let mut old = Vec::new();
        scan(&*self.store, &salts, Some(&["expire_at"]), |salt| {
            let day = salt.id.parse::<NaiveDate>().ok();
            old.extend(day.filter(|day| is_old(*day, today)));
        })
        .await?;
        let deletes: Vec<_> =
            old.into_iter().map(|day| Write::Delete { path: salts.day(day) }).collect();
        if deletes.is_empty() { Ok(()) } else { self.store.commit(deletes).await }
    }

    /// The store's salt; the first gateway to ask creates it.
    async fn shared(&self, day: NaiveDate) -> Result<Salt, StoreError> {
        let path = CollectionPath::salts().day(day);
        if let Some(salt) = self.read(&path).await? {
            return Ok(salt);
        }
        let salt = Salt::random();
        let fields = fields([
            ("salt", Value::Bytes(salt.0.to_vec())),
            ("expire_at", Value::Timestamp(end(day))),
        ]);
        match self.store.commit(vec![Write::Create { path: path.clone(), fields }]).await {
            Ok(()) => Ok(salt),
            Err(StoreError::AlreadyExists) => {
                self.read(&path).await?.ok_or(StoreError::AlreadyExists)
            }
            Err(error) => Err(error),
        }
    }

    async fn read(&self, path: &DocumentPath) -> Result<Option<Salt>, StoreError> {
        let found = self.store.get_many(std::slice::from_ref(path)).await?.pop().flatten();
        let salt = found.and_then(|mut document| document.fields.remove("salt"));
        Ok(salt.and_then(|salt| match salt {
            Value::Bytes(bytes) => bytes.try_into().ok().map(Salt),
            _ => None,
        }))
    }
}

/// The part of an address that stays the same for a while: of IPv6 the network (/64), in which a
/// device takes another address every few hours.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() >> HOST_BITS << HOST_BITS).into()
        }
    }
}

fn is_old(day: NaiveDate, today: NaiveDate) -> bool {
    day.checked_add_days(DAYS).is_none_or(|end| end <= today)
}

fn end(day: NaiveDate) -> DateTime<Utc> {
    let end = day.checked_add_days(DAYS).unwrap_or(day);
    end.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use common::store::embedded::EmbeddedStore;
    use common::store::{Aggregation, CommitLimits, Document, Query};
    use futures::future::join_all;
    use tempfile::TempDir;

    use super::*;

    fn store() -> (TempDir, Arc<EmbeddedStore>) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        (folder, Arc::new(store))
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn visitor(salt: &Salt, site: &str, address: &str, user_agent: &str) -> String {
        let site = TenantId::parse(site).expect("a tenant");
        salt.visitor(&site, address.parse().expect("an address"), user_agent.as_bytes())
    }

    #[test]
    fn site_address_user_agent_and_salt_tell_visitors_apart() {
        let salts = [Salt([1; 64]), Salt([2; 64])];
        let mut ids: Vec<_> = salts
            .iter()
            .flat_map(|salt| ["a", "ab"].map(|site| (salt, site)))
            .flat_map(|(salt, site)| ["192.0.2.1", "192.0.2.11"].map(|from| (salt, site, from)))
            .flat_map(|(salt, site, from)| {
                ["x", "1x"].map(|agent| visitor(salt, site, from, agent))
            })
            .collect();
        assert_eq!(visitor(&salts[0], "a", "192.0.2.1", "x"), ids[0]);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 16);
        assert!(ids.iter().all(|id| id.len() == 37 && id.starts_with("anon-")), "{ids:?}");
    }

    #[test]
    fn a_device_with_many_addresses_of_its_network_is_one_visitor() {
        let salt = Salt([1; 64]);
        let by = |address| visitor(&salt, "a", address, "x");
        let one = by("2001:db8:1:2::1");
        for address in ["2001:db8:1:2::2", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"] {
            assert_eq!(by(address), one, "{address}");
        }
        for address in ["2001:db8:1:3::1", "2001:db8:2:2::1", "192.0.2.1"] {
            assert_ne!(by(address), one, "{address}");
        }
        assert_ne!(by("192.0.2.1"), by("192.0.2.2"));
    }

    #[tokio::test]
    async fn all_gateways_share_a_salt_that_changes_every_day() {
        let (_folder, store) = store();
        let gateways: Vec<_> = (0..8).map(|_| Salts::new(store.clone())).collect();
        let salts = |day| join_all(gateways.iter().map(move |salts| salts.of(day)));
        let first = salts(day("2025-05-01")).await;
        assert!(first[0].is_some() && first.iter().all(|salt| *salt == first[0]));
        let second = salts(day("2025-05-02")).await;
        assert!(second.iter().all(|salt| *salt == second[0]) && second[0] != first[0]);
        assert!(
            salts(day("2025-05-01")).await == first,
            "a clock that is behind gets the same salt"
        );
    }

    #[tokio::test]
    async fn a_salt_is_destroyed_after_two_days_with_all_its_bytes() {
        let (folder, store) = store();
        let salts = Salts::new(store.clone());
        let salt = salts.of(day("2025-05-01")).await.expect("a salt");
        let next = salts.of(day("2025-05-02")).await.expect("a salt");
        let lies_there = async |of| {
            let path = CollectionPath::salts().day(day(of));
            salts.read(&path).await.expect("an answer").is_some()
        };
        salts.destroy_old(day("2025-05-02")).await.expect("done");
        assert!(lies_there("2025-05-01").await && lies_there("2025-05-02").await);
        salts.destroy_old(day("2025-05-03")).await.expect("done");
        assert!(!lies_there("2025-05-01").await && lies_there("2025-05-02").await);
        let until = Instant::now() + Duration::from_secs(20);
        while is_readable(&folder, &salt) {
            assert!(Instant::now() < until, "the destroyed salt can still be read");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(is_readable(&folder, &next));
    }

    /// Whether the salt stands in a file of the store.
    fn is_readable(folder: &TempDir, salt: &Salt) -> bool {
        let mut files = std::fs::read_dir(folder).expect("a folder");
        files.any(|file| {
            let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
            bytes.windows(salt.0.len()).any(|bytes| bytes == salt.0)
        })
    }

    #[test]
    fn the_salt_is_that_of_the_day_by_which_the_event_is_counted_as_long_as_it_is_there() {
        let at = |text: &str| text.parse().expect("an instant");
        for (zone, happened, received, expected) in [
            ("UTC", "2025-05-02T12:00:00Z", "2025-05-02T12:00:01Z", "2025-05-02"),
            ("UTC", "2025-05-01T23:59:59Z", "2025-05-02T00:00:01Z", "2025-05-01"),
            ("UTC", "2001-05-01T12:00:00Z", "2025-05-02T12:00:00Z", "2025-05-02"),
            ("UTC", "2025-05-03T00:00:01Z", "2025-05-02T23:59:59Z", "2025-05-02"),
            ("America/New_York", "2025-05-02T02:00:00Z", "2025-05-02T02:00:01Z", "2025-05-01"),
            ("America/New_York", "2025-05-02T03:59:59Z", "2025-05-02T04:00:01Z", "2025-05-01"),
            ("America/New_York", "2025-05-02T04:00:01Z", "2025-05-02T04:00:02Z", "2025-05-02"),
            ("Pacific/Kiritimati", "2025-05-01T10:00:00Z", "2025-05-01T10:00:01Z", "2025-05-02"),
            // The salt of the day before is destroyed at midnight in UTC.
            ("Etc/GMT+12", "2025-05-01T11:59:59Z", "2025-05-01T12:00:01Z", "2025-04-30"),
            ("Etc/GMT+12", "2025-05-01T11:59:59Z", "2025-05-02T00:00:01Z", "2025-05-01"),
        ] {
            let zone = TimeZone::named(zone).expect("a zone");
            let found = super::day(zone, at(happened), at(received));
            assert_eq!(found, day(expected), "{}: {happened}, {received}", zone.name());
        }
    }

    #[tokio::test]
    async fn salts_are_read_before_their_day_begins_anywhere_and_few_are_kept() {
        let (_folder, store) = store();
        let salts = Salts::new(store);
        let known = async || salts.known.lock().await.salts.keys().copied().collect::<Vec<_>>();
        salts.rotate("2025-05-01T08:00:00Z".parse().expect("an instant")).await.expect("done");
        assert_eq!(known().await, [day("2025-05-01")]);
        salts.rotate("2025-05-01T09:00:00Z".parse().expect("an instant")).await.expect("done");
        assert_eq!(known().await, [day("2025-05-01"), day("2025-05-02")]);
        for day in ["2025-05-03", "2025-05-04", "2025-05-05"].map(day) {
            assert!(salts.of(day).await.is_some());
        }
        assert_eq!(known().await.len(), KEPT);
    }

    #[tokio::test]
    async fn a_salt_in_memory_is_destroyed_too() {
        let (_folder, store) = store();
        let salts = Salts::new(store);
        let salt = salts.of(day("2025-05-01")).await;
        salts.destroy_old(day("2025-05-03")).await.expect("done");
        assert!(salts.of(day("2025-05-01")).await != salt);
    }

    /// A store that never answers.
    struct Silent;

    #[async_trait::async_trait]
    impl DocumentStore for Silent {
        async fn commit(&self, _: Vec<Write>) -> Result<(), StoreError> {
            std::future::pending().await
        }

        fn commit_limits(&self) -> CommitLimits {
            CommitLimits::ONE_AT_A_TIME
        }

        async fn get_many(&self, _: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
            std::future::pending().await
        }

        async fn query(&self, _: &Query) -> Result<Vec<Document>, StoreError> {
            std::future::pending().await
        }

        async fn aggregate(&self, _: &Query, _: &[Aggregation]) -> Result<Vec<i64>, StoreError> {
            std::future::pending().await
        }

        async fn tenants(&self, _: usize) -> Result<Vec<TenantId>, StoreError> {
            std::future::pending().await
        }

        async fn probe(&self) -> Result<(), StoreError> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn a_prepared_salt_needs_no_store() {
        let (_folder, store) = store();
        let salts = Salts::new(store.clone());
        salts.known.lock().await.failed = Some(Instant::now());
        assert!(salts.of(day("2025-05-01")).await.is_none(), "the store is left alone");
        salts.prepare(day("2025-05-01")).await.expect("a salt");
        let prepared = salts.of(day("2025-05-01")).await;
        assert!(prepared.is_some() && prepared == Salts::new(store).of(day("2025-05-01")).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_waits_once_for_a_store_that_does_not_answer() {
        let salts = Salts::new(Arc::new(Silent));
        let began = tokio::time::Instant::now();
        let flood = join_all((0..100).map(|_| salts.of(day("2025-05-01")))).await;
        assert!(flood.iter().all(Option::is_none));
        assert!(began.elapsed() < budget::SALT * 2, "{:?}", began.elapsed());
    }
}
