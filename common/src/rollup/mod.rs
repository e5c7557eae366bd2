//! How counts are laid out. The worker writes through this module, the gateway reads through it.
//!
//! A rollup is one number: how often a value of a dimension came in one window. The cost of a
//! read grows with the windows and values it covers, never with what was counted.

mod all;
mod events;
mod key;
mod query;
mod requests;
mod series;

use crate::store::{Aggregation, Query};
use crate::tenant::TenantId;

pub use self::all::{all, visitors};
pub use self::events::{
    Period, Visit, counted_by, event_types, events, of_event, top_paths, unique_users, views,
    visits,
};
pub use self::key::{Dimension, Grain, Key};
pub use self::requests::{Window, of_entries, touched_by, windows};
pub use self::series::{Point, series};

/// One query of each shape that is asked of rollups and visitors, with what it aggregates: each
/// needs its index.
pub fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    [events::shapes(tenant), requests::shapes(tenant), series::shapes(tenant)].concat()
}
