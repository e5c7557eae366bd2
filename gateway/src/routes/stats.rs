//! `GET /stats`: views, visitors and pages of a site, on a day or ever. `GET /stats/series`: views
//! and visitors over time.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{SecondsFormat, TimeDelta, Utc};
use common::rollup::{self, Grain, Period, Point};
use common::tenant::TenantId;
use serde_json::{Value, json};

use crate::app::Gateway;
use crate::extractors::tenant::TenantNames;
use crate::extractors::windows::{Choice, Windows};
use crate::extractors::{date, query, windows};
use crate::problem::Problem;

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;
/// The hours of a month, or the days of a year.
const GRAINS: [Choice; 2] = [
    Choice { grain: Grain::Hour, most: 31 * 24, span: TimeDelta::hours(24) },
    Choice { grain: Grain::Day, most: 366, span: TimeDelta::days(30) },
];

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
    let paths: Vec<Value> =
        paths.into_iter().map(|(path, views)| json!({"path": path, "views": views})).collect();
    Ok(HttpResponse::Ok().json(json!({
        "site_id": tenant.as_str(),
        "date": day.map(|day| day.to_string()),
        "total_views": views,
        "unique_users": users,
        "top_paths": paths,
    })))
}

pub(crate) async fn series(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = site(&request)?;
    let Windows { grain, from, to } = windows::read(&request, &GRAINS, Utc::now())?;
    let points = rollup::series(&*gateway.store, &tenant, grain, (from, to)).await?;
    Ok(HttpResponse::Ok().json(json!({
        "site_id": tenant.as_str(),
        "from": from.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "to": to.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "grain": grain.as_str(),
        "series": points.iter().map(point).collect::<Vec<_>>(),
    })))
}

fn site(request: &HttpRequest) -> Result<TenantId, Problem> {
    let names = TenantNames::of(request, &["X-Tenant-ID"])?;
    let sites = query::parameters(request, "site_id")?;
    let names = sites.iter().fold(names, |names, site| names.and("site_id", Some(site)));
    names.one("site_id").map_err(Problem::invalid)
}

fn point(point: &Point) -> Value {
    let start = point.start.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let mut body = json!({"start": start, "views": point.views});
    if let Some(visitors) = point.visitors {
        body["visitors"] = visitors.into();
    }
    body
}
