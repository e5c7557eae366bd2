//! `GET /analytics/…`: how many events there were, of one type or of each.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use common::rollup;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};

use crate::app::Gateway;
use crate::extractors::interaction::TYPES;
use crate::extractors::tenant::TenantNames;
use crate::extractors::{date, query};
use crate::problem::{Code, FieldError, Problem};

/// Whose events are meant where no tenant is named.
const DEFAULT_TENANT: &str = "default";
/// Types that are summed at the same time.
const AT_ONCE: usize = 16;

pub(crate) async fn event_counts(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let names = TenantNames::of(&request, &["X-Tenant-ID"])?;
    let tenant = names.or(DEFAULT_TENANT).map_err(Problem::invalid)?;
    let event_type = event_type(&request)?;
    let period = date::period(&request)?;
    let total = rollup::events(&*gateway.store, &tenant, event_type.as_deref(), period).await?;
    Ok(HttpResponse::Ok().json(json!({"total_events": total})))
}

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
    let body: Map<String, Value> = counted.map(|(name, count)| (name, count.into())).collect();
    Ok(HttpResponse::Ok().json(body))
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
