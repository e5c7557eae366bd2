//! `GET /stats/breakdown`: views and visitors of a site by one of their properties.

use std::collections::HashMap;

use actix_web::http::header::ACCEPT;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use common::filtered::{Filter, Rows};
use common::rollup::{self, Figures, Period};
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use super::stats::{days, rfc3339};
use crate::csv_rows;
use crate::extractors::breakdown::Breakdown;
use crate::extractors::period::Bound;
use crate::extractors::{filter, tenant};
use crate::filtered_events::Site;
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// Views and visitors by a dimension.
#[derive(Serialize, ToSchema)]
struct SiteBreakdown<'a> {
    #[schema(value_type = forms::TenantId)]
    site_id: &'a str,
    #[schema(value_type = forms::SiteDimension)]
    dimension: &'static str,
    /// The start of the period; null if it is open.
    #[schema(value_type = Option<forms::Instant>)]
    from: Option<String>,
    /// The end of the period, excluded; null if it is open.
    #[schema(value_type = Option<forms::Instant>)]
    to: Option<String>,
    /// The values with most views first; ties by value. `(other)` stands for all values of a day
    /// beyond those that are counted by name.
    rows: Vec<Row>,
    /// With a filter on another dimension: how many events of the period were counted and have expired
    /// since, so that they are in no figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    missing_events: Option<i64>,
}

/// The figures of a value.
#[derive(Serialize, ToSchema)]
struct Row {
    value: String,
    #[serde(flatten)]
    figures: RowFigures,
    /// The figures of the period before, if they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    previous: Option<RowFigures>,
}

/// Views and visitors.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct RowFigures {
    /// Views; for the dimension `event`, events.
    #[schema(minimum = 0)]
    views: i64,
    /// Distinct users. A browser without a `user_id` counts as another user each day.
    #[schema(minimum = 0)]
    visitors: i64,
}

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, ON_READ, [ProblemCode::MissingTenant];
}

/// Views and visitors of a site by one of their properties
///
/// over whole days, or of all time. The answer is CSV if `Accept` asks for `text/csv`.
#[utoipa::path(
    get, path = "/stats/breakdown", tag = "events", operation_id = "getBreakdown",
    params(
        parameters::TenantOfRead, parameters::Period,
        ("dimension" = forms::SiteDimension, Query, description = "The property."),
        ("filter" = Option<String>, Query,
            description = "One value, such as `source:Google`, of this dimension, of another one, or of `path`."),
        ("compare" = Option<forms::Compare>, Query,
            description = "`previous` adds the figures of the period of the same length before."),
        ("limit" = Option<u32>, Query, description = "The most rows. Default: 10.",
            minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "The figures.", content(
            (SiteBreakdown<'static> = "application/json", example = json!({
                "site_id": "acme", "dimension": "source",
                "from": "2025-05-01T00:00:00Z", "to": "2025-05-08T00:00:00Z",
                "rows": [
                    {"value": "Google", "views": 12, "visitors": 9,
                        "previous": {"views": 10, "visitors": 10}},
                    {"value": "news.example", "views": 3, "visitors": 3,
                        "previous": {"views": 0, "visitors": 0}},
                ],
            })),
            (String = "text/csv", example = json!("value,views,visitors\r\nGoogle,12,9\r\n")),
        )),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::site(&request)?;
    let settings = gateway.sites.prepare(&tenant).await;
    let zone = settings.zone();
    let mut breakdown = Breakdown::read(&request, zone)?;
    let rules = settings.page_rules(gateway.settings.page_rules(&tenant));
    breakdown.filter = breakdown.filter.map(|filter| filter::counted(filter, rules));
    let site = Site { store: &*gateway.store, tenant: &tenant, zone };
    let (rows, missing_events) = match &breakdown.filter {
        None => (site.counted(&breakdown).await?, None),
        Some(filter) => site.selected(&breakdown, filter).await?,
    };
    if csv_rows::wants(request.headers().get_all(ACCEPT)) {
        return Ok(csv(&rows, breakdown.previous.is_some()));
    }
    let end = |bound: Option<Bound>| bound.map(|bound| rfc3339(bound.written));
    Ok(HttpResponse::Ok().json(SiteBreakdown {
        site_id: tenant.as_str(),
        dimension: breakdown.dimension.as_str(),
        from: end(breakdown.asked.from),
        to: end(breakdown.asked.to),
        rows,
        missing_events,
    }))
}

impl Site<'_> {
    /// The rows from the counts of the dimension.
    async fn counted(self, breakdown: &Breakdown) -> Result<Vec<Row>, Problem> {
        let Self { store, tenant, .. } = self;
        let Breakdown { dimension, period, only, limit, .. } = breakdown;
        let of = async |period: Period, values: &[&str]| {
            let days = days(store, tenant, period).await?;
            Ok::<_, Problem>(rollup::figures(store, tenant, *dimension, &days, values).await?)
        };
        let now: Rows = match only {
            Some(value) => {
                let figures = of(*period, &[value]).await?.into_iter();
                let seen = figures.filter(|figures| figures.views > 0);
                seen.map(|figures| (value.clone(), figures)).collect()
            }
            None => {
                let days = days(store, tenant, *period).await?;
                rollup::breakdown(store, tenant, *dimension, &days, *limit).await?
            }
        };
        let Some(period) = breakdown.previous else { return Ok(rows(now, None)) };
        let values: Vec<&str> = now.iter().map(|(value, _)| value.as_str()).collect();
        let previous = of(period, &values).await?;
        Ok(rows(now, Some(previous)))
    }

    /// The rows from the events that the filter selects, and how many events are missing.
    async fn selected(
        self,
        breakdown: &Breakdown,
        filter: &Filter,
    ) -> Result<(Vec<Row>, Option<i64>), Problem> {
        let of = async |period| {
            let mut filtered = self.filtered(period, filter).await?.unwrap_or_default();
            let rows = filtered.breakdowns.remove(&breakdown.dimension).unwrap_or_default();
            Ok::<_, Problem>((rows, filtered.missing))
        };
        let (mut now, missing) = of(breakdown.period).await?;
        now.truncate(breakdown.limit as usize);
        let Some(period) = breakdown.previous else { return Ok((rows(now, None), Some(missing))) };
        let (previous, missing_before) = of(period).await?;
        let previous: HashMap<_, _> = previous.into_iter().collect();
        let figures = |(value, _): &(String, Figures)| previous.get(value).copied();
        let previous = now.iter().map(|row| figures(row).unwrap_or_default()).collect();
        Ok((rows(now, Some(previous)), Some(missing + missing_before)))
    }
}

/// The rows with the figures of the period before, by position, if they are asked for.
fn rows(now: Rows, previous: Option<Vec<Figures>>) -> Vec<Row> {
    let previous = match previous {
        Some(previous) => previous.into_iter().map(|figures| Some(figures.into())).collect(),
        None => vec![None; now.len()],
    };
    let row = |((value, figures), previous): ((String, Figures), Option<RowFigures>)| Row {
        value,
        figures: figures.into(),
        previous,
    };
    now.into_iter().zip(previous).map(row).collect()
}

impl From<Figures> for RowFigures {
    fn from(Figures { views, visitors }: Figures) -> Self {
        Self { views, visitors }
    }
}

fn csv(rows: &[Row], is_compared: bool) -> HttpResponse {
    let mut head = vec!["value", "views", "visitors"];
    if is_compared {
        head.extend(["previous_views", "previous_visitors"]);
    }
    let row = |row: &Row| {
        let figures = std::iter::once(row.figures).chain(row.previous);
        let numbers = figures.flat_map(|figures| [figures.views, figures.visitors]);
        let numbers = numbers.map(|number| number.to_string());
        std::iter::once(row.value.clone()).chain(numbers).collect::<Vec<_>>()
    };
    csv_rows::answer(&head, rows.iter().map(row))
}
