//! `GET /stats`: views, visitors and pages of a site, of a day or of all time. `GET /stats/series`:
//! views and visitors over time.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{NaiveDate, SecondsFormat, TimeDelta, Utc};
use common::rollup::{self, Grain, Period};
use common::tenant::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::extractors::tenant::TenantNames;
use crate::extractors::windows::{Choice, Windows};
use crate::extractors::{date, query, tenant, windows};
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;
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
    /// The day; null for all time.
    #[schema(value_type = Option<forms::Day>)]
    date: Option<NaiveDate>,
    #[schema(minimum = 0)]
    total_views: i64,
    /// Distinct `user_id`s over all events.
    #[schema(minimum = 0)]
    unique_users: i64,
    /// The most viewed paths first; ties by name.
    top_paths: Vec<PathViews>,
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
    /// Distinct `user_id`s over all events; for days only.
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
/// of a day or of all time. A header or `tenant_id` may name the site instead of `site_id`. An unknown
/// site has zeros.
#[utoipa::path(
    get, path = "/stats", tag = "events", operation_id = "getStats",
    params(
        ("site_id" = Option<forms::TenantId>, Query, description = "The site."),
        parameters::Tenant,
        ("date" = Option<forms::Day>, Query, description = "The day. Default: all time."),
        ("limit" = Option<u32>, Query, description = "The most paths. Default: 10.",
            minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, description = "The counts.", body = SiteStats<'static>, example = json!({
            "site_id": "acme", "date": "2025-05-01", "total_views": 2, "unique_users": 2,
            "top_paths": [{"path": "/pricing", "views": 1}, {"path": "/start", "views": 1}],
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = site(&request)?;
    let day = date::day(&request, "date")?;
    let limit = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let store = &*gateway.store;
    let (views, users, paths) = futures::try_join!(
        rollup::views(store, &tenant, Period::between(day, day)),
        rollup::unique_users(store, &tenant, day),
        rollup::top_paths(store, &tenant, day, limit),
    )?;
    Ok(HttpResponse::Ok().json(SiteStats {
        site_id: tenant.as_str(),
        date: day,
        total_views: views,
        unique_users: users,
        top_paths: paths.into_iter().map(|(path, views)| PathViews { path, views }).collect(),
    }))
}

/// Views and visitors of a site over time
///
/// for each window that begins from `from` until before `to`. Default: the last 24 hours, or the last
/// 30 days.
#[utoipa::path(
    get, path = "/stats/series", tag = "events", operation_id = "getSeries",
    params(
        ("site_id" = Option<forms::TenantId>, Query, description = "The site."),
        parameters::Tenant,
        ("from" = Option<forms::Instant>, Query, description = "Floored to the grain."),
        ("to" = Option<forms::Instant>, Query,
            description = "Excluded, at most 744 hours or 366 days after `from`. Default: now."),
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
    let tenant = site(&request)?;
    let Windows { grain, from, to } = windows::read(&request, &GRAINS, Utc::now())?;
    let points = rollup::series(&*gateway.store, &tenant, grain, (from, to)).await?;
    Ok(HttpResponse::Ok().json(Series {
        site_id: tenant.as_str(),
        from: from.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        to: to.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        grain: grain.as_str(),
        series: points.into_iter().map(Point::from).collect(),
    }))
}

fn site(request: &HttpRequest) -> Result<TenantId, Problem> {
    let names = TenantNames::of(request, &["X-Tenant-ID"])?;
    let sites = query::parameters(request, "site_id")?;
    let names = sites.iter().fold(names, |names, site| names.and("site_id", Some(site)));
    names.one("site_id").map_err(Problem::invalid)
}

impl From<rollup::Point> for Point {
    fn from(point: rollup::Point) -> Self {
        let rollup::Point { start, views, visitors } = point;
        Self { start: start.to_rfc3339_opts(SecondsFormat::AutoSi, true), views, visitors }
    }
}
