//! `GET /stats`: views, visitors and pages of a site, on a day or ever.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use common::rollup::{self, Period};
use serde_json::{Value, json};

use crate::app::Gateway;
use crate::extractors::tenant::TenantNames;
use crate::extractors::{date, query};
use crate::problem::Problem;

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;

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
