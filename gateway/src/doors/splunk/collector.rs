//! The handlers of `/services/collector`.

use actix_web::http::Method;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use common::tenant::TenantId;
use serde_json::json;

use super::{answer, events};
use crate::doors::authorization::{basic, with_scheme};
use crate::doors::own_form::refusal_of;
use crate::doors::shipment::{Origin, Read, Taken};
use crate::doors::sources::SPLUNK;
use crate::extractors::{body, query};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// Takes events in their envelopes.
pub(crate) async fn post_events(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    answered(take(&request, payload, &gateway, events::read).await)
}

/// Takes lines.
pub(crate) async fn post_raw(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    answered(take(&request, payload, &gateway, events::read_raw).await)
}

fn answered(taken: Result<Taken, Problem>) -> HttpResponse {
    match taken {
        Ok(taken) => answer::taken(&taken),
        Err(problem) => answer::refused(&problem),
    }
}

async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
    read: Read,
) -> Result<Taken, Problem> {
    let limit = gateway.settings.max_logs_bytes();
    let body = body::read(request, payload.into_inner(), limit, 0).await?;
    let origin = Origin::of(request, SPLUNK, &["X-Tenant-ID"])?.or_tenant(token(request)?);
    let (taken, ()) = origin.take(request, gateway, body, read).await?;
    Ok(taken)
}

/// The tenant, which is the client's token: after the scheme, as a password, or in the query.
fn token(request: &HttpRequest) -> Result<Option<TenantId>, Problem> {
    let token = match with_scheme(request, "Splunk") {
        Some(token) => Some(token.to_owned()),
        None => match basic(request) {
            Some((_, password)) => Some(password),
            None => query::parameter(request, "token")?,
        },
    };
    let tenant = token.map(|token| TenantId::parse(&token)).transpose();
    tenant.map_err(|reason| {
        let detail = format!("The token names the tenant; it {reason}.");
        Problem::new(ProblemCode::Forbidden, detail)
    })
}

/// Says whether events can be taken.
pub(crate) async fn health(gateway: Data<Gateway>) -> HttpResponse {
    if gateway.probes.ask().await.is_ready() {
        return HttpResponse::Ok().json(json!({"text": "HEC is healthy", "code": 17}));
    }
    let unhealthy = json!({"text": "HEC is unhealthy, queues are full", "code": 18});
    refusal_of(ProblemCode::NotReady).json(unhealthy)
}

/// Any other method. Docker uses OPTIONS to ask whether the server is there.
pub(crate) async fn other_method(request: HttpRequest) -> Result<HttpResponse, Problem> {
    match *request.method() {
        Method::OPTIONS => Ok(HttpResponse::Ok().finish()),
        _ => Err(Problem::method_not_allowed("POST, OPTIONS")),
    }
}
