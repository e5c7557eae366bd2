//! Bounds what each tenant may send: a token bucket for records, one for bytes, and one for the
//! documents that are written.
//!
//! A bucket holds what a tenant may send in ten seconds, or in a day. A request is taken while there is anything
//! left, and may leave a debt: so a large batch is never refused for its size, and in the long run
//! the rate is exact.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::access_log;
use common::event::Event;
use common::record::{Kind, Record};
use common::rollup;
use common::tenant::TenantId;
use thiserror::Error;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// A tenant that was quiet may send at once what its rate allows in this many seconds.
const WINDOW: u32 = 10;
/// Tenants are looked through for idle ones when there are more than this, and more than twice as
/// many as were busy the last time.
const MANY: usize = 1_000;

/// What a rate bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Texts, events, and entries of access logs.
    Records,
    /// The bytes of their messages' data.
    Bytes,
    /// The documents that they would write if each came alone.
    Writes,
}

impl Unit {
    /// Its name in messages and headers.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Bytes => "bytes",
            Self::Writes => "writes",
        }
    }

    /// The time that a rate is for.
    fn period(self) -> Duration {
        if self == Self::Writes { DAY } else { SECOND }
    }

    /// What a tenant that was quiet may send at once is what its rate allows in this time.
    fn window(self) -> Duration {
        if self == Self::Writes { DAY } else { SECOND * WINDOW }
    }
}

/// A tenant has sent more than its rate allows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("The tenant {tenant} may {}. Try again in {wait} s.", self.allowed())]
pub(crate) struct TooFast {
    tenant: TenantId,
    rate: NonZeroU32,
    unit: Unit,
    /// Seconds until a request is taken again.
    wait: u64,
}

impl TooFast {
    fn allowed(&self) -> String {
        let (name, rate) = (self.unit.as_str(), self.rate);
        let units = if rate.get() == 1 { name.trim_end_matches('s') } else { name };
        match self.unit {
            Unit::Writes => format!("cause {rate} {units} a day"),
            Unit::Records | Unit::Bytes => format!("send {rate} {units} a second"),
        }
    }

    /// Seconds until a request is taken again.
    pub(crate) fn wait(&self) -> u64 {
        self.wait
    }

    /// The value of `RateLimit-Policy`: what may be sent at once, and the seconds that it is for.
    pub(crate) fn policy(&self) -> String {
        let window = self.unit.window().as_secs();
        let most = u64::from(self.rate.get()) * window / self.unit.period().as_secs();
        format!("\"{}\";q={most};w={window}", self.unit.as_str())
    }

    /// The value of `RateLimit`: nothing is left until the wait is over.
    pub(crate) fn left(&self) -> String {
        format!("\"{}\";r=0;t={}", self.unit.as_str(), self.wait)
    }
}

/// The rates that are set, and what each tenant has used of them.
pub(crate) struct Rates {
    limits: Vec<Limit>,
    tenants: Mutex<Tenants>,
}

struct Limit {
    unit: Unit,
    rate: NonZeroU32,
}

#[derive(Default)]
struct Tenants {
    used: HashMap<TenantId, Used>,
    /// How many were busy when idle ones were last removed.
    busy: usize,
}

/// What a tenant had used of each limit at a time. It shrinks by the rate.
#[derive(Clone)]
struct Used {
    of_each: Vec<f64>,
    at: Instant,
}

impl Rates {
    /// Rates of a tenant: records and bytes in a second, and writes in a day; 0 is no limit.
    pub(crate) fn new(records: u32, bytes: u32, writes: u32) -> Self {
        let limit = |unit, rate| NonZeroU32::new(rate).map(|rate| Limit { unit, rate });
        let limits = [(Unit::Records, records), (Unit::Bytes, bytes), (Unit::Writes, writes)];
        let limits = limits.into_iter().filter_map(|(unit, rate)| limit(unit, rate)).collect();
        Self { limits, tenants: Mutex::default() }
    }

    fn counts_writes(&self) -> bool {
        self.limits.iter().any(|limit| limit.unit == Unit::Writes)
    }

    /// Counts the records as used, or none of them if a tenant of one has used all that it may.
    pub(crate) fn take(&self, records: &[Record]) -> Result<(), TooFast> {
        if self.limits.is_empty() {
            return Ok(());
        }
        self.take_at(&costs(records, self.counts_writes()), Instant::now())
    }

    fn take_at(&self, costs: &BTreeMap<&TenantId, Cost>, now: Instant) -> Result<(), TooFast> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let used = |tenant| match tenants.used.get(tenant) {
            Some(used) => used.at(now, &self.limits),
            None => Used { of_each: vec![0.0; self.limits.len()], at: now },
        };
        let mut after: Vec<_> = costs.keys().map(|tenant| used(*tenant)).collect();
        for (tenant, used) in costs.keys().zip(&after) {
            self.check(tenant, used)?;
        }
        for (used, cost) in after.iter_mut().zip(costs.values()) {
            used.add(*cost, &self.limits);
        }
        let names = costs.keys().map(|tenant| (*tenant).clone());
        tenants.used.extend(names.zip(after));
        tenants.forget_idle(now, &self.limits);
        Ok(())
    }

    fn check(&self, tenant: &TenantId, used: &Used) -> Result<(), TooFast> {
        let wait = |(limit, used): (_, &f64)| Limit::wait(limit, *used);
        let waits = self.limits.iter().zip(&used.of_each).map(wait);
        let longest = waits.zip(&self.limits).max_by_key(|(wait, _)| *wait);
        match longest {
            Some((wait, limit)) if wait > 0 => {
                Err(TooFast { tenant: tenant.clone(), rate: limit.rate, unit: limit.unit, wait })
            }
            _ => Ok(()),
        }
    }
}

impl Limit {
    /// What comes back in a second.
    fn rate(&self) -> f64 {
        f64::from(self.rate.get()) / self.unit.period().as_secs_f64()
    }

    /// Whole seconds until something is left.
    fn wait(&self, used: f64) -> u64 {
        let over = used / self.rate() - self.unit.window().as_secs_f64();
        // Exactly all is used at 0: then something is left a moment later.
        if over < 0.0 { 0 } else { (over.ceil() as u64).max(1) }
    }
}

impl Used {
    fn at(&self, now: Instant, limits: &[Limit]) -> Self {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let left = |(used, limit): (&f64, &Limit)| (used - passed * limit.rate()).max(0.0);
        Self { of_each: self.of_each.iter().zip(limits).map(left).collect(), at: now }
    }

    fn add(&mut self, cost: Cost, limits: &[Limit]) {
        for (used, limit) in self.of_each.iter_mut().zip(limits) {
            *used += cost.of(limit.unit);
        }
    }

    fn is_idle(&self) -> bool {
        self.of_each.iter().all(|used| *used == 0.0)
    }
}

impl Tenants {
    /// Removes those that have used nothing, if there are many: a client may invent tenants.
    fn forget_idle(&mut self, now: Instant, limits: &[Limit]) {
        if self.used.len() > MANY.max(2 * self.busy) {
            self.used.retain(|_, used| !used.at(now, limits).is_idle());
            self.busy = self.used.len();
        }
    }
}

/// What a request costs its tenant.
#[derive(Clone, Copy, Default)]
struct Cost {
    records: usize,
    bytes: usize,
    writes: usize,
}

impl Cost {
    fn of(self, unit: Unit) -> f64 {
        match unit {
            Unit::Records => self.records as f64,
            Unit::Bytes => self.bytes as f64,
            Unit::Writes => self.writes as f64,
        }
    }
}

/// Documents are counted only if somebody wants to know: that takes a look into each record.
fn costs(records: &[Record], with_writes: bool) -> BTreeMap<&TenantId, Cost> {
    let mut costs = BTreeMap::<_, Cost>::new();
    for record in records {
        let cost = costs.entry(&record.tenant).or_default();
        cost.records += count(record);
        cost.bytes += record.data.len();
        cost.writes += if with_writes { writes(record) } else { 0 };
    }
    costs
}

/// How many records a message counts as: a text in parts is one, and an entry of an access log too.
fn count(record: &Record) -> usize {
    match record.kind {
        Kind::AccessLog => record.data.lines().count(),
        Kind::Event | Kind::Text => usize::from(record.part.number == 1),
    }
}

/// How many documents a message writes if it comes alone. Under load the worker merges what many
/// messages write, so they cost less.
fn writes(record: &Record) -> usize {
    let of_parts = if record.part.is_whole() { 1 } else { 2 };
    of_parts
        + match record.kind {
            Kind::Text => 0,
            Kind::Event => serde_json::from_str::<Event>(&record.data)
                .map_or(0, |event| rollup::of_event(&record.tenant, &event, 0).len()),
            Kind::AccessLog => access_log::entries(&record.data).map_or(0, |entries| {
                let touched = entries.iter().flat_map(rollup::touched_by);
                touched.collect::<BTreeSet<_>>().len()
            }),
        }
}

#[cfg(test)]
mod tests {
    use common::record::{Part, RecordId};

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).expect("a tenant")
    }

    fn one(tenant: &TenantId, records: usize, bytes: usize) -> BTreeMap<&TenantId, Cost> {
        BTreeMap::from([(tenant, Cost { records, bytes, writes: 0 })])
    }

    #[test]
    fn a_tenant_may_send_ten_seconds_worth_at_once_and_then_its_rate() {
        let (rates, acme, start) = (Rates::new(5, 0, 0), tenant("acme"), Instant::now());
        let sent = |second: u64| {
            let now = start + Duration::from_secs(second);
            (0..).take_while(|_| rates.take_at(&one(&acme, 1, 0), now).is_ok()).count()
        };
        assert_eq!([0, 1, 1, 3, 1_000].map(sent), [50, 5, 0, 10, 50]);
    }

    #[test]
    fn a_large_batch_is_taken_and_leaves_a_debt() {
        let (rates, acme, start) = (Rates::new(5, 0, 0), tenant("acme"), Instant::now());
        let take = |second| rates.take_at(&one(&acme, 100, 0), start + Duration::from_secs(second));
        assert_eq!(take(0), Ok(()));
        assert_eq!(take(0).expect_err("too fast").wait(), 10);
        assert_eq!(take(9).expect_err("too fast").wait(), 1);
        assert_eq!(take(11), Ok(()));
    }

    #[test]
    fn each_tenant_has_its_own_rate() {
        let (rates, acme, beta, now) =
            (Rates::new(1, 0, 0), tenant("acme"), tenant("beta"), Instant::now());
        assert_eq!(rates.take_at(&one(&acme, 10, 0), now), Ok(()));
        assert!(rates.take_at(&one(&acme, 1, 0), now).is_err());
        assert_eq!(rates.take_at(&one(&beta, 9, 0), now), Ok(()));
        let both = BTreeMap::from([
            (&acme, Cost::default()),
            (&beta, Cost { records: 9, ..Cost::default() }),
        ]);
        assert!(rates.take_at(&both, now).is_err());
        assert_eq!(rates.take_at(&one(&beta, 1, 0), now), Ok(()), "nothing of the two was counted");
    }

    #[test]
    fn the_rate_with_the_longer_wait_is_named() {
        let (rates, acme, now) = (Rates::new(1, 1_000, 0), tenant("acme"), Instant::now());
        assert_eq!(rates.take_at(&one(&acme, 10, 30_000), now), Ok(()));
        let error = rates.take_at(&one(&acme, 1, 1), now).expect_err("too fast");
        assert_eq!(
            (error.policy().as_str(), error.left().as_str()),
            ("\"bytes\";q=10000;w=10", "\"bytes\";r=0;t=20",)
        );
        let shown = "The tenant acme may send 1000 bytes a second. Try again in 20 s.";
        assert_eq!(error.to_string(), shown);
    }

    #[test]
    fn a_tenant_may_cause_a_day_s_writes_at_once_and_then_they_come_back_evenly() {
        let (rates, acme, start) = (Rates::new(0, 0, 86_400), tenant("acme"), Instant::now());
        let written = |hour: u32| {
            let now = start + hour * Duration::from_secs(3_600);
            let one = BTreeMap::from([(&acme, Cost { writes: 3_600, ..Cost::default() })]);
            (0..).take_while(|_| rates.take_at(&one, now).is_ok()).count()
        };
        assert_eq!([0, 1, 1, 3, 100].map(written), [24, 1, 0, 2, 24]);
        let now = start + 100 * Duration::from_secs(3_600);
        let error = rates.take_at(&one(&acme, 1, 0), now).expect_err("too much");
        assert_eq!(error.policy(), "\"writes\";q=86400;w=86400");
        let shown = "The tenant acme may cause 86400 writes a day. Try again in 1 s.";
        assert_eq!(error.to_string(), shown);
    }

    fn record(kind: Kind, data: &str, part: Part) -> Record {
        Record {
            kind,
            tenant: tenant("acme"),
            id: RecordId::parse("1").expect("an id"),
            digest: String::new(),
            source: String::new(),
            received_at: chrono::DateTime::UNIX_EPOCH,
            part,
            traceparent: None,
            data: data.to_owned(),
        }
    }

    /// The documents of docs/OPERATIONS.md, Write amplification: alone.
    #[test]
    fn a_record_costs_the_documents_that_it_writes_alone() {
        let at = "2025-05-01T10:00:00.000Z";
        let view =
            format!(r#"{{"event_type":"view","user_id":"u","path":"/","timestamp":"{at}"}}"#);
        let click = format!(r#"{{"event_type":"click","timestamp":"{at}"}}"#);
        let line = format!(r#"{{"at":"{at}","request":"GET /","user_agent":"Other"}}"#);
        let cost = |kind, data: &str| writes(&record(kind, data, Part::WHOLE));
        assert_eq!(cost(Kind::Text, "a text"), 1);
        assert_eq!(writes(&record(Kind::Text, "a text", Part { number: 1, of: 2 })), 2);
        assert_eq!(cost(Kind::Event, &view), 8);
        assert_eq!(cost(Kind::Event, &click), 4);
        assert_eq!(cost(Kind::AccessLog, &line), 10);
        assert_eq!(cost(Kind::AccessLog, &format!("{line}\n{line}")), 10);
    }

    #[test]
    fn tenants_that_have_used_nothing_are_forgotten() {
        let (rates, start) = (Rates::new(1, 0, 0), Instant::now());
        for n in 0..10 * MANY {
            let now = start + Duration::from_millis(n as u64);
            let invented = tenant(&format!("t{n}"));
            rates.take_at(&one(&invented, 1, 0), now).expect("a new tenant");
        }
        let known = rates.tenants.lock().expect("the tenants").used.len();
        assert!(known <= 2 * MANY, "{known}");
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let (rates, acme, now) = (Rates::new(0, 0, 0), tenant("acme"), Instant::now());
        assert!((0..100).all(|_| rates.take_at(&one(&acme, 1_000, 1_000), now).is_ok()));
    }
}
