//! The route table: every path, its method, its handler, and the query parameters that a read knows.

use std::time::Duration;

use actix_cors::Cors;
use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig, delete, get, head, post, put};
use actix_web::{Error, FromRequest, Handler, HttpRequest, Resource, Responder, guard};
use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, ready};
use tokio::time::timeout;

use crate::admin;
use crate::compress::compressed;
use crate::counters::RouteSeries;
use crate::doors::analytics::{
    cloud_events, goatcounter, matomo, plausible, posthog, segment, snowplow, umami,
};
use crate::doors::elasticsearch::{self, handshake};
use crate::doors::splunk::collector;
use crate::doors::{journald, loki, otlp, records};
use crate::edge::{not_found, only};
use crate::extractors::query::{self, Names, PAGE, PERIOD, TENANT};
use crate::extractors::removal_part;
use crate::problem::Problem;
use crate::routes::{
    analytics, breakdown, event, events, export, filtered, health, ingest, live, log_batches, logs,
    metrics, processed_logs, quarantine, root, site_settings, stats, tenant, tenants, today,
    visits,
};
use crate::served_pages::{self, Pages};
use crate::state::Gateway;

/// How long a read waits for its turn.
const WAIT_FOR_TURN: Duration = Duration::from_secs(5);

/// The API. A path with a variable part is compared by a regular expression, so what is sent most often comes
/// before those.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(write("/ingest", ingest::post))
        .service(event_route())
        .service(write("/events", event::post_interaction))
        .service(write("/logs", logs::post))
        .configure(door_routes)
        .configure(log_clients)
        .service(query("/logs/stats", &[TENANT, PERIOD, &["grain", "limit"]], logs::stats))
        .service(query("/stats", &[TENANT, PERIOD, &["limit"]], stats::get))
        .service(query(
            "/stats/breakdown",
            &[TENANT, PERIOD, &["dimension", "filter", "compare", "limit"]],
            breakdown::get,
        ))
        .service(query("/stats/filtered", &[TENANT, PERIOD, &["filter", "limit"]], filtered::get))
        .service(query("/stats/live", &[TENANT], live::get))
        .service(query("/stats/series", &[TENANT, PERIOD, &["grain"]], stats::series))
        .service(query("/stats/today", &[TENANT], today::get))
        .service(query("/stats/visits", &[TENANT, PERIOD, &["compare"]], visits::get))
        .service(query(
            "/analytics/event-counts",
            &[TENANT, PERIOD, &["event_type"]],
            analytics::event_counts,
        ))
        .service(query(
            "/analytics/event-counts-by-type",
            &[TENANT, PERIOD],
            analytics::event_counts_by_type,
        ))
        .service(query("/tenants", &[&["limit"]], tenants::list))
        .configure(operator_routes)
        .service(query("/tenants/{tenant}/processed_logs", &[TENANT, PAGE], processed_logs::list))
        .service(query("/tenants/{tenant}/processed_logs/{log_id}", &[TENANT], processed_logs::get))
        .service(query("/tenants/{tenant}/log_batches/{batch_id}", &[TENANT], log_batches::get))
        .service(query(
            "/tenants/{tenant}/events",
            &[TENANT, PERIOD, PAGE, &["type"]],
            events::list,
        ))
        .service(query("/tenants/{tenant}/events/{event_id}", &[TENANT], events::get))
        .service(query("/tenants/{tenant}/quarantine", &[TENANT, PAGE], quarantine::list))
        .service(read("/", root::root))
        .service(read("/robots.txt", root::robots))
        .service(read("/favicon.ico", root::favicon))
        .service(read("/health", health::health))
        .service(read("/ready", health::ready))
        .service(query("/metrics", &[], metrics::get));
    config.default_service(web::to(not_found));
}

/// What only the operator may do with a tenant.
fn operator_routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/tenants/{tenant}")
                .app_data(RouteSeries::begin("/tenants/{tenant}", Method::DELETE, StatusCode::OK))
                .route(delete().to(tenant::delete))
                .default_service(web::to(only("DELETE")))
                .wrap(from_fn(by_operator(&[TENANT, PERIOD, removal_part::NAMES]))),
        )
        .service(
            read("/tenants/{tenant}/export", export::get)
                .wrap(from_fn(by_operator(&[TENANT, &["page_token"]]))),
        )
        .service(
            read("/tenants/{tenant}/settings", site_settings::get)
                .route(put().to(site_settings::put))
                .default_service(web::to(only("GET, HEAD, PUT")))
                .wrap(from_fn(by_operator(&[TENANT]))),
        );
}

/// The doors for clients of other web analytics.
fn door_routes(config: &mut ServiceConfig) {
    const TP2: &str = "/com.snowplowanalytics.snowplow/tp2";
    config
        .service(door("/api/event", &BY_POST, StatusCode::ACCEPTED, plausible::post))
        .service(door("/api/send", &BY_POST, StatusCode::OK, umami::send))
        .service(door("/api/batch", &BY_POST, StatusCode::OK, umami::batch))
        .service(door("/matomo.php", &BY_ANY, StatusCode::OK, matomo::take))
        .service(door("/piwik.php", &BY_ANY, StatusCode::OK, matomo::take))
        .service(door(TP2, &BY_POST, StatusCode::OK, snowplow::post))
        .service(door("/i", &BY_GET, StatusCode::OK, snowplow::get));
    for path in ["/count", "/count/{tenant}"] {
        config.service(door(path, &BY_ANY, StatusCode::OK, goatcounter::pixel));
    }
    for path in ["/api/v0/count", "/api/v0/count/{tenant}"] {
        config.service(door(path, &BY_POST, StatusCode::ACCEPTED, goatcounter::api));
    }
    for path in segment::PATHS {
        config.service(door(path, &BY_POST, StatusCode::OK, segment::post));
    }
    posthog_routes(config);
}

/// PostHog's paths, and what its browser library asks for before it sends.
fn posthog_routes(config: &mut ServiceConfig) {
    const SCRIPT: &str = "/array/{token}/config.js";
    for path in ["/batch", "/capture", "/track", "/e", "/i/v0/e"] {
        config.service(door(path, &BY_POST, StatusCode::OK, posthog::post));
    }
    for path in ["/flags", "/decide"] {
        config.service(door(path, &BY_ANY, StatusCode::OK, posthog::flags));
    }
    config
        .service(door("/array/{token}/config", &BY_GET, StatusCode::OK, posthog::remote_config))
        .service(door(SCRIPT, &BY_GET, StatusCode::OK, posthog::remote_config_script));
}

/// The doors for log clients.
fn log_clients(config: &mut ServiceConfig) {
    config
        .service(door("/v1/logs", &BY_POST, StatusCode::OK, otlp::logs::post))
        .service(door("/loki/api/v1/push", &BY_POST, StatusCode::NO_CONTENT, loki::push::post))
        .service(bulk("/elasticsearch/_bulk"))
        .service(bulk("/elasticsearch/{index}/_bulk"))
        .service(bulk("/_bulk"))
        .service(bulk("/{index}/_bulk"))
        .service(read("/elasticsearch", handshake::version))
        .service(read("/elasticsearch/_license", handshake::license))
        .service(read("/elasticsearch/_xpack", handshake::xpack))
        .service(read("/elasticsearch/_cluster/health", handshake::cluster_health))
        .service(collect("/services/collector", collector::post_events))
        .service(collect("/services/collector/event", collector::post_events))
        .service(collect("/services/collector/event/1.0", collector::post_events))
        .service(collect("/services/collector/raw", collector::post_raw))
        .service(collect("/services/collector/raw/1.0", collector::post_raw))
        .service(read("/services/collector/health", collector::health))
        .service(read("/services/collector/health/1.0", collector::health))
        .service(door("/records", &BY_POST, StatusCode::OK, records::post))
        .service(write("/upload", journald::upload::post))
        .service(write("/tenants/{tenant}/upload", journald::upload::post));
}

/// A path of Elasticsearch's bulk API.
fn bulk(path: &'static str) -> impl HttpServiceFactory {
    web::resource(path)
        .app_data(RouteSeries::begin(path, Method::POST, StatusCode::OK))
        .route(post().to(elasticsearch::bulk::post))
        .route(put().to(elasticsearch::bulk::post))
        .default_service(web::to(only("POST, PUT")))
}

/// A path of Splunk's event collector.
fn collect<H, Args>(path: &'static str, handler: H) -> impl HttpServiceFactory
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    web::resource(path)
        .app_data(RouteSeries::begin(path, Method::POST, StatusCode::OK))
        .route(post().to(handler))
        .default_service(web::to(collector::other_method))
}

/// The files for browsers.
pub(crate) fn browser_routes(config: &mut ServiceConfig, pages: &Pages) {
    for asset in served_pages::served(pages) {
        let answer = async move |request: HttpRequest| asset.answer(&request);
        config.service(read(asset.path, answer));
    }
}

/// A path that supports POST, also from the pages of any site.
fn write<H, Args>(path: &'static str, handler: H) -> impl HttpServiceFactory
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    posted(path).route(post().to(handler)).wrap(cors(&BY_POST))
}

/// `/event`, which also takes CloudEvents.
fn event_route() -> impl HttpServiceFactory {
    let of_cloud = guard::fn_guard(|context| cloud_events::is_one(context.head()));
    let resource = posted("/event").route(post().guard(of_cloud).to(cloud_events::post));
    resource.route(post().to(event::post_site_event)).wrap(cors(&BY_POST))
}

fn posted(path: &'static str) -> Resource {
    let series = RouteSeries::begin(path, Method::POST, StatusCode::ACCEPTED);
    web::resource(path).app_data(series).default_service(web::to(only("POST")))
}

/// A path of another protocol, with its methods and its usual answer. HEAD is refused, because it
/// would count a visit as GET does.
fn door<H, Args>(
    path: &'static str,
    methods: &'static Methods,
    usual: StatusCode,
    handler: H,
) -> impl HttpServiceFactory
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let series = RouteSeries::begin(path, methods.all[0].clone(), usual);
    let resource = web::resource(path).app_data(series);
    let resource = resource.default_service(web::to(only(methods.names)));
    let route = |resource: Resource, method: &Method| {
        resource.route(web::method(method.clone()).to(handler.clone()))
    };
    methods.all.iter().fold(resource, route).wrap(cors(methods))
}

/// The methods of a path.
struct Methods {
    all: &'static [Method],
    names: &'static str,
}

static BY_POST: Methods = Methods { all: &[Method::POST], names: "POST" };
static BY_GET: Methods = Methods { all: &[Method::GET], names: "GET" };
static BY_ANY: Methods = Methods { all: &[Method::POST, Method::GET], names: "GET, POST" };

/// The pages of any site may send. A beacon always sends the cookies that the browser has, so
/// credentials are allowed; nothing here reads them.
fn cors(methods: &Methods) -> Cors {
    Cors::default()
        .allow_any_origin()
        .supports_credentials()
        .allowed_methods(methods.all.iter().cloned())
        .allow_any_header()
        .expose_headers(["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"])
        .max_age(86_400)
}

/// A read of data: a path that supports GET and HEAD, with the parameters in `known` and no others.
fn query<H, Args>(
    path: &'static str,
    known: &'static [Names],
    handler: H,
) -> impl HttpServiceFactory
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let check = move |request: ServiceRequest, next: Next<BoxBody>| async move {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match query::check(request.query_string(), known) {
            Err(problem) if is_read => Ok(request.error_response(problem)),
            // What has no parameters reads nothing from the store.
            _ if known.is_empty() => Ok(compressed(next.call(request).await?).await),
            _ => in_turn(request, next).await,
        }
    };
    read(path, handler).wrap(from_fn(check))
}

/// Lets the operator through, and nobody else; and only with the parameters in `known`, also where
/// something is changed: it would be something else than was meant.
fn by_operator(
    known: &'static [Names],
) -> impl Fn(ServiceRequest, Next<BoxBody>) -> LocalBoxFuture<'static, Answered> + Clone {
    let check = move |request: &ServiceRequest| {
        query::check(request.query_string(), known)?;
        let gateway = request.app_data::<Data<Gateway>>();
        let gateway = gateway.ok_or_else(|| Problem::internal("the application has no state"))?;
        admin::check(request.request(), gateway)
    };
    move |request, next| match check(&request) {
        Ok(()) => next.call(request).boxed_local(),
        Err(problem) => ready(Ok(request.error_response(problem))).boxed_local(),
    }
}

type Answered = Result<ServiceResponse<BoxBody>, Error>;

/// Waits until few enough others read.
async fn in_turn(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(gateway) = request.app_data::<Data<Gateway>>().cloned() else {
        return next.call(request).await;
    };
    match timeout(WAIT_FOR_TURN, gateway.reading.acquire()).await {
        Ok(_turn) => Ok(compressed(next.call(request).await?).await),
        Err(_) => Ok(request.error_response(Problem::busy())),
    }
}

/// A path that supports GET and HEAD.
fn read<H, Args>(path: &'static str, handler: H) -> Resource
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    web::resource(path)
        .app_data(RouteSeries::begin(path, Method::GET, StatusCode::OK))
        .route(get().to(handler.clone()))
        .route(head().to(handler))
        .default_service(web::to(only("GET, HEAD")))
}
