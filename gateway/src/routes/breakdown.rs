//! `GET /stats/breakdown`: views and visitors of a site by one of their properties.

use actix_web::http::header::ACCEPT;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use common::rollup::{self, Figures, Period};
use common::store::DocumentStore;
use common::tenant::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use super::stats::{days, rfc3339};
use crate::csv_rows;
use crate::extractors::breakdown::Breakdown;
use crate::extractors::period::Bound;
use crate::extractors::tenant;
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
            description = "One value of the dimension, such as `source:Google`."),
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
    let breakdown = Breakdown::read(&request, gateway.sites.zone(&tenant).await)?;
    let rows = rows(&*gateway.store, &tenant, &breakdown).await?;
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
    }))
}

async fn rows(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    breakdown: &Breakdown,
) -> Result<Vec<Row>, Problem> {
    let Breakdown { dimension, period, only, limit, .. } = breakdown;
    let of = async |period: Period, values: &[&str]| {
        let days = days(store, tenant, period).await?;
        Ok::<_, Problem>(rollup::figures(store, tenant, *dimension, &days, values).await?)
    };
    let now = match only {
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
    let previous = match breakdown.previous {
        Some(period) => {
            let values: Vec<&str> = now.iter().map(|(value, _)| value.as_str()).collect();
            of(period, &values).await?.into_iter().map(|figures| Some(figures.into())).collect()
        }
        None => vec![None; now.len()],
    };
    let row = |((value, figures), previous): ((String, Figures), Option<RowFigures>)| Row {
        value,
        figures: figures.into(),
        previous,
    };
    Ok(now.into_iter().zip(previous).map(row).collect())
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
