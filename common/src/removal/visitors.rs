//! Corrects the visitor documents of the users whose events are removed.
//!
//! They are removed first, and only then it is read what is left of their users: so an event that is
//! stored before is read, and one that is stored after brings its visitor with it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

use chrono::NaiveDate;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::deletion::PAGE;
use super::part::{Days, Whose};
use super::work::Work;
use crate::event::Event;
use crate::event_listing::{Selection, each};
use crate::path::{Collection, DocumentPath};
use crate::rollup::{self, Period, Visit, visits};
use crate::store::{Document, Query, StoreError, Write};

/// How many users are looked up one by one in a store that reads in place. For more of them, it is less
/// to read a day whole.
const FEW: usize = 8;
/// How many lookups are under way at once.
const AT_ONCE: usize = 16;
/// Documents in one answer of the store.
const MANY: u32 = 10_000;

/// Visitor documents by their paths.
type Visits = BTreeMap<DocumentPath, Visit>;

/// Removes the visitor documents of these events, and makes anew those of whom something is left.
pub(super) async fn settle<'e>(
    work: &mut Work<'_>,
    events: impl Iterator<Item = &'e Event> + Clone,
) -> Result<(), StoreError> {
    let touched = visits_of(work, events.clone());
    let paths: Vec<DocumentPath> = touched.keys().cloned().collect();
    let stored = work.deletion.store.get_many(&paths).await?;
    let deletes = paths.iter().map(|path| Write::Delete { path: path.clone() });
    commit(work, deletes.collect()).await?;
    let left = left(work, events, &touched).await?;
    commit(work, left.values().cloned().map(Visit::write).collect()).await?;
    let is_gone = |(path, stored): &(&DocumentPath, &Option<Document>)| {
        stored.is_some() && !left.contains_key(*path)
    };
    let gone = paths.iter().zip(&stored).filter(is_gone).count();
    work.deletion.note(Collection::Visitors.as_str(), gone);
    Ok(())
}

/// Removes all visitor documents of a user, also of days whose events have expired.
pub(super) async fn remove_user(work: &mut Work<'_>, user: &str) -> Result<(), StoreError> {
    let visitors = work.collection(Collection::Visitors);
    let query = rollup::visits_of_user(work.tenant, &rollup::user_hash(work.tenant, user));
    loop {
        let page = work.deletion.store.query(&query.clone().limit(PAGE)).await?;
        let path = |document: &Document| visitors.document(document.id.clone());
        let deletes = page.iter().map(|document| Write::Delete { path: path(document) });
        work.deletion.commit(deletes.collect()).await?;
        work.deletion.note(Collection::Visitors.as_str(), page.len());
        if page.len() < PAGE as usize {
            return Ok(());
        }
    }
}

/// Removes all visitor documents of the days, also of those whose events have expired. False if there was
/// no time for all.
pub(super) async fn remove_days(work: &mut Work<'_>, days: Days) -> Result<bool, StoreError> {
    let (store, period) = (work.deletion.store, Period::between(days.first, days.last));
    for day in rollup::days_with_events(store, work.tenant, period).await? {
        let query = rollup::visits_on(work.tenant, day).limit(PAGE);
        loop {
            let page = store.query(&query).await?;
            if page.is_empty() {
                break;
            }
            if work.deletion.is_late() {
                return Ok(false);
            }
            remove_visits(work, &page).await?;
        }
    }
    Ok(true)
}

/// Removes these documents of a day, and of their users those of all time, unless there are other days.
async fn remove_visits(work: &mut Work<'_>, page: &[Document]) -> Result<(), StoreError> {
    let visitors = work.collection(Collection::Visitors);
    let users: BTreeSet<&str> = page.iter().filter_map(|document| document.text("user")).collect();
    let of_all_time: Vec<Visit> =
        users.iter().map(|user| rollup::visit_of_all_time(work.tenant, user)).collect();
    let paths = page.iter().map(|document| visitors.document(document.id.clone()));
    let paths = paths.chain(of_all_time.iter().map(|visit| visit.path.clone()));
    work.deletion.commit(paths.map(|path| Write::Delete { path }).collect()).await?;
    let seen = seen_on_other_days(work, &users).await?;
    let gone = page.len() + users.len() - seen.len();
    let still = of_all_time.into_iter().filter(|visit| seen.contains(&visit.user));
    work.deletion.commit(still.map(Visit::write).collect()).await?;
    work.deletion.note(Collection::Visitors.as_str(), gone);
    Ok(())
}

async fn commit(work: &mut Work<'_>, writes: Vec<Write>) -> Result<(), StoreError> {
    for page in writes.chunks(PAGE as usize) {
        work.deletion.commit(page.to_vec()).await?;
    }
    Ok(())
}

fn visits_of<'e>(work: &Work<'_>, events: impl Iterator<Item = &'e Event>) -> Visits {
    let mut all = Visits::new();
    events.for_each(|event| add(work, &mut all, event));
    all
}

/// Adds the visits of an event, with what is seen of it.
fn add(work: &Work<'_>, all: &mut Visits, event: &Event) {
    visits(work.tenant, event).into_iter().for_each(|visit| unite(all, visit));
}

/// Adds a visit, or what it has seen to the one of the same user and day.
fn unite(all: &mut Visits, visit: Visit) {
    match all.get_mut(&visit.path) {
        Some(known) => known.marks.extend(visit.marks),
        None => drop(all.insert(visit.path.clone(), visit)),
    }
}

/// What is left of the visits that these events touched.
async fn left<'e>(
    work: &Work<'_>,
    events: impl Iterator<Item = &'e Event>,
    touched: &Visits,
) -> Result<Visits, StoreError> {
    let mut left = left_of_days(work, events).await?;
    let unsure = touched.values().filter(|visit| visit.is_of_all_time());
    let unsure: Vec<_> = unsure.filter(|visit| !left.contains_key(&visit.path)).collect();
    if unsure.is_empty() || work.part.is_all_of_a_user() {
        return Ok(left);
    }
    let users = unsure.iter().map(|visit| visit.user.as_str()).collect();
    let seen = seen_on_other_days(work, &users).await?;
    let still = unsure.into_iter().filter(|visit| seen.contains(&visit.user));
    left.extend(still.map(|visit| (visit.path.clone(), visit.clone())));
    Ok(left)
}

/// The visits of the same users and days that other events count as. Only the days of a page have any:
/// a user and a period go with whole days.
async fn left_of_days<'e>(
    work: &Work<'_>,
    events: impl Iterator<Item = &'e Event>,
) -> Result<Visits, StoreError> {
    let mut left = Visits::new();
    if !matches!(work.part.whose, Whose::Path(_)) {
        return Ok(left);
    }
    let of_users = events.filter_map(|event| Some((event.user_id.clone()?, event.day())));
    let users: BTreeSet<(String, NaiveDate)> = of_users.collect();
    let lookups = stream::iter(lookups(work, &users));
    let look = |selection: Selection| left_among(work, selection, &users);
    let mut found = lookups.map(look).buffered(AT_ONCE);
    // The times in which events of a day may lie are longer than a day, so two lookups may find the same.
    while let Some(found) = found.try_next().await? {
        found.into_values().for_each(|visit| unite(&mut left, visit));
    }
    Ok(left)
}

/// The visits of these users on these days that the selected events count as, without those of the part.
async fn left_among(
    work: &Work<'_>,
    selection: Selection,
    users: &BTreeSet<(String, NaiveDate)>,
) -> Result<Visits, StoreError> {
    let mut left = Visits::new();
    each(work.deletion.store, work.tenant, &selection, MANY, |document| {
        let event = Event::stored(document).filter(|event| !work.part.has(event));
        if let Some(event) = event
            && let Some(user) = &event.user_id
            && users.contains(&(user.clone(), event.day()))
        {
            add(work, &mut left, &event);
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(left)
}

/// Reads each user's day, or each day whole if that is less to read.
fn lookups(work: &Work<'_>, users: &BTreeSet<(String, NaiveDate)>) -> Vec<Selection> {
    if are_looked_up(work, users.len()) {
        let of_user = |(user, day): &(String, NaiveDate)| Selection {
            user_id: Some(user.clone()),
            ..Days::one(*day).selection()
        };
        return users.iter().map(of_user).collect();
    }
    let days: BTreeSet<NaiveDate> = users.iter().map(|(_, day)| *day).collect();
    days.into_iter().map(|day| Days::one(day).selection()).collect()
}

/// Whether so many users are looked up one by one.
fn are_looked_up(work: &Work<'_>, users: usize) -> bool {
    users <= FEW || !work.deletion.store.reads_in_place()
}

/// Those of the users, by their hashes, who have a document of some day.
async fn seen_on_other_days(
    work: &Work<'_>,
    users: &BTreeSet<&str>,
) -> Result<HashSet<String>, StoreError> {
    if !are_looked_up(work, users.len()) {
        return seen_by_all_documents(work, users).await;
    }
    // The document of all time may be back already.
    let queries = users.iter().map(|user| rollup::visits_of_user(work.tenant, user).limit(2));
    let lookup = |query: Query| async move { work.deletion.store.query(&query).await };
    let found: Vec<_> = stream::iter(queries).map(lookup).buffered(AT_ONCE).try_collect().await?;
    let seen = users.iter().zip(&found).filter(|(_, found)| found.iter().any(rollup::is_of_a_day));
    Ok(seen.map(|(user, _)| (*user).to_owned()).collect())
}

async fn seen_by_all_documents(
    work: &Work<'_>,
    users: &BTreeSet<&str>,
) -> Result<HashSet<String>, StoreError> {
    let (mut seen, mut after) = (HashSet::new(), None);
    let all = Query::all(work.collection(Collection::Visitors)).select(&["day", "user"]);
    loop {
        let page = all.clone().limit(MANY).after(after);
        let page = work.deletion.store.query(&page).await?;
        let of_days = page.iter().filter(|document| rollup::is_of_a_day(document));
        let known = of_days.filter_map(|document| document.text("user"));
        seen.extend(known.filter(|user| users.contains(user)).map(str::to_owned));
        match page.last() {
            Some(last) if page.len() == MANY as usize => after = Some(last.id.clone()),
            _ => return Ok(seen),
        }
    }
}
