//! Figures of the events that a filter selects: reads them, unless there are too many.

use chrono::NaiveDate;
use common::filtered::{self, Filter, Filtered};
use common::rollup::{self, Period};
use common::site_days::SiteDays;
use common::store::DocumentStore;
use common::tenant::TenantId;
use common::time_zone::TimeZone;

use crate::extractors::query;
use crate::problem::Problem;

/// The site that is read.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) store: &'a dyn DocumentStore,
    pub(crate) tenant: &'a TenantId,
    pub(crate) zone: TimeZone,
}

impl Site<'_> {
    /// The figures of the events of a period of whole days that `filter` selects. `None` if it has no
    /// event at all.
    pub(crate) async fn filtered(
        self,
        period: Period,
        filter: &Filter,
    ) -> Result<Option<Filtered>, Problem> {
        let Self { store, tenant, zone } = self;
        let counted = rollup::events(store, tenant, None, period).await?;
        check(counted, filtered::most_events(store))?;
        let Some((first, last)) = self.ends(period).await? else { return Ok(None) };
        let days = SiteDays { first, last, zone };
        Ok(Some(filtered::read(store, tenant, days, filter, counted).await?))
    }

    /// The first and the last day of the period that has events, or that it names.
    async fn ends(self, period: Period) -> Result<Option<(NaiveDate, NaiveDate)>, Problem> {
        let period = match period {
            Period::Days(Some(first), Some(last)) => return Ok(Some((first, last))),
            Period::All => Period::Days(None, None),
            open => open,
        };
        let days = rollup::days_with_events(self.store, self.tenant, period).await?;
        Ok(days.first().copied().zip(days.last().copied()))
    }
}

/// Refuses too many events.
fn check(counted: i64, most: i64) -> Result<(), Problem> {
    if counted <= most {
        return Ok(());
    }
    let reason = format!(
        "needs each event of the period to be read: there are {counted}, and at most {most} are read; ask \
         for fewer days"
    );
    Err(query::invalid("filter", &reason))
}
