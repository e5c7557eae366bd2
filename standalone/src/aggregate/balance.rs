//! Compares the archive with the store, one share of the records after the other.

use std::collections::BTreeSet;

use common::broker::embedded::InWork;
use common::store::StoreError;
use common::store::embedded::Snapshot;

use super::compare::{Looked, differences};
use super::ledger::Ledger;
use super::run::Outcome;
use super::share::Share;
use super::source::Source;

/// Recounts these shares, which make up the whole archive, with `read`, and returns the result with
/// each difference from the store. The work in the queue must have been read before the store.
pub(super) async fn balance(
    source: &Source,
    store: &Snapshot,
    in_work: &InWork,
    shares: impl Iterator<Item = Share>,
    read: impl Fn(&Ledger, Share) -> Outcome,
) -> Result<Outcome, StoreError> {
    let stored = store.tenants()?;
    let (mut whole, mut looked) = (Outcome::of(source), Looked::default());
    for share in shares {
        let ledger = Ledger::read(store, &stored, in_work.clone(), share).await?;
        let outcome = read(&ledger, share);
        looked.add(&ledger, &outcome.survey);
        whole.add(outcome);
    }
    let tenants: BTreeSet<_> = stored.into_iter().chain(whole.tally.0.keys().cloned()).collect();
    let numbers = differences(store, &tenants, &whole.tally, &looked).await?;
    whole.comparison.differences.extend(numbers);
    Ok(whole)
}
