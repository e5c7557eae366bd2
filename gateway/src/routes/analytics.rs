//! `GET /analytics/…`: how many events there were, of one type or of each.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use common::rollup;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::app::Gateway;
use crate::extractors::interaction::TYPES;
use crate::extractors::tenant::TenantNames;
use crate::extractors::{date, query, tenant};
use crate::openapi::problems::problems;
use crate::openapi::{forms, parameters};
use crate::problem::{Code, FieldError, Problem};

/// Whose events are meant where no tenant is named.
const DEFAULT_TENANT: &str = "default";
/// Types that are summed at the same time.
const AT_ONCE: usize = 16;

/// How many events there were.
#[derive(Serialize, ToSchema)]
struct EventCount {
    #[schema(minimum = 0)]
    total_events: i64,
}

/// How many events there were, by type: each that has any.
#[derive(Serialize, ToSchema)]
struct EventCounts(BTreeMap<String, i64>);

problems! {
    /// What can go wrong here.
    Problems: tenant::PROBLEMS, ON_READ;
}

/// Counts events
///
/// of a type, or all of them.
#[utoipa::path(
    get, path = "/analytics/event-counts", tag = "events", operation_id = "countEvents",
    params(
        parameters::Tenant,
        ("event_type" = Option<forms::EventType>, Query, description = "The type; all where missing."),
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
    let names = TenantNames::of(&request, &["X-Tenant-ID"])?;
    let tenant = names.or(DEFAULT_TENANT).map_err(Problem::invalid)?;
    let event_type = event_type(&request)?;
    let period = date::period(&request)?;
    let total = rollup::events(&*gateway.store, &tenant, event_type.as_deref(), period).await?;
    Ok(HttpResponse::Ok().json(EventCount { total_events: total }))
}

/// Counts events by type
///
/// also of types beyond those of interactions.
#[utoipa::path(
    get, path = "/analytics/event-counts-by-type", tag = "events",
    operation_id = "countEventsByType",
    params(parameters::Tenant, parameters::Period),
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
    let names = TenantNames::of(&request, &["X-Tenant-ID"])?;
    let tenant = names.or(DEFAULT_TENANT).map_err(Problem::invalid)?;
    let period = date::period(&request)?;
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

/// One of the types of interactions; all events, where none is named.
fn event_type(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let event_type = query::parameter(request, "event_type")?;
    match event_type {
        Some(unknown) if !TYPES.contains(&unknown.as_str()) => {
            let reason = "must be view, click or location";
            Err(Problem::invalid(vec![FieldError::new(Code::InvalidQuery, "event_type", reason)]))
        }
        known => Ok(known),
    }
}
