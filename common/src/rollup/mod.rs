//! How counts are stored. The worker writes through this module, and the gateway reads through it.
//!
//! A rollup is one number: how often a value of a dimension occurred in one window. The cost of a
//! read grows with the windows and values that it covers, not with the records that were counted.

mod all;
mod breakdown;
mod days;
mod dimensions;
mod events;
mod increments;
mod layout;
mod mark;
mod memo;
mod query;
mod requests;
mod series;
mod touched;
mod uncount;

use crate::store::{Aggregation, Query};
use crate::tenant::TenantId;

pub use self::all::{all, visitors};
pub use self::breakdown::{Figures, breakdown, figures};
pub use self::days::{
    days_with_events, excluded_in, top_paths_over, unique_users_over, views_by_day,
};
pub use self::dimensions::{LogDimensions, UnknownDimension};
pub use self::events::{
    Period, Visit, counted_by, event_types, events, is_of_a_day, of_event, top_paths, unique_users,
    user_hash, values_of, views, visit_of_all_time, visits, visits_of_user, visits_on,
};
pub use self::layout::{Dimension, Grain, Key};
pub use self::requests::{Asked, Statuses, Window, counted_of, of_entries, touched_by, windows};
pub use self::series::{Point, series};
pub use self::touched::{Touch, Touched};
pub use self::uncount::{
    Times, counts_of_nothing, hours_between, levelled, taken_from_all_time, uncounted,
    windows_between,
};

/// A query of each shape that this module sends, with its aggregation. Each shape needs an index.
pub fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    [
        breakdown::shapes(tenant),
        days::shapes(tenant),
        events::shapes(tenant),
        requests::shapes(tenant),
        series::shapes(tenant),
    ]
    .concat()
}

/// A query of each shape that a removal sends. The embedded store reads more for them than it returns.
pub fn shapes_of_removal(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let mut shapes = uncount::shapes(tenant);
    shapes.push((visits_of_user(tenant, "a"), None));
    shapes
}
