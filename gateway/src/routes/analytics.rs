//! `GET /analytics/…`: the number of events, of one type or of each.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use common::rollup;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::extractors::interaction::TYPES;
use crate::extractors::period::Asked;
use crate::extractors::{query, tenant};
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::Problem;
use crate::state::Gateway;

/// How many types are summed at the same time.
const AT_ONCE: usize = 16;

/// The number of events.
#[derive(Serialize, ToSchema)]
struct EventCount {
    #[schema(minimum = 0)]
    total_events: i64,
}

/// The number of events by type; types without events are left out.
#[derive(Serialize, ToSchema)]
struct EventCounts(BTreeMap<String, i64>);

responses! {
    /// The problems of these routes.
    Problems: tenant::CODES, ON_READ;
}

/// Counts events
///
/// of a type, or all of them.
#[utoipa::path(
    get, path = "/analytics/event-counts", tag = "events", operation_id = "countEvents",
    params(
        parameters::TenantOfRead,
        ("event_type" = Option<forms::EventType>, Query, description = "The type. Default: all types."),
        parameters::Period,
    ),
    responses(
        (status = 200, description = "The count.", body = EventCount,
            example = json!({"total_events": 1})),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn event_counts(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::of_read(&request)?;
    let event_type = event_type(&request)?;
    let period = Asked::read(&request, gateway.sites.zone(&tenant).await)?.of_hours()?;
    let total = rollup::events(&*gateway.store, &tenant, event_type.as_deref(), period).await?;
    Ok(HttpResponse::Ok().json(EventCount { total_events: total }))
}

/// Counts events by type
///
/// including types that are not interactions.
#[utoipa::path(
    get, path = "/analytics/event-counts-by-type", tag = "events",
    operation_id = "countEventsByType",
    params(parameters::TenantOfRead, parameters::Period),
    responses(
        (status = 200, description = "The counts.", body = EventCounts,
            example = json!({"view": 123, "click": 45})),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn event_counts_by_type(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::of_read(&request)?;
    let period = Asked::read(&request, gateway.sites.zone(&tenant).await)?.of_hours()?;
    let store = &*gateway.store;
    let types = rollup::event_types(store, &tenant).await?;
    let count = async |event_type: String| {
        let count = rollup::events(store, &tenant, Some(&event_type), period).await?;
        Ok::<_, Problem>((event_type, count))
    };
    let counts: Vec<(String, i64)> =
        stream::iter(types).map(count).buffered(AT_ONCE).try_collect().await?;
    let counted = counts.into_iter().filter(|(_, count)| *count > 0);
    Ok(HttpResponse::Ok().json(EventCounts(counted.collect())))
}

/// The type of interaction to count; `None` counts all events.
fn event_type(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let event_type = query::parameter(request, "event_type")?;
    match event_type {
        Some(unknown) if !TYPES.contains(&unknown.as_str()) => {
            Err(query::invalid("event_type", "must be view, click or location"))
        }
        known => Ok(known),
    }
}
