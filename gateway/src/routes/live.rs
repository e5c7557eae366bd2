//! `GET /stats/live`: the visitors who are on a site now.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{TimeDelta, Utc};
use common::live_visitors;
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::extractors::tenant;
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// How long a visitor counts as present after an event.
const THERE: TimeDelta = TimeDelta::minutes(5);

/// The visitors who are on the site now.
#[derive(Serialize, ToSchema)]
struct LiveVisitors<'a> {
    #[schema(value_type = forms::TenantId)]
    site_id: &'a str,
    /// Distinct users over all events of the last 5 minutes.
    #[schema(minimum = 0)]
    visitors: usize,
}

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, ON_READ, [ProblemCode::MissingTenant];
}

/// Visitors of a site in the last 5 minutes
///
/// by the time at which their events happened. The cost grows with the events of these minutes.
#[utoipa::path(
    get, path = "/stats/live", tag = "events", operation_id = "getLive",
    params(parameters::TenantOfRead),
    responses(
        (status = 200, description = "The visitors.", body = LiveVisitors<'static>,
            example = json!({"site_id": "acme", "visitors": 12})),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::site(&request)?;
    let now = Utc::now();
    let visitors = live_visitors::users(&*gateway.store, &tenant, (now - THERE, now)).await?;
    Ok(HttpResponse::Ok().json(LiveVisitors { site_id: tenant.as_str(), visitors }))
}
