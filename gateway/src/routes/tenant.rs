//! `DELETE /tenants/{tenant}`: removes what a tenant has in the store: everything, or a user, a page or a
//! period.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::removal::{self, Part, Removed};
use common::store::StoreError;
use common::tenant::TenantId;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use crate::admin;
use crate::extractors::{removal_part, tenant};
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// How long one request removes: less than Cloud Run lets any request take.
const TIME: Duration = Duration::from_secs(10);
/// How long it may take beyond that to end what it has begun.
const GRACE: Duration = Duration::from_secs(10);

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

/// Removes everything of a tenant, or a part
///
/// from the store. Without a parameter: records, counts, visitors, quarantine and settings. With `user_id` or
/// `path`: those events, of the days of the period if there is one; counts and visitors are corrected. With a
/// period alone: all events, texts, batches, counts and quarantined messages of its days. A request removes
/// for about 10 s; if it is answered 202, or not at all, send it again until it is answered 200. The raw
/// archive is not touched, and what is still in the queue is stored afterwards.
#[utoipa::path(
    delete, path = "/tenants/{tenant}", tag = "service", operation_id = "deleteTenant",
    params(
        parameters::InPath, parameters::Period,
        ("user_id" = Option<String>, Query, min_length = 1, max_length = 256,
            description = "Remove the events of this user alone, and the user as a visitor."),
        ("path" = Option<String>, Query, min_length = 1, max_length = 1024,
            description = "Remove the events on this page alone, as `/stats` names it. Not with `user_id`."),
    ),
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
    let zone = gateway.sites.zone(&tenant).await;
    let part = removal_part::read(&request, zone)?;
    let Removed { documents, is_complete } = remove(&gateway, &tenant, part.as_ref()).await?;
    let documents_removed = documents.values().sum::<u64>();
    let what = if part.is_some() { "a part of a tenant is removed" } else { "a tenant is removed" };
    tracing::info!(%tenant, is_complete, documents = documents_removed, "{what}");
    let status = if is_complete { StatusCode::OK } else { StatusCode::ACCEPTED };
    let tenant_id = tenant.as_str();
    let body = TenantRemoved { tenant_id, complete: is_complete, removed: documents };
    Ok(HttpResponse::build(status).json(body))
}

/// What a removal has removed, unless a slow store holds it up for long. It may end anywhere, and the next
/// request goes on.
async fn in_time(
    until: Instant,
    removal: impl Future<Output = Result<Removed, StoreError>>,
) -> Result<Removed, StoreError> {
    let removed = timeout_at(until + GRACE, removal).await;
    removed.unwrap_or_else(|elapsed| Err(StoreError::Passing(elapsed.into())))
}

/// Removes the part of the tenant, or all of it.
async fn remove(
    gateway: &Gateway,
    tenant: &TenantId,
    part: Option<&Part>,
) -> Result<Removed, StoreError> {
    let (store, until) = (&*gateway.store, Instant::now() + TIME);
    if let Some(part) = part {
        return in_time(until, removal::remove_part(store, tenant, part, until)).await;
    }
    let removed = in_time(until, removal::remove(store, tenant, until)).await;
    // Its settings may be gone, whether all of it is or not.
    gateway.sites.forget(tenant);
    removed
}
