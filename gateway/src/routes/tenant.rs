//! `DELETE /tenants/{tenant}`: removes everything that a tenant has in the store.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::removal::{self, Removed};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::admin;
use crate::extractors::tenant;
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// How long one request removes: less than Cloud Run lets any request take.
const TIME: Duration = Duration::from_secs(10);

/// What was removed of a tenant.
#[derive(Serialize, ToSchema)]
struct TenantRemoved<'a> {
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    /// Whether nothing is left. If something is, send the request again.
    complete: bool,
    /// How many documents this request has removed, by collection.
    removed: BTreeMap<String, u64>,
}

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, admin::CODES, [
        ProblemCode::InvalidQuery, ProblemCode::MethodNotAllowed, ProblemCode::Internal,
        ProblemCode::Unavailable
    ];
}

/// Removes everything of a tenant
///
/// from the store: records, counts, visitors, quarantine and settings. A request removes for 10 s
/// at most; if the answer is 202, or there is none, send it again until the answer is 200. The raw
/// archive is not touched, and records that are still in the queue are stored afterwards.
#[utoipa::path(
    delete, path = "/tenants/{tenant}", tag = "service", operation_id = "deleteTenant",
    params(parameters::InPath),
    responses(
        (status = 200, description = "Nothing is left.", body = TenantRemoved<'static>,
            example = json!({
                "tenant_id": "acme", "complete": true,
                "removed": {"events": 3, "rollups": 24, "visitors": 4},
            })),
        (status = 202, description = "Something is left: send the request again.",
            body = TenantRemoved<'static>, example = json!({
                "tenant_id": "acme", "complete": false, "removed": {"events": 90_000},
            })),
        Problems,
    ),
    security(("adminToken" = []), ()),
)]
pub(crate) async fn delete(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    let removed = removal::remove(&*gateway.store, &tenant, Instant::now() + TIME).await;
    // Its settings may be gone, whether or not everything else is.
    gateway.sites.forget(&tenant);
    let Removed { documents, is_complete } = removed?;
    tracing::info!(%tenant, is_complete, documents = documents.values().sum::<u64>(), "a tenant is removed");
    let status = if is_complete { StatusCode::OK } else { StatusCode::ACCEPTED };
    let tenant_id = tenant.as_str();
    let body = TenantRemoved { tenant_id, complete: is_complete, removed: documents };
    Ok(HttpResponse::build(status).json(body))
}
