//! Removes a part of a tenant, and corrects the counts.
//!
//! An event's document is the gate of what counts it. It is removed in the commit that takes it from
//! these counts, and only if it is still there: so it is either there and counted, or gone and not
//! counted, wherever a removal ends and however often it is sent. What is found is all that says how
//! far it has come.

use tokio::time::Instant;

use super::deletion::{Deletion, Removed};
use super::part::{Days, Part, Whose};
use super::work::Work;
use super::{events, records, visitors, windows};
use crate::path::Collection;
use crate::store::{DocumentStore, StoreError};
use crate::tenant::TenantId;
use crate::visits;

/// Removes the part of the tenant, until nothing of it is left or `until` is past. It goes on to the end
/// of what it has begun, so that each call removes something.
pub async fn remove_part(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    part: &Part,
    until: Instant,
) -> Result<Removed, StoreError> {
    let mut work = Work { deletion: Deletion::new(store, until), tenant, part };
    loop {
        let before = work.deletion.count();
        let is_through = match pass(&mut work).await {
            // Something was counted meanwhile, or somebody else removes the same.
            Err(StoreError::Changed) => false,
            Err(error) => return work.deletion.ended_by(error),
            Ok(is_through) => is_through,
        };
        let found_nothing = work.deletion.count() == before;
        if is_through && found_nothing {
            return Ok(Removed { is_complete: true, ..work.deletion.removed });
        }
        if work.deletion.is_late() {
            return Ok(work.deletion.removed);
        }
    }
}

/// Removes what it finds; false if there was no time for all.
async fn pass(work: &mut Work<'_>) -> Result<bool, StoreError> {
    if !events::remove(work).await? {
        return Ok(false);
    }
    if let Whose::User(user) = &work.part.whose
        && work.part.is_all_of_a_user()
    {
        visitors::remove_user(work, user).await?;
    }
    if work.part.whose == Whose::Everybody && !everything_of(work, work.part.days).await? {
        return Ok(false);
    }
    windows::remove_empty(work).await
}

/// Removes what else is of the days; false if there was no time for all.
async fn everything_of(work: &mut Work<'_>, days: Days) -> Result<bool, StoreError> {
    let (store, tenant) = (work.deletion.store, work.tenant);
    let visits = visits::remove(store, tenant, (days.first, days.last)).await?;
    work.deletion.note(Collection::Visits.as_str(), visits);
    Ok(visitors::remove_days(work, days).await?
        && windows::remove(work, days).await?
        && records::remove_texts(work, days).await?
        && records::remove_batches(work, days).await?
        && records::remove_quarantined(work, days).await?)
}
