//! The stored events of a tenant in time order, page by page.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use crate::path::{Collection, CollectionPath};
use crate::store::{Aggregation, Direction, Document, DocumentStore, Op, Query, StoreError};
use crate::tenant::TenantId;

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Only events at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Only events before this time.
    pub to: Option<DateTime<Utc>>,
    /// Only events of this user.
    pub user_id: Option<String>,
    /// Only events on this path.
    pub path: Option<String>,
    /// The fields to read; all of them for `None`. `timestamp` must be among them.
    pub fields: Option<&'static [&'static str]>,
}

/// A place in a listing: after this event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The event's time.
    pub timestamp: DateTime<Utc>,
    /// Its id.
    pub id: String,
}

impl Position {
    /// After this event, of which at least the time was read.
    pub fn of(event: &Document) -> Option<Self> {
        Some(Self { timestamp: event.timestamp("timestamp")?, id: event.id.clone() })
    }
}

/// At most `limit` events, the newest first; events of the same time are ordered by id.
///
/// The store's cursor is an id, but here the time comes first. So one query reads the rest of the
/// events at the time of `after`, ordered by id, and another reads all older ones.
pub async fn newest(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    selection: &Selection,
    after: Option<&Position>,
    limit: u32,
) -> Result<Vec<Document>, StoreError> {
    let read = async |query: Query, limit| store.query(&query.limit(limit)).await;
    let mut found = match after {
        Some(position) => read(same_time(tenant, selection, position), limit).await?,
        None => Vec::new(),
    };
    let missing = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
    if missing > 0 {
        let older = older(tenant, selection, after.map(|position| position.timestamp));
        found.extend(read(older, missing).await?);
    }
    Ok(found)
}

/// Reads events in pages of `most`, the newest first, until there are no more or `take` breaks off.
pub async fn each(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    selection: &Selection,
    most: u32,
    mut take: impl FnMut(&Document) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = newest(store, tenant, selection, after.as_ref(), most).await?;
        if page.iter().try_for_each(&mut take).is_break() {
            return Ok(());
        }
        after = page.last().filter(|_| page.len() == most as usize).and_then(Position::of);
        if after.is_none() {
            return Ok(());
        }
    }
}

/// A query of each shape that this module sends.
pub fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let since = |event_type: Option<&str>, from| Selection {
        event_type: event_type.map(str::to_owned),
        from,
        ..Selection::default()
    };
    let epoch = Some(DateTime::UNIX_EPOCH);
    let selections = [since(None, None), since(None, epoch), since(Some("click"), epoch)];
    selections.iter().flat_map(|selection| both(tenant, selection)).collect()
}

/// A query of each shape for the events of a user or a page. The embedded store has no index for them:
/// it goes through the events of the time.
pub(crate) fn shapes_of_one(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let (from, text) = (Some(DateTime::UNIX_EPOCH), Some("a".to_owned()));
    let user = Selection { user_id: text.clone(), from, ..Selection::default() };
    let path = Selection { path: text, from, ..Selection::default() };
    [user, path].iter().flat_map(|selection| both(tenant, selection)).collect()
}

/// Both queries of a page.
fn both(tenant: &TenantId, selection: &Selection) -> [(Query, Option<Aggregation>); 2] {
    let position = Position { timestamp: DateTime::UNIX_EPOCH, id: "a".to_owned() };
    let queries = [older(tenant, selection, None), same_time(tenant, selection, &position)];
    queries.map(|query| (query, None))
}

fn selected(tenant: &TenantId, selection: &Selection) -> Query {
    let all = Query::all(CollectionPath::of(tenant, Collection::Events));
    let Selection { event_type, user_id, path, fields, .. } = selection;
    let equal = [("event_type", event_type), ("user_id", user_id), ("path", path)];
    let equal = equal.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
    let query = equal.fold(all, |query, (name, text)| query.filter(name, Op::Equal, text));
    Query { select: *fields, ..query }
}

/// The events at the time of the position, after it.
fn same_time(tenant: &TenantId, selection: &Selection, position: &Position) -> Query {
    selected(tenant, selection)
        .filter("timestamp", Op::Equal, position.timestamp)
        .after(Some(position.id.clone()))
}

/// The events before `before`.
fn older(tenant: &TenantId, selection: &Selection, before: Option<DateTime<Utc>>) -> Query {
    let mut query = selected(tenant, selection);
    if let Some(from) = selection.from {
        query = query.filter("timestamp", Op::AtLeast, from);
    }
    if let Some(before) = [before, selection.to].into_iter().flatten().min() {
        query = query.filter("timestamp", Op::Less, before);
    }
    query.order_by("timestamp", Direction::Descending)
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use super::*;
    use crate::event::path;
    use crate::record::RecordId;
    use crate::store::embedded::EmbeddedStore;
    use crate::store::{Write, fields};

    fn tenant() -> TenantId {
        TenantId::parse("acme").expect("a tenant")
    }

    fn at(microseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(microseconds).expect("an instant")
    }

    /// Forty events at ten times, of two types; their ids are not in the order of time.
    async fn store(folder: &tempfile::TempDir) -> EmbeddedStore {
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let event = |number: i64| Write::Create {
            path: path(
                &tenant(),
                &RecordId::parse(&format!("{:02}", number * 7 % 40)).expect("id"),
            ),
            fields: fields([
                ("timestamp", at(number / 4).into()),
                ("event_type", if number % 2 == 0 { "view" } else { "click" }.into()),
            ]),
        };
        store.commit((0..40).map(event).collect()).await.expect("a commit");
        store
    }

    async fn pages(store: &EmbeddedStore, selection: &Selection, limit: u32) -> Vec<(i64, String)> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = newest(store, &tenant(), selection, after.as_ref(), limit).await;
            let page = page.expect("the store answers");
            let time = |event: &Document| event.timestamp("timestamp").expect("a time");
            let row = |event: &Document| (-time(event).timestamp_micros(), event.id.clone());
            all.extend(page.iter().map(row));
            match page.last() {
                Some(last) => {
                    after = Some(Position { timestamp: time(last), id: last.id.clone() });
                }
                None => return all,
            }
        }
    }

    #[tokio::test]
    async fn pages_of_any_size_hold_every_event_once_and_the_newest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        for limit in [1, 2, 3, 4, 5, 7, 40, 100] {
            let all = pages(&store, &Selection::default(), limit).await;
            assert_eq!(all.len(), 40, "pages of {limit}");
            assert!(all.is_sorted(), "pages of {limit}: {all:?}");
        }
    }

    #[tokio::test]
    async fn a_selection_is_exact_on_every_page() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        let selection = Selection {
            event_type: Some("click".to_owned()),
            from: Some(at(3)),
            to: Some(at(6)),
            ..Selection::default()
        };
        for limit in 1..8 {
            let some = pages(&store, &selection, limit).await;
            let times: Vec<_> = some.iter().map(|(time, _)| -time).collect();
            assert_eq!(times, [5, 5, 4, 4, 3, 3], "pages of {limit}");
        }
    }
}
