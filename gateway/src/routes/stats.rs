//! `GET /stats`: views, visitors and pages of a site, of a day or of all time. `GET /stats/series`:
//! views and visitors over time.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use common::rollup::{self, Grain, Period};
use common::store::DocumentStore;
use common::tenant::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::extractors::period::{Asked, Bound};
use crate::extractors::windows::{Choice, Windows};
use crate::extractors::{query, tenant, windows};
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;
/// The most days with events whose pages and visitors are combined.
const MAX_DAYS: usize = 366;
/// The hours of a month, or the days of a year.
const GRAINS: [Choice; 2] = [
    Choice { grain: Grain::Hour, most: 31 * 24, span: TimeDelta::hours(24) },
    Choice { grain: Grain::Day, most: 366, span: TimeDelta::days(30) },
];

/// Views and visitors of a site.
#[derive(Serialize, ToSchema)]
struct SiteStats<'a> {
    #[schema(value_type = forms::TenantId)]
    site_id: &'a str,
    /// The day; null for any other period.
    #[schema(value_type = Option<forms::Day>)]
    date: Option<NaiveDate>,
    /// The start of a period of several days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = forms::Instant, required = false)]
    from: Option<String>,
    /// The end of a period of several days, excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = forms::Instant, required = false)]
    to: Option<String>,
    #[schema(minimum = 0)]
    total_views: i64,
    /// Distinct users over all events of the period. A browser without a `user_id` counts as
    /// another user each day.
    #[schema(minimum = 0)]
    unique_users: i64,
    /// The most viewed paths first; ties by name.
    top_paths: Vec<PathViews>,
    /// Events that only count as excluded, by reason.
    excluded: BTreeMap<String, i64>,
}

/// The views of a page.
#[derive(Serialize, ToSchema)]
struct PathViews {
    path: String,
    #[schema(minimum = 0)]
    views: i64,
}

/// Views and visitors over time.
#[derive(Serialize, ToSchema)]
struct Series<'a> {
    #[schema(value_type = forms::TenantId)]
    site_id: &'a str,
    #[schema(value_type = forms::Instant)]
    from: String,
    #[schema(value_type = forms::Instant)]
    to: String,
    #[schema(value_type = forms::SeriesGrain)]
    grain: &'static str,
    series: Vec<Point>,
}

/// Views and visitors of a window.
#[derive(Serialize, ToSchema)]
struct Point {
    #[schema(value_type = forms::Instant)]
    start: String,
    #[schema(minimum = 0)]
    views: i64,
    /// Distinct users over all events of the day; for days only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    visitors: Option<i64>,
}

responses! {
    /// The problems of these routes.
    Problems: tenant::CODES, ON_READ, [ProblemCode::MissingTenant];
}

/// Views, visitors and most viewed pages of a site
///
/// of a day, of several whole days, or of all time. An unknown site has zeros.
#[utoipa::path(
    get, path = "/stats", tag = "events", operation_id = "getStats",
    params(
        parameters::TenantOfRead, parameters::Period,
        ("limit" = Option<u32>, Query, description = "The most paths. Default: 10.",
            minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, description = "The counts.", body = SiteStats<'static>, example = json!({
            "site_id": "acme", "date": "2025-05-01", "total_views": 2, "unique_users": 2,
            "top_paths": [{"path": "/pricing", "views": 1}, {"path": "/start", "views": 1}],
            "excluded": {},
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::site(&request)?;
    let limit = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let asked = Asked::read(&request, gateway.sites.zone(&tenant).await)?;
    let period = asked.of_days()?;
    let site = Site { store: &*gateway.store, tenant: &tenant, limit };
    let Totals { views, users, paths, excluded } = site.totals(period).await?;
    let date = day(period);
    let several =
        |bound: Option<Bound>| bound.filter(|_| date.is_none()).map(|it| rfc3339(it.written));
    Ok(HttpResponse::Ok().json(SiteStats {
        site_id: tenant.as_str(),
        date,
        from: several(asked.from),
        to: several(asked.to),
        total_views: views,
        unique_users: users,
        top_paths: paths.into_iter().map(|(path, views)| PathViews { path, views }).collect(),
        excluded,
    }))
}

/// The site that is read.
struct Site<'a> {
    store: &'a dyn DocumentStore,
    tenant: &'a TenantId,
    limit: u32,
}

/// The counts of a period.
struct Totals {
    views: i64,
    users: i64,
    paths: Vec<(String, i64)>,
    excluded: BTreeMap<String, i64>,
}

impl Site<'_> {
    async fn totals(&self, period: Period) -> Result<Totals, Problem> {
        let Self { store, tenant, .. } = *self;
        let views = async { Ok::<_, Problem>(rollup::views(store, tenant, period).await?) };
        let rest = async {
            match (period, day(period)) {
                (Period::All, _) => self.of_window(None).await,
                (_, Some(day)) => self.of_window(Some(day)).await,
                _ => self.of_days(period).await,
            }
        };
        let excluded =
            async { Ok::<_, Problem>(rollup::excluded_in(store, tenant, period).await?) };
        let (views, (users, paths), excluded) = futures::try_join!(views, rest, excluded)?;
        Ok(Totals { views, users, paths, excluded })
    }

    /// Users and paths of a day, or of all time for `None`.
    async fn of_window(
        &self,
        day: Option<NaiveDate>,
    ) -> Result<(i64, Vec<(String, i64)>), Problem> {
        let users = rollup::unique_users(self.store, self.tenant, day);
        let paths = rollup::top_paths(self.store, self.tenant, day, self.limit);
        Ok(futures::try_join!(users, paths)?)
    }

    /// Users and paths of several days.
    async fn of_days(&self, period: Period) -> Result<(i64, Vec<(String, i64)>), Problem> {
        let days = days(self.store, self.tenant, period).await?;
        let users = rollup::unique_users_over(self.store, self.tenant, &days);
        let paths = rollup::top_paths_over(self.store, self.tenant, &days, self.limit);
        Ok(futures::try_join!(users, paths)?)
    }
}

/// The days of a period that have events, if there are not too many to combine.
pub(super) async fn days(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    period: Period,
) -> Result<BTreeSet<NaiveDate>, Problem> {
    // All time is one window of its own, which says nothing about days.
    let period = if period == Period::All { Period::Days(None, None) } else { period };
    let days = rollup::days_with_events(store, tenant, period).await?;
    check_days(days.len())?;
    Ok(days)
}

/// Refuses too many days.
pub(super) fn check_days(days: usize) -> Result<(), Problem> {
    if days <= MAX_DAYS {
        return Ok(());
    }
    let reason = format!(
        "must begin later: the period has {days} days with events, and at most {MAX_DAYS} are read at \
         once"
    );
    Err(query::invalid("from", &reason))
}

/// The only day of a period; `None` for any other.
fn day(period: Period) -> Option<NaiveDate> {
    match period {
        Period::Days(first, last) => first.filter(|_| first == last),
        Period::All | Period::Hours(..) => None,
    }
}

pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Views and visitors of a site over time
///
/// in at most 744 windows of an hour, or 366 of a day. The start is floored to the grain. Default:
/// the last 24 hours, or the last 30 days.
#[utoipa::path(
    get, path = "/stats/series", tag = "events", operation_id = "getSeries",
    params(
        parameters::TenantOfRead, parameters::Period,
        ("grain" = Option<forms::SeriesGrain>, Query,
            description = "The length of a window. Default: an hour."),
    ),
    responses(
        (status = 200, description = "The windows.", body = Series<'static>, example = json!({
            "site_id": "acme", "from": "2025-05-01T00:00:00Z", "to": "2025-05-03T00:00:00Z",
            "grain": "day",
            "series": [
                {"start": "2025-05-01T00:00:00Z", "views": 2, "visitors": 2},
                {"start": "2025-05-02T00:00:00Z", "views": 0, "visitors": 0},
            ],
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn series(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::site(&request)?;
    let zone = gateway.sites.zone(&tenant).await;
    let Windows { grain, from, to } = windows::read(&request, &GRAINS, zone, Utc::now())?;
    let points = rollup::series(&*gateway.store, &tenant, grain, (from, to)).await?;
    Ok(HttpResponse::Ok().json(Series {
        site_id: tenant.as_str(),
        from: rfc3339(from),
        to: rfc3339(to),
        grain: grain.as_str(),
        series: points.into_iter().map(Point::from).collect(),
    }))
}

impl From<rollup::Point> for Point {
    fn from(point: rollup::Point) -> Self {
        let rollup::Point { start, views, visitors } = point;
        Self { start: rfc3339(start), views, visitors }
    }
}
