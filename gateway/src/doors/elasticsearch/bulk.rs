//! The handler of `_bulk`.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use common::tenant::TenantId;

use super::actions;
use super::answer::{self, Answer};
use crate::doors::authorization::basic;
use crate::doors::shipment::Origin;
use crate::doors::sources::ELASTICSEARCH;
use crate::extractors::body;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

/// Takes documents. The client's user name is the tenant, unless the request names one.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    match take(&request, payload, &gateway).await {
        Ok(items) => answer::json(&request, HttpResponse::Ok(), &items),
        Err(problem) => answer::refused(&request, &problem),
    }
}

async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<Answer, Problem> {
    let limit = gateway.settings.max_logs_bytes();
    let body = body::read(request, payload.into_inner(), limit, 0).await?;
    if !is_json(request) {
        let detail = "The Content-Type must be application/x-ndjson or application/json.";
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
    }
    let origin = Origin::of(request, ELASTICSEARCH, &["X-Tenant-ID"])?.or_tenant(user(request)?);
    let index = request.match_info().get("index").map(str::to_owned);
    let read = move |body: &[u8], shipment: &mut _| actions::read(body, index.as_deref(), shipment);
    let (taken, items) = origin.take(request, gateway, body, read).await?;
    if items.is_empty() {
        return Err(Problem::new(ProblemCode::InvalidBody, "The request has no actions."));
    }
    Ok(Answer::of(&taken, items))
}

/// JSON or lines of JSON, also under the names that newer clients use.
fn is_json(request: &HttpRequest) -> bool {
    let name = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let name = name.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["json", "+json", "ndjson", "x-ndjson", "+x-ndjson"].iter().any(|end| {
        name.strip_prefix("application/").is_some_and(|kind| match end.strip_prefix('+') {
            Some(_) => kind.to_ascii_lowercase().ends_with(end),
            None => kind.eq_ignore_ascii_case(end),
        })
    })
}

/// The tenant that the client's user name is.
fn user(request: &HttpRequest) -> Result<Option<TenantId>, Problem> {
    let Some((name, _)) = basic(request).filter(|(name, _)| !name.is_empty()) else {
        return Ok(None);
    };
    TenantId::parse(&name).map(Some).map_err(|reason| {
        let error = FieldError::new(ProblemCode::InvalidTenant, "Authorization", reason);
        Problem::invalid(vec![error])
    })
}
