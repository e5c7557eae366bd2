//! Removes what a tenant has in the store: everything, or a part of it, whose counts are corrected.

mod deletion;
mod events;
mod part;
mod partial;
mod records;
mod visitors;
mod whole;
mod windows;
mod work;

use crate::store::{Aggregation, Query};
use crate::tenant::TenantId;
use crate::{event_listing, rollup};

pub use self::deletion::Removed;
pub use self::part::{Days, Part, Whose};
pub use self::partial::remove_part;
pub use self::whole::remove;

/// A query of each shape that this module sends, with its aggregation.
pub fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    [event_listing::shapes_of_one(tenant), rollup::shapes_of_removal(tenant)].concat()
}
