//! The visitors of the last minutes, read from the events themselves: nothing is stored for them.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::path::{Collection, CollectionPath};
use crate::store::{Aggregation, Direction, Document, DocumentStore, Op, Query, StoreError};
use crate::tenant::TenantId;

/// Events in one answer of the store.
const PAGE: u32 = 10_000;

/// How many different users have events that happened in `from..to`.
pub async fn users(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<usize, StoreError> {
    users_in_pages(store, tenant, (from, to), PAGE).await
}

async fn users_in_pages(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    most: u32,
) -> Result<usize, StoreError> {
    let (mut users, mut end) = (HashSet::new(), to);
    loop {
        let page = store.query(&events(tenant, (from, end)).limit(most)).await?;
        users.extend(page.iter().filter_map(|event| event.text("user_id")).map(str::to_owned));
        let oldest = page.last().and_then(|event| event.timestamp("timestamp"));
        match oldest {
            Some(oldest) if page.len() == most as usize => end = next_end(&page, oldest),
            _ => return Ok(users.len()),
        }
    }
}

/// The events of a page's oldest microsecond may continue on the next page, so they are read again,
/// unless they fill the page.
fn next_end(page: &[Document], oldest: DateTime<Utc>) -> DateTime<Utc> {
    let is_all = page.first().and_then(|event| event.timestamp("timestamp")) == Some(oldest);
    if is_all { oldest } else { oldest + TimeDelta::microseconds(1) }
}

/// A query of each shape that this module sends.
pub fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    vec![(events(tenant, (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH)).limit(PAGE), None)]
}

fn events(tenant: &TenantId, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Query {
    Query::all(CollectionPath::of(tenant, Collection::Events))
        .filter("timestamp", Op::AtLeast, from)
        .filter("timestamp", Op::Less, to)
        .order_by("timestamp", Direction::Descending)
        .select(&["user_id", "timestamp"])
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use super::*;
    use crate::event::path;
    use crate::record::RecordId;
    use crate::store::embedded::EmbeddedStore;
    use crate::store::{Value, Write, fields};

    #[tokio::test]
    async fn users_are_distinct_over_all_pages() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let tenant = TenantId::parse("acme").expect("a tenant");
        let at = |second| DateTime::from_timestamp(1_746_057_600 + second, 0).expect("a time");
        let event = |number: i64| Write::Create {
            path: path(&tenant, &RecordId::parse(&number.to_string()).expect("an id")),
            fields: fields([
                // Two events at each second, of seven users and of nobody.
                ("timestamp", at(number / 2).into()),
                (
                    "user_id",
                    if number % 8 == 7 { Value::Null } else { format!("u{}", number % 8).into() },
                ),
            ]),
        };
        store.commit((0..100).map(event).collect()).await.expect("a commit");
        for most in [2, 3, 7, 200] {
            let users = async |from, to| {
                let range = (at(from), at(to));
                users_in_pages(&store, &tenant, range, most).await.expect("the store answers")
            };
            assert_eq!(users(0, 50).await, 7, "{most}");
            assert_eq!(users(48, 50).await, 4, "{most}");
            assert_eq!(users(3, 4).await, 1, "{most}: the other event is nobody's");
            assert_eq!(users(50, 60).await, 0, "{most}");
        }
    }
}
