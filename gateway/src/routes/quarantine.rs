//! `GET /tenants/{tenant}/quarantine`: the messages of a tenant that cannot be processed, and why.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::path::{Collection, CollectionPath};
use common::quarantine::LISTED;

use super::ON_READ;
use crate::extractors::tenant;
use crate::listing::{self, PageRequest};
use crate::openapi::parameters;
use crate::openapi::responses::responses;
use crate::openapi::stored::Quarantine;
use crate::problem::Problem;
use crate::state::Gateway;

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, listing::CODES, ON_READ;
}

/// Lists the messages in quarantine
///
/// with their reasons, by id, without their data.
#[utoipa::path(
    get, path = "/tenants/{tenant}/quarantine", tag = "quarantine",
    operation_id = "listQuarantine",
    params(parameters::InPath, parameters::Page),
    responses(
        (status = 200, description = "A page of messages.", body = Quarantine, example = json!({
            "quarantine": [{
                "id": "01fc88730c8027327459e74501a8d71e5e17e2364f6bac931904cad19a9f0a93",
                "attempts": 1,
                "attributes": {"kind": "text", "record_id": "boot-1", "tenant_id": "acme"},
                "data_bytes": 12,
                "data_sha256": "4895ecc6f0c011072af486ea30a1239caa1b297fb61ecaca8ac94d9c2071be22",
                "detail": "another record with this id and different content came first",
                "first_seen": "2026-11-21T08:00:03.400Z", "reason": "conflict",
            }],
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn list(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    let page = PageRequest::of(&request, CollectionPath::of(&tenant, Collection::Quarantine))?;
    let page = page.read(&*gateway.store, LISTED).await?;
    Ok(listing::answer(&request, page.json("quarantine", "id")))
}
