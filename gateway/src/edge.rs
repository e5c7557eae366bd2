//! The edge: what every request passes on its way in and every answer on its way out.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, LOCATION, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};
use common::metrics::REFUSED;
use common::record::RecordId;
use common::trace;

use crate::bearer::has_token;
use crate::counters::{self, RouteSeries};
use crate::doors::analytics;
use crate::doors::own_form::OwnForm;
use crate::problem::{Problem, ProblemCode};
use crate::read_origins;
use crate::request_log::{self, LogRequests};
use crate::served_pages;
use crate::settings::GatewaySettings;
use crate::shared_dashboard;
use crate::slow_answer::sending;
use crate::state::Gateway;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The reads that need no token, besides files: they say nothing about a tenant.
const OPEN: [&str; 11] = [
    "/",
    "/health",
    "/ready",
    "/robots.txt",
    "/favicon.ico",
    "/elasticsearch",
    "/elasticsearch/_license",
    "/elasticsearch/_xpack",
    "/elasticsearch/_cluster/health",
    "/services/collector/health",
    "/services/collector/health/1.0",
];
/// The longest request id that is echoed, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// Gives the request an id, checks who may read, writes errors as problems, counts, and logs. Log
/// lines within it carry its trace.
pub(crate) async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let header =
        |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let trace = trace::of_headers(header("traceparent"), header("x-cloud-trace-context"));
    trace::within(trace, pass(request, next)).await
}

async fn pass(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let began = Instant::now();
    let request_id = request_id(request.headers());
    let gateway = request.app_data::<Data<Gateway>>().cloned();
    let response = match before_the_route(&mut request).await {
        Ok(None) => next.call(request).await?.map_into_boxed_body(),
        Ok(Some(redirect)) => request.into_response(redirect),
        Err(problem) => request.error_response(problem),
    };
    let response = with_room(response, gateway.as_ref());
    let (mut response, code) = as_problem(response, &request_id);
    name(response.headers_mut(), &request_id);
    if let Some(gateway) = &gateway {
        read_origins::allow(&gateway.settings.read_origins, &mut response);
    }
    let took = began.elapsed();
    let route = count(&response, took);
    let which = gateway.map_or(LogRequests::Off, |gateway| gateway.settings.log_requests());
    request_log::write(which, &response, &route, took, (&request_id, code));
    Ok(response)
}

/// Removes the slash at the end of the path, so that the request reaches the same route as it would
/// without one. A file's links may be relative to its path, so a browser must ask for the file
/// again: returns the answer that says so.
fn trim_slash(request: &mut ServiceRequest) -> Option<HttpResponse> {
    let path = request.path().strip_suffix('/').filter(|path| !path.is_empty())?;
    if path.ends_with('/') {
        return None;
    }
    let query = request.query_string();
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    if served_pages::is_file(path) {
        return Some(HttpResponse::PermanentRedirect().insert_header((LOCATION, target)).finish());
    }
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    let uri = Uri::from_parts(parts).ok()?;
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    None
}

/// The route for every unknown path.
pub(crate) async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::new(ProblemCode::NotFound, "There is nothing at this path."))
}

/// The route for every method that a path does not support.
pub(crate) fn only(allow: &'static str) -> impl Fn(HttpRequest) -> Ready<NotAllowed> + Clone {
    move |_| ready(Err(Problem::method_not_allowed(allow)))
}

type NotAllowed = Result<HttpResponse, Problem>;

fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |id: &&str| {
        (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_plain);
    given.map_or_else(|| RecordId::random().to_string(), str::to_owned)
}

/// Checks the request's `Host` and its token. Returns an answer that needs no route.
async fn before_the_route(request: &mut ServiceRequest) -> Result<Option<HttpResponse>, Problem> {
    let gateway = request.app_data::<Data<Gateway>>().cloned();
    if let Some(gateway) = &gateway {
        gateway.hosts.check(request.headers())?;
    }
    if let Some(redirect) = trim_slash(request) {
        return Ok(Some(redirect));
    }
    let Some(gateway) = gateway else { return Ok(None) };
    if let Some(answer) = read_origins::preflight(&gateway.settings.read_origins, request) {
        return Ok(Some(answer));
    }
    if may_read(request, &gateway.settings) || shared_dashboard::may_read(request, &gateway).await {
        return Ok(None);
    }
    Err(Problem::unauthorized())
}

/// If a read token is set, every read needs it, except health checks and files for browsers. Whoever may
/// change everything may read everything too. What comes to a door by GET is no read.
fn may_read(request: &ServiceRequest, settings: &GatewaySettings) -> bool {
    let is_open = !matches!(*request.method(), Method::GET | Method::HEAD)
        || OPEN.contains(&request.path())
        || served_pages::is_file(request.path())
        || analytics::is_at(request.path());
    let Some(token) = settings.read_token().filter(|_| !is_open) else { return true };
    let mut tokens = [Some(token), settings.admin_token()].into_iter().flatten();
    tokens.any(|token| has_token(request.headers(), token))
}

/// Turns an error of a handler, an extractor or the router into a problem with the request's id.
fn as_problem(
    response: ServiceResponse,
    request_id: &str,
) -> (ServiceResponse, Option<ProblemCode>) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return (response, None);
    }
    let in_own_form = response.response().extensions().get::<OwnForm>().map(|own| own.0);
    if let Some(code) = in_own_form {
        REFUSED.with_label_values(&[code.as_str()]).inc();
        return (response, Some(code));
    }
    let error = response.response().error();
    let own = error.and_then(|error| error.as_error::<Problem>());
    let code = own.map_or_else(|| foreign(status).code(), Problem::code);
    REFUSED.with_label_values(&[code.as_str()]).inc();
    let mut answer = match own {
        Some(problem) => problem.response(request_id),
        None => foreign(status).response(request_id),
    };
    keep_cors(response.headers(), answer.headers_mut());
    (response.into_response(answer), Some(code))
}

/// A browser lets a page read an error only if the answer allows it.
fn keep_cors(from: &HeaderMap, to: &mut HeaderMap) {
    let is_cors = |name: &HeaderName| name.as_str().starts_with("access-control-") || name == VARY;
    for (name, value) in from.iter().filter(|(name, _)| is_cors(name)) {
        to.append(name.clone(), value.clone());
    }
}

/// The problem for an error of the framework.
fn foreign(status: StatusCode) -> Problem {
    let reason = status.canonical_reason().unwrap_or("The request failed");
    match status {
        StatusCode::NOT_FOUND => Problem::new(ProblemCode::NotFound, reason),
        StatusCode::REQUEST_TIMEOUT => Problem::new(ProblemCode::SlowBody, reason),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ProblemCode::TooLarge, reason),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(ProblemCode::UnsupportedMediaType, reason)
        }
        status if status.is_client_error() => Problem::new(ProblemCode::InvalidBody, reason),
        _ => Problem::new(ProblemCode::Internal, "The gateway failed to handle the request."),
    }
}

fn name(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Files say how long they may be kept; whatever else is read may be private.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Counts the answer, and returns the pattern of the path, as the route table has it.
fn count(response: &ServiceResponse, took: Duration) -> Cow<'static, str> {
    let (request, status) = (response.request(), response.status());
    if let Some(series) = request.app_data::<RouteSeries>() {
        series.count(request.method(), status, took);
        return Cow::Borrowed(series.route());
    }
    let route = request.match_pattern().map_or(Cow::Borrowed(counters::UNMATCHED), Cow::Owned);
    counters::count(&route, request.method(), status, took);
    route
}

/// A large answer takes room in memory until the client has it. Without room, the answer is a problem.
fn with_room(response: ServiceResponse, gateway: Option<&Data<Gateway>>) -> ServiceResponse {
    let Some(gateway) = gateway else { return response };
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let response = match sending(body, &gateway.answers) {
        Ok(body) => response.set_body(body),
        Err(error) => HttpResponse::from_error(Problem::from(error)),
    };
    ServiceResponse::new(request, response)
}
