//! `GET /tenants`: the tenants that have data, for the operator's eyes.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::extractors::query;
use crate::local_client::is_local;
use crate::openapi::forms;
use crate::openapi::responses::responses;
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// The tenants that have data.
#[derive(Serialize, ToSchema)]
struct Tenants {
    /// By name.
    #[schema(value_type = Vec<forms::TenantId>)]
    tenants: Vec<String>,
}

responses! {
    /// The problems of this route.
    Problems: ON_READ, [ProblemCode::Forbidden];
}

/// Lists the tenants that have data
///
/// by name. If a read token is set, its holder may read this. If none is set, only a client on the
/// gateway's own machine may, without a proxy between them.
#[utoipa::path(
    get, path = "/tenants", tag = "service", operation_id = "listTenants",
    params(
        ("limit" = Option<u32>, Query, description = "The most tenants. Default: 100.",
            minimum = 1, maximum = 1_000),
    ),
    responses(
        (status = 200, description = "The tenants.", body = Tenants, example = json!({
            "tenants": ["acme", "shop"],
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn list(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    // The edge has checked the token where one is set.
    if gateway.settings.read_token().is_none() && !is_local(&request) {
        return Err(Problem::new(ProblemCode::Forbidden, ONLY_LOCAL));
    }
    let most = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)? as usize;
    let tenants = gateway.store.tenants(most).await?;
    let tenants = tenants.iter().map(ToString::to_string).collect();
    Ok(HttpResponse::Ok().json(Tenants { tenants }))
}

const ONLY_LOCAL: &str = "Without a READ_TOKEN, only clients on the gateway's own machine may \
    list the names of tenants. Set one, and send it.";
