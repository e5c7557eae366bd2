//! `POST /event` and `POST /events`: one event of a site, one interaction of a user.

use actix_web::HttpResponse;
use actix_web::web::Data;
use common::event::Exclusion;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ON_PUBLISH, Status};
use crate::accept_events::{self, accept};
use crate::extractors::body::{self, Body};
use crate::extractors::interaction::Interaction;
use crate::extractors::new_event::NewEvent;
use crate::extractors::site_event::SiteEvent;
use crate::extractors::{json, tenant};
use crate::openapi::responses::responses;
use crate::openapi::{bodies, forms, parameters};
use crate::problem::{Extensions, Problem, ProblemCode};
use crate::state::Gateway;

/// An event that is durable.
#[derive(Serialize, ToSchema)]
struct EventAccepted<'a> {
    status: Status,
    #[schema(value_type = forms::RecordId)]
    event_id: &'a str,
    /// `false` if the event is not a visit, and so only counts as excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    counted: Option<bool>,
    /// Why it is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = forms::Exclusion, nullable = false)]
    reason: Option<&'static str>,
}

responses! {
    /// The problems of an event of a site.
    SiteEventProblems:
        body::CODES, json::CODES, tenant::CODES, ON_PUBLISH,
        [ProblemCode::InvalidId, ProblemCode::InvalidQuery],
        [ProblemCode::MissingTenant, ProblemCode::OutOfRange];
    /// The problems of an interaction.
    InteractionProblems:
        body::CODES, json::CODES, tenant::CODES, ON_PUBLISH,
        [ProblemCode::InvalidQuery, ProblemCode::OutOfRange];
}

/// Takes an event of a site
///
/// from a page of any origin. A beacon may send its JSON as `text/plain`, without a type, or as the
/// one JSON field of a form. A header, the query or the body must name the tenant; if several do,
/// they must agree. A browser's event that names no user and is not a visit (a bot, a page on
/// `localhost`) is accepted, but only counts as excluded: the answer has `"counted": false`.
#[utoipa::path(
    post, path = "/event", tag = "events", operation_id = "postSiteEvent",
    params(
        parameters::Tenant, parameters::Strict, parameters::Allow, parameters::Upload,
        parameters::Browser,
    ),
    request_body(content(
        (bodies::SiteEvent = "application/json", examples(
            ("a view" = (value = json!({
                "site_id": "acme", "event_type": "page_view", "path": "/pricing", "user_id": "u-1",
                "timestamp": "2025-05-01T23:59:59.999Z", "event_id": "e-1",
            }))),
            ("in a frame" = (value = json!({
                "site_id": "acme", "event_type": "page_view", "path": "/pricing",
                "timestamp": "2025-05-01T06:00:00Z", "event_id": "e-3", "excluded": "frame",
            }))),
            ("too long" = (value = json!({
                "site_id": "acme", "user_id": "u-1", "payload": {"plan": "pro"},
                "event_type": "a-type-of-many-more-than-the-sixty-four-bytes-that-are-kept-of-it",
                "timestamp": "2025-05-01T12:00:00Z", "event_id": "e-2",
            }))),
        )),
        (bodies::SiteEventText = "text/plain", example = json!(
            r#"{"site_id": "acme", "event_type": "view", "payload": {"url": "https://acme.example/"}}"#
        )),
    )),
    responses(
        (status = 202, description = "The event is durable.", body = EventAccepted<'static>, examples(
            ("a view" = (value = json!({"status": "accepted", "event_id": "e-1"}))),
            ("in a frame" = (value = json!({
                "status": "accepted", "event_id": "e-3", "counted": false, "reason": "frame",
            }))),
        )),
        SiteEventProblems,
    ),
)]
pub(crate) async fn post_site_event(
    Body(site_event): Body<SiteEvent>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let SiteEvent { mut event, browser } = site_event;
    accept_events::name_visitor(&mut event, browser.as_ref(), &gateway).await;
    answer(event, &gateway).await
}

/// Takes an interaction of a user
///
/// from a page of any origin. The server gives it its id and its time. If nothing names a tenant, it
/// belongs to `default`.
#[utoipa::path(
    post, path = "/events", tag = "events", operation_id = "postInteraction",
    params(parameters::Tenant, parameters::Strict, parameters::Upload),
    request_body(content(
        (bodies::Interaction = "application/json", examples(
            ("view" = (value = json!({
                "user_id": "u-1", "event_type": "view",
                "payload": {"url": "https://acme.example/pricing", "title": "Pricing"},
            }))),
            ("click" = (value = json!({
                "user_id": "u-1", "event_type": "click", "payload": {"element_id": "buy"},
            }))),
            ("location" = (value = json!({
                "user_id": "u-1", "event_type": "location",
                "payload": {"latitude": 48.2082, "longitude": 16.3738, "accuracy": 12.5},
            }))),
        )),
        (bodies::InteractionText = "text/plain", example = json!(
            r#"{"user_id": "u-1", "event_type": "click", "payload": {"element_id": "buy"}}"#
        )),
    )),
    responses(
        (status = 202, description = "The interaction is durable.", body = EventAccepted<'static>,
            example = json!({"status": "accepted", "event_id": "6f1d7c2a-90b3-4e5f-8a7b-6c5d4e3f2a1b"})),
        InteractionProblems,
    ),
)]
pub(crate) async fn post_interaction(
    Body(Interaction(event)): Body<Interaction>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    answer(event, &gateway).await
}

async fn answer(event: NewEvent, gateway: &Gateway) -> Result<HttpResponse, Problem> {
    let id = event.id.clone();
    let event_id = Some(id.to_string());
    let excluded = accept(vec![event], gateway)
        .await
        .map_err(|problem| problem.with(Extensions { event_id, ..Extensions::default() }))?;
    let reason = excluded.into_iter().flatten().next().map(Exclusion::as_str);
    let accepted = EventAccepted {
        status: Status::Accepted,
        event_id: id.as_str(),
        counted: reason.map(|_| false),
        reason,
    };
    Ok(HttpResponse::Accepted().json(accepted))
}
