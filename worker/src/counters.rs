//! The worker's series of metrics, which begin at zero.

use common::metrics::{COMMITS, DEAD_LETTERS, DELIVERED, QUARANTINED, begin_at_zero};
use common::quarantine::Reason;
use common::record::Kind;

use crate::outcome::{CommitOutcome, DeliveryOutcome};

/// The kind of a message that cannot be read.
pub(crate) const UNKNOWN_KIND: &str = "unknown";

/// Begins all series of messages and commits.
pub(crate) fn begin() {
    let kinds = Kind::ALL.map(Kind::as_str);
    let kinds = [&kinds[..], &[UNKNOWN_KIND]].concat();
    let outcomes = DeliveryOutcome::ALL.map(DeliveryOutcome::label);
    begin_at_zero(&DELIVERED, &[&kinds, &outcomes]);
    begin_at_zero(&DEAD_LETTERS, &[&outcomes]);
    begin_at_zero(&QUARANTINED, &[&Reason::ALL.map(Reason::as_str)]);
    begin_at_zero(&COMMITS, &[&CommitOutcome::ALL.map(CommitOutcome::label)]);
}
