//! The API's description (OpenAPI 3.1): generated from the handlers, committed as
//! `docs/openapi.json`, served at `/openapi.json`.

use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, PathItem};

use crate::problem::{Code, Details};
use crate::routes::{
    analytics, event, health, ingest, log_batches, logs, metrics, processed_logs, quarantine, stats,
};

pub(crate) mod bodies;
mod files;
pub(crate) mod forms;
mod headers;
pub(crate) mod parameters;
pub(crate) mod problems;
pub(crate) mod stored;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Spillway",
        description = "A multi-tenant backend for logs and web analytics.\n\nWhat is answered 202 is \
            durable: it is stored once, or in its tenant's quarantine with the reason. Every path \
            that takes GET takes HEAD. Unknown JSON fields and query parameters are ignored; a \
            null is a missing field."
    ),
    paths(
        ingest::post,
        processed_logs::list,
        processed_logs::get,
        logs::post,
        logs::stats,
        log_batches::get,
        event::post_site_event,
        event::post_interaction,
        stats::get,
        analytics::event_counts,
        analytics::event_counts_by_type,
        quarantine::list,
        health::health,
        health::ready,
        metrics::get,
    ),
    components(schemas(Code, Details<'static>, forms::Day, forms::EventType)),
    tags(
        (name = "texts", description = "Text logs: stripped of personal data, stored."),
        (name = "access logs", description = "Requests, counted by window."),
        (name = "events", description = "What visitors of a site do, counted."),
        (name = "quarantine", description = "What could not be processed."),
        (name = "service", description = "How the service does."),
        (name = "pages", description = "Files for browsers; `PAGES` switches them off."),
    ),
)]
struct Api;

/// The document, as it is committed.
pub fn document() -> String {
    let mut api = Api::openapi();
    files::describe(&mut api.paths);
    api.paths.paths.iter_mut().for_each(|(path, item)| pass_edge(path, item));
    share(api.components.get_or_insert_default());
    let json = serde_json::to_string_pretty(&api);
    json.map(|json| json + "\n").unwrap_or_default()
}

/// What the edge takes from every request and adds to every answer.
fn pass_edge(path: &str, item: &mut PathItem) {
    let from_browsers = matches!(path, "/event" | "/events");
    for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
        operation.parameters.get_or_insert_default().push(parameters::request_id());
        add_headers(operation, &headers::ALWAYS);
        if from_browsers {
            add_headers(operation, &headers::TO_BROWSERS);
        }
    }
}

fn add_headers(operation: &mut Operation, names: &[&'static str]) {
    for response in operation.responses.responses.values_mut() {
        if let utoipa::openapi::RefOr::T(response) = response {
            let named = names.iter().map(|name| ((*name).to_owned(), headers::reference(name)));
            response.headers.extend(named);
        }
    }
}

/// What operations refer to.
fn share(components: &mut Components) {
    components.examples = problems::examples();
    components.headers = headers::all();
    components.parameters = parameters::shared();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("Reads need it where `READ_TOKEN` is set."));
    components.add_security_scheme("readToken", SecurityScheme::Http(bearer.build()));
}
