//! `GET /stats/visits`: how long the visitors of a site stay, and how many see one page and leave.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use common::rollup::{self, Period};
use common::tenant::TenantId;
use common::time_zone::TimeZone;
use common::visits::{self, Derived, Visits};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::ON_READ;
use super::stats::{check_days, rfc3339};
use crate::extractors::period::{Asked, Bound};
use crate::extractors::{comparison, tenant};
use crate::openapi::responses::responses;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;
use crate::visit_days::SiteDay;

/// How long an answer waits for visits that must be derived first. It holds the place of a read meanwhile.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many days of a request are derived at once.
const AT_ONCE: usize = 2;

/// The visits of a site.
#[derive(Serialize, ToSchema)]
struct SiteVisits<'a> {
    #[schema(value_type = forms::TenantId)]
    site_id: &'a str,
    /// The start of the period; null if it is open.
    #[schema(value_type = Option<forms::Instant>)]
    from: Option<String>,
    /// The end of the period, excluded; null if it is open.
    #[schema(value_type = Option<forms::Instant>)]
    to: Option<String>,
    #[serde(flatten)]
    figures: VisitFigures,
    /// The figures of the period before, if they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    previous: Option<VisitFigures>,
}

/// The figures of visits.
#[derive(Serialize, ToSchema)]
struct VisitFigures {
    /// Sequences of views of one visitor within a day, at most 30 minutes apart.
    #[schema(minimum = 0)]
    visits: i64,
    /// Visits of one view.
    #[schema(minimum = 0)]
    bounces: i64,
    /// The part of visits that have one view, to three decimals; null without visits.
    #[schema(minimum = 0, maximum = 1)]
    bounce_rate: Option<f64>,
    /// The seconds from the first view of a visit to its last one, on average, to three decimals; null
    /// without visits.
    #[schema(minimum = 0)]
    average_seconds: Option<f64>,
    /// The views of a visit, on average, to three decimals; null without visits.
    #[schema(minimum = 1)]
    views_per_visit: Option<f64>,
    /// Days with views that are left out, because their events had expired before anybody asked.
    #[schema(minimum = 0)]
    missing_days: usize,
}

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, ON_READ, [ProblemCode::MissingTenant];
}

/// Visits of a site
///
/// over whole days, or of all time: how many, how many of one view, and how long they last. They are
/// derived from events when somebody asks first; what takes long is answered 503, and is there a moment
/// later.
#[utoipa::path(
    get, path = "/stats/visits", tag = "events", operation_id = "getVisits",
    params(
        parameters::TenantOfRead, parameters::Period,
        ("compare" = Option<forms::Compare>, Query,
            description = "`previous` adds the figures of the period of the same length before."),
    ),
    responses(
        (status = 200, description = "The figures.", body = SiteVisits<'static>, example = json!({
            "site_id": "acme", "from": "2025-05-01T00:00:00Z", "to": "2025-05-08T00:00:00Z",
            "visits": 8, "bounces": 2, "bounce_rate": 0.25, "average_seconds": 91.5,
            "views_per_visit": 2.375, "missing_days": 0,
            "previous": {
                "visits": 0, "bounces": 0, "bounce_rate": null, "average_seconds": null,
                "views_per_visit": null, "missing_days": 0,
            },
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
    let zone = gateway.sites.zone(&tenant).await;
    let asked = Asked::read(&request, zone)?;
    let period = asked.of_days()?;
    let previous = comparison::previous(&request, period)?;
    let site = Site { gateway: &gateway, tenant: &tenant, zone, until: Instant::now() + PATIENCE };
    let figures = site.figures(period).await?;
    let previous = match previous {
        Some(period) => Some(site.figures(period).await?),
        None => None,
    };
    let end = |bound: Option<Bound>| bound.map(|bound| rfc3339(bound.written));
    let (from, to) = (end(asked.from), end(asked.to));
    let answer = SiteVisits { site_id: tenant.as_str(), from, to, figures, previous };
    Ok(HttpResponse::Ok().json(answer))
}

/// The site that is read, and until when its reader waits.
struct Site<'a> {
    gateway: &'a Gateway,
    tenant: &'a TenantId,
    zone: TimeZone,
    until: Instant,
}

impl Site<'_> {
    async fn figures(&self, period: Period) -> Result<VisitFigures, Problem> {
        let days = self.days(period).await?;
        let known: Vec<_> = days.iter().map(|derived| derived.visits).collect();
        let missing_days = known.iter().filter(|visits| visits.is_none()).count();
        Ok(VisitFigures::new(known.into_iter().flatten().sum(), missing_days))
    }

    /// What is derived of each day that has views; derives what is missing.
    async fn days(&self, period: Period) -> Result<Vec<Derived>, Problem> {
        let store = &*self.gateway.store;
        // All time is one window of its own, which says nothing about days.
        let period = if period == Period::All { Period::Days(None, None) } else { period };
        let views = rollup::views_by_day(store, self.tenant, period).await?;
        check_days(views.len())?;
        let (Some(first), Some(last)) = (views.keys().next(), views.keys().last()) else {
            return Ok(Vec::new());
        };
        let stored = visits::stored(store, self.tenant, (*first, *last)).await?;
        let now = Utc::now();
        let day = |(day, views): (&NaiveDate, &i64)| {
            let known = stored.get(day).copied();
            (*day, known.filter(|known| self.is_good(known, *day, *views, now)))
        };
        let days: Vec<_> = views.iter().map(day).collect();
        self.derived(&days).await
    }

    /// Whether what is stored of a day can be answered.
    fn is_good(&self, known: &Derived, day: NaiveDate, views: i64, now: DateTime<Utc>) -> bool {
        let is_over = day.succ_opt().is_some_and(|next| self.zone.midnight(next) <= now);
        known.is_exact(views) || (!is_over && known.is_near(views))
    }

    /// Derives the days that have nothing good, a few at once, until time is over.
    async fn derived(
        &self,
        days: &[(NaiveDate, Option<Derived>)],
    ) -> Result<Vec<Derived>, Problem> {
        let derive = async |(day, good): &(NaiveDate, Option<Derived>)| match good {
            Some(derived) => Ok(*derived),
            None => self.derive(*day).await,
        };
        stream::iter(days).map(derive).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn derive(&self, day: NaiveDate) -> Result<Derived, Problem> {
        let site_day = SiteDay { tenant: self.tenant.clone(), day, zone: self.zone };
        let running = self.gateway.visit_days.derive(site_day);
        match timeout_at(self.until, running).await {
            Ok(Some(derived)) => Ok(derived),
            Ok(None) => Err(Problem::unavailable(format!(
                "The visits of {day} could not be derived. Try again."
            ))),
            Err(_) => Err(Problem::unavailable(format!(
                "The visits of {day} are being derived. Try again: what is done is kept."
            ))),
        }
    }
}

impl VisitFigures {
    fn new(of_all: Visits, missing_days: usize) -> Self {
        let Visits { visits, bounces, views, microseconds } = of_all;
        let per_visit = |sum: f64| (visits > 0).then(|| rounded(sum / visits as f64));
        Self {
            visits,
            bounces,
            bounce_rate: per_visit(bounces as f64),
            average_seconds: per_visit(microseconds as f64 / 1e6),
            views_per_visit: per_visit(views as f64),
            missing_days,
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
