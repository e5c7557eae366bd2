//! `GET /tenants/{tenant}/quarantine`: what of a tenant could not be processed, and why.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::path::{Collection, CollectionPath};
use common::quarantine::LISTED;

use crate::app::Gateway;
use crate::extractors::tenant;
use crate::page::Page;
use crate::problem::Problem;

pub(crate) async fn list(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    let page = Page::of(&request, CollectionPath::of(&tenant, Collection::Quarantine))?;
    let listing = page.read(&*gateway.store, LISTED).await?;
    Ok(HttpResponse::Ok().json(listing.json("quarantine", "id")))
}
