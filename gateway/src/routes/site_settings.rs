//! `GET` and `PUT /tenants/{tenant}/settings`: the settings of a site.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::site_settings::SiteSettings;

use crate::admin;
use crate::extractors::body::{self, Body};
use crate::extractors::{site_settings, tenant};
use crate::openapi::responses::responses;
use crate::openapi::{bodies, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// The problems of both.
const ON_EITHER: [ProblemCode; 4] = [
    ProblemCode::InvalidQuery,
    ProblemCode::MethodNotAllowed,
    ProblemCode::Internal,
    ProblemCode::Unavailable,
];

responses! {
    /// The problems of reading.
    GetProblems: tenant::CODES, admin::CODES, ON_EITHER;
    /// The problems of changing.
    PutProblems: body::CODES, tenant::CODES, admin::CODES, site_settings::CODES, ON_EITHER;
}

/// Reads the settings of a site
///
/// all of them, as they are stored. A setting that nobody has set is null, or an empty list.
#[utoipa::path(
    get, path = "/tenants/{tenant}/settings", tag = "events", operation_id = "getSiteSettings",
    params(parameters::InPath),
    responses(
        (status = 200, description = "The settings.", body = bodies::SiteSettings, example = json!({
            "hosts": ["acme.example"], "dimensions": null, "query_parameters": ["id"],
            "keep_trailing_slash": null, "merge_index_pages": null,
            "excluded_addresses": ["192.0.2.0/24"], "excluded_paths": ["/admin/*"],
            "time_zone": "Europe/Vienna",
        })),
        GetProblems,
    ),
    security(("adminToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    Ok(HttpResponse::Ok().json(gateway.sites.read(&tenant).await?))
}

/// Changes the settings of a site
///
/// to these: a setting that is left out, or null, is reset. The new settings apply to later events,
/// at this gateway at once and at others within 10 s. Answers with all settings as they are stored.
#[utoipa::path(
    put, path = "/tenants/{tenant}/settings", tag = "events", operation_id = "putSiteSettings",
    params(parameters::InPath, parameters::Change),
    request_body(
        content = bodies::SiteSettings, content_type = "application/json", example = json!({
            "hosts": ["acme.example"], "query_parameters": ["id"],
            "excluded_addresses": ["192.0.2.0/24"], "excluded_paths": ["/admin/*"],
            "time_zone": "Europe/Vienna",
        }),
    ),
    responses(
        (status = 200, description = "The settings.", body = bodies::SiteSettings, example = json!({
            "hosts": ["acme.example"], "dimensions": null, "query_parameters": ["id"],
            "keep_trailing_slash": null, "merge_index_pages": null,
            "excluded_addresses": ["192.0.2.0/24"], "excluded_paths": ["/admin/*"],
            "time_zone": "Europe/Vienna",
        })),
        PutProblems,
    ),
    security(("adminToken" = []), ()),
)]
pub(crate) async fn put(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
    Body(settings): Body<SiteSettings>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    gateway.sites.set(&tenant, settings.clone()).await?;
    tracing::info!(%tenant, "the settings of a site were changed");
    Ok(HttpResponse::Ok().json(settings))
}
