//! `GET /stats/today`: which day it is at a site.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::extractors::tenant;
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// The day of a site.
#[derive(Serialize, ToSchema)]
struct Today<'a> {
    #[schema(value_type = forms::TenantId)]
    site_id: &'a str,
    /// The day that it is at the site.
    #[schema(value_type = forms::Day)]
    today: NaiveDate,
    /// The time zone of the site.
    #[schema(value_type = forms::TimeZone)]
    time_zone: &'static str,
}

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, ON_READ, [ProblemCode::MissingTenant];
}

/// The day that it is at a site
///
/// in the site's time zone: UTC, unless its settings name another.
#[utoipa::path(
    get, path = "/stats/today", tag = "events", operation_id = "getToday",
    params(parameters::TenantOfRead),
    responses(
        (status = 200, description = "The day.", body = Today<'static>,
            example = json!({
                "site_id": "acme", "today": "2025-05-01", "time_zone": "America/New_York",
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
    let zone = gateway.sites.zone(&tenant).await;
    let (today, time_zone) = (zone.day(Utc::now()), zone.name());
    Ok(HttpResponse::Ok().json(Today { site_id: tenant.as_str(), today, time_zone }))
}
