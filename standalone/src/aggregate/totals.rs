//! The counts of a tenant as numbers, which reports and rows are made of.

use std::borrow::Cow;
use std::collections::BTreeMap;

use common::rollup::Key;

use super::tally::{Counts, Tally};

/// The totals of each tenant, by its id.
pub(super) type ByTenant<'a> = BTreeMap<String, Totals<'a>>;

/// The counts of one tenant.
pub(super) struct Totals<'a> {
    /// The same numbers as the live rollups.
    pub(super) rollups: Vec<(Cow<'a, Key>, i64)>,
    /// How many users there were, by day, or of `all` days.
    pub(super) users: BTreeMap<String, usize>,
    pub(super) texts: usize,
    /// The total length of all texts, in characters.
    pub(super) characters: i64,
}

/// The totals of what was counted.
pub(super) fn of(tally: &Tally) -> ByTenant<'_> {
    tally.0.iter().map(|(tenant, counts)| (tenant.to_string(), counts.into())).collect()
}

impl<'a> From<&'a Counts> for Totals<'a> {
    fn from(counts: &'a Counts) -> Self {
        let rollups = counts.rollups.iter();
        let users = counts.visitors.iter();
        Self {
            rollups: rollups.map(|(key, count)| (Cow::Borrowed(key), *count)).collect(),
            users: users.map(|(day, users)| (day.clone(), users.len())).collect(),
            texts: counts.texts.len(),
            characters: counts.characters,
        }
    }
}
