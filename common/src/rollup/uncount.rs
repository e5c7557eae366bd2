//! Takes events out of the counts again: the mirror of counting them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::all::key;
use super::events::counted_by;
use super::increments::Counts;
use super::layout::{COUNT, Dimension, Grain, Key};
use super::query::rollups;
use crate::event::Event;
use crate::site_dimension::SiteDimension;
use crate::store::{Aggregation, Document, DocumentStore, Op, Query, StoreError, Write};
use crate::tenant::TenantId;

/// A start and an end, which is excluded; `None` leaves one open.
pub type Times = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// Takes the events from all that counts them. Of a count in several shards, the first one may then have
/// less than nothing: it is the sum that is right.
pub fn uncounted<'e>(
    tenant: &TenantId,
    events: impl Iterator<Item = &'e Event>,
) -> impl Iterator<Item = Write> {
    let counts: Counts = events.flat_map(counted_by).map(|key| (key.owned(), -1)).collect();
    counts.writes(tenant, 0)
}

/// The counts of events that have come to nothing, or to less.
pub fn counts_of_nothing(tenant: &TenantId) -> Vec<Query> {
    let query =
        |(dimension, grain)| of_grain(tenant, dimension, grain).filter(COUNT, Op::Less, 1_i64);
    of_events().flat_map(with_grains).map(query).collect()
}

/// The windows that begin in this time: of events those of days, and all of access logs.
pub fn windows_between(tenant: &TenantId, times: Times) -> Vec<Query> {
    let days = of_events().map(|dimension| (dimension, Grain::Day));
    let of_logs = OF_ACCESS_LOGS.into_iter().flat_map(with_grains);
    let windows = days.chain(of_logs);
    windows.map(|(dimension, grain)| begin(of_grain(tenant, dimension, grain), times)).collect()
}

/// The hours of events that begin in this time.
pub fn hours_between(tenant: &TenantId, times: Times) -> Query {
    begin(of_grain(tenant, Dimension::EventType, Grain::Hour), times)
}

fn begin(query: Query, (from, to): Times) -> Query {
    let query = query.filter("start", Op::AtLeast, from.unwrap_or(DateTime::UNIX_EPOCH));
    to.into_iter().fold(query, |query, to| query.filter("start", Op::Less, to))
}

/// Takes what these windows count from the counts of all time, as far as they are those of a day.
pub fn taken_from_all_time(tenant: &TenantId, windows: &[Document]) -> Vec<Write> {
    let mut taken: BTreeMap<(Key, u32), i64> = BTreeMap::new();
    for window in windows {
        let Some((key, shard)) = identity(window) else { continue };
        if key.grain == Grain::Day && key.dimension.grains().contains(&Grain::All) {
            let (grain, start) = (Grain::All, DateTime::UNIX_EPOCH);
            *taken.entry((Key { grain, start, ..key }, shard)).or_default() += count(window);
        }
    }
    let taken = taken.into_iter().filter(|(_, count)| *count != 0);
    taken.map(|((key, shard), count)| add(tenant, &key, shard, -count)).collect()
}

/// What fills up a shard that has less than nothing, from the others of the same count. Empty if no other
/// has anything.
pub async fn levelled(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    found: &Document,
) -> Result<Vec<Write>, StoreError> {
    let Some((key, shard)) = identity(found) else { return Ok(Vec::new()) };
    let (mut missing, mut writes) = (-count(found), Vec::new());
    for other in store.query(&shards(tenant, &key)).await? {
        let given = count(&other).min(missing);
        if given > 0
            && let Some((key, shard)) = identity(&other)
        {
            missing -= given;
            writes.push(add(tenant, &key, shard, -given));
        }
    }
    let given = -count(found) - missing;
    writes.extend((given > 0).then(|| add(tenant, &key, shard, given)));
    Ok(writes)
}

/// A query of each shape that this module sends.
pub(super) fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let epoch = DateTime::UNIX_EPOCH;
    let key = Key {
        dimension: Dimension::EventType,
        value: "a".to_owned(),
        grain: Grain::Day,
        start: epoch,
    };
    let windows = windows_between(tenant, (Some(epoch), Some(epoch)));
    let one = [shards(tenant, &key), hours_between(tenant, (Some(epoch), Some(epoch)))];
    let queries = counts_of_nothing(tenant).into_iter().chain(windows).chain(one);
    queries.map(|query| (query, None)).collect()
}

/// The dimensions of access logs.
const OF_ACCESS_LOGS: [Dimension; 5] = [
    Dimension::Requests,
    Dimension::RequestPath,
    Dimension::UserAgent,
    Dimension::Referer,
    Dimension::Host,
];

/// The dimensions of events.
fn of_events() -> impl Iterator<Item = Dimension> {
    let own = [Dimension::EventType, Dimension::ViewPath, Dimension::Excluded];
    own.into_iter().chain(SiteDimension::ALL.map(Dimension::Site))
}

fn with_grains(dimension: Dimension) -> impl Iterator<Item = (Dimension, Grain)> {
    dimension.grains().iter().map(move |grain| (dimension, *grain))
}

fn of_grain(tenant: &TenantId, dimension: Dimension, grain: Grain) -> Query {
    rollups(tenant, dimension).filter("grain", Op::Equal, grain.as_str())
}

/// All shards of a count. A range and not an equality, so that the index on the start serves it.
fn shards(tenant: &TenantId, key: &Key) -> Query {
    of_grain(tenant, key.dimension, key.grain)
        .filter("value", Op::Equal, key.value.as_str())
        .filter("start", Op::AtLeast, key.start)
        .filter("start", Op::Less, key.start + TimeDelta::seconds(1))
}

fn identity(rollup: &Document) -> Option<(Key, u32)> {
    Some((key(rollup)?, u32::try_from(rollup.integer("shard")?).ok()?))
}

fn count(rollup: &Document) -> i64 {
    rollup.integer(COUNT).unwrap_or(0)
}

fn add(tenant: &TenantId, key: &Key, shard: u32, count: i64) -> Write {
    key.borrowed().increment(tenant, shard, [(COUNT.into(), count)].into())
}
