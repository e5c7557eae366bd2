//! `GET /stats`: views, visitors and pages of a site, on a day or ever.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use common::rollup::{self, Period};
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::app::Gateway;
use crate::extractors::tenant::TenantNames;
use crate::extractors::{date, query, tenant};
use crate::openapi::problems::problems;
use crate::openapi::{forms, parameters};
use crate::problem::{Code, Problem};

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;

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
    /// Different `user_id`s over all events.
    #[schema(minimum = 0)]
    unique_users: i64,
    /// The most viewed first; ties go by name.
    top_paths: Vec<PathViews>,
}

/// Views of a page.
#[derive(Serialize, ToSchema)]
struct PathViews {
    path: String,
    #[schema(minimum = 0)]
    views: i64,
}

problems! {
    /// What can go wrong here.
    Problems: tenant::PROBLEMS, ON_READ, [Code::MissingTenant];
}

/// Views, visitors and most viewed pages of a site
///
/// on a day or ever. `site_id` may be missing where a header or `tenant_id` names the site. An
/// unknown site has zeros.
#[utoipa::path(
    get, path = "/stats", tag = "events", operation_id = "getStats",
    params(
        ("site_id" = Option<forms::TenantId>, Query, description = "The site."),
        parameters::Tenant,
        ("date" = Option<forms::Day>, Query, description = "The day; without it, all time."),
        ("limit" = Option<u32>, Query, description = "Paths to name; 10 without it.",
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
    let names = TenantNames::of(&request, &["X-Tenant-ID"])?;
    let sites = query::parameters(&request, "site_id")?;
    let names = sites.iter().fold(names, |names, site| names.and("site_id", Some(site)));
    let tenant = names.one("site_id").map_err(Problem::invalid)?;
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
