//! `GET /stats/filtered`: all figures of the events that have one value.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use common::filtered::{Filtered, Rows};
use common::rollup::Figures;
use common::site_dimension::SiteDimension;
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use super::stats::rfc3339;
use crate::extractors::period::{Asked, Bound};
use crate::extractors::{filter, query, tenant};
use crate::filtered_events::Site;
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 1_000;

/// The figures of the events that have one value.
#[derive(Serialize, ToSchema)]
struct SiteFiltered<'a> {
    #[schema(value_type = forms::TenantId)]
    site_id: &'a str,
    /// The start of the period; null if it is open.
    #[schema(value_type = Option<forms::Instant>)]
    from: Option<String>,
    /// The end of the period, excluded; null if it is open.
    #[schema(value_type = Option<forms::Instant>)]
    to: Option<String>,
    /// Page views.
    #[schema(minimum = 0)]
    total_views: i64,
    /// Distinct users. A browser without a `user_id` counts as another user each day.
    #[schema(minimum = 0)]
    unique_users: i64,
    /// The days that have such events. A browser without a `user_id` is another user on each, so their
    /// visitors are not added up.
    days: Vec<DayFigures>,
    /// The most viewed paths; ties by path.
    top_paths: Vec<ValueFigures>,
    /// For each dimension, the values with most views; ties by value. For `event`, events are counted.
    breakdowns: BTreeMap<&'static str, Vec<ValueFigures>>,
    /// If the filter is on `event`: for each property at the top of the payloads, the values that most
    /// events had.
    properties: BTreeMap<String, Vec<ValueFigures>>,
    /// How many events of the period were counted and have expired since, so that they are in no figure.
    #[schema(minimum = 0)]
    missing_events: i64,
}

/// The figures of a day.
#[derive(Serialize, ToSchema)]
struct DayFigures {
    #[schema(value_type = forms::Day)]
    date: NaiveDate,
    #[schema(minimum = 0)]
    views: i64,
    /// Distinct users of the day.
    #[schema(minimum = 0)]
    visitors: i64,
}

/// The figures of a value.
#[derive(Serialize, ToSchema)]
struct ValueFigures {
    value: String,
    /// Views; for the dimension `event` and for properties, events.
    #[schema(minimum = 0)]
    views: i64,
    /// Distinct users of the period. A browser without a `user_id` counts as another user each day.
    #[schema(minimum = 0)]
    visitors: i64,
}

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, ON_READ, [ProblemCode::MissingTenant];
}

/// All figures of the events that have one value
///
/// of a dimension, or are on one page, over whole days, or of all time. They are read from the events
/// themselves, so the period must not have too many.
#[utoipa::path(
    get, path = "/stats/filtered", tag = "events", operation_id = "getFiltered",
    params(
        parameters::TenantOfRead, parameters::Period,
        ("filter" = String, Query, example = "source:Google",
            description = "The value: a dimension or `path`, a colon, and the value."),
        ("limit" = Option<u32>, Query, description = "The most values of each. Default: 10.",
            minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "The figures.", body = SiteFiltered<'static>, example = json!({
            "site_id": "acme", "from": "2025-05-01T00:00:00Z", "to": "2025-05-08T00:00:00Z",
            "total_views": 3, "unique_users": 2,
            "days": [{"date": "2025-05-01", "views": 3, "visitors": 2}],
            "top_paths": [{"value": "/", "views": 3, "visitors": 2}],
            "breakdowns": {
                "browser": [{"value": "Firefox", "views": 3, "visitors": 2}],
                "event": [{"value": "page_view", "views": 3, "visitors": 2}],
            },
            "properties": {}, "missing_events": 0,
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::site(&request)?;
    let filter = filter::required(&request)?;
    let limit = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)? as usize;
    let settings = gateway.sites.prepare(&tenant).await;
    let zone = settings.zone();
    let rules = settings.page_rules(gateway.settings.page_rules(&tenant));
    let filter = filter::counted(filter, rules);
    let asked = Asked::read(&request, zone)?;
    let site = Site { store: &*gateway.store, tenant: &tenant, zone };
    let filtered = site.filtered(asked.of_days()?, &filter).await?.unwrap_or_default();
    let end = |bound: Option<Bound>| bound.map(|bound| rfc3339(bound.written));
    let Filtered { total, days, paths, breakdowns, properties, missing } = filtered;
    let day = |(date, Figures { views, visitors })| DayFigures { date, views, visitors };
    let breakdown =
        |(dimension, rows): (SiteDimension, Rows)| (dimension.as_str(), values(rows, limit));
    Ok(HttpResponse::Ok().json(SiteFiltered {
        site_id: tenant.as_str(),
        from: end(asked.from),
        to: end(asked.to),
        total_views: total.views,
        unique_users: total.visitors,
        days: days.into_iter().map(day).collect(),
        top_paths: values(paths, limit),
        breakdowns: breakdowns.into_iter().map(breakdown).collect(),
        properties: properties
            .into_iter()
            .map(|(name, rows)| (name, values(rows, limit)))
            .collect(),
        missing_events: missing,
    }))
}

fn values(rows: Rows, limit: usize) -> Vec<ValueFigures> {
    let row = |(value, Figures { views, visitors })| ValueFigures { value, views, visitors };
    rows.into_iter().take(limit).map(row).collect()
}
