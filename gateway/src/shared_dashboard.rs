//! Dashboards that are shared: whoever has the token of a site may read its statistics, and nothing else.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::AUTHORIZATION;

use crate::bearer::has_token;
use crate::extractors::tenant;
use crate::state::Gateway;

/// What a shared dashboard shows: sums, and no single record.
const STATISTICS: [&str; 9] = [
    "/stats",
    "/stats/breakdown",
    "/stats/filtered",
    "/stats/live",
    "/stats/series",
    "/stats/today",
    "/stats/visits",
    "/analytics/event-counts",
    "/analytics/event-counts-by-type",
];

/// Whether the request reads statistics of a site, and has the site's token.
pub(crate) async fn may_read(request: &ServiceRequest, gateway: &Gateway) -> bool {
    let headers = request.headers();
    if !STATISTICS.contains(&request.path()) || !headers.contains_key(AUTHORIZATION) {
        return false;
    }
    let Ok(tenant) = tenant::site(request.request()) else { return false };
    let settings = gateway.sites.prepare(&tenant).await;
    settings.dashboard_token.as_deref().is_some_and(|token| has_token(headers, token))
}
