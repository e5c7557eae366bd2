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
        stats::series,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::introspection::{IntrospectionNode, IntrospectionTree};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::web::{self, Data};
    use actix_web::{App, HttpRequest, HttpResponse};
    use serde_json::Value;

    use super::*;
    use crate::app::{browser_routes, routes};

    type Route = (String, String);

    fn json() -> Value {
        serde_json::from_str(&document()).expect("JSON")
    }

    fn described() -> BTreeSet<Route> {
        let document = json();
        let paths = document["paths"].as_object().expect("paths").iter();
        let methods = paths.flat_map(|(path, item)| {
            let methods = item.as_object().expect("an item").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        });
        methods.collect()
    }

    /// The routes that the router itself reports.
    async fn routed() -> BTreeSet<Route> {
        let report = |request: HttpRequest| async move {
            let tree = request.app_data::<Data<IntrospectionTree>>().expect("a report");
            let mut found = BTreeSet::new();
            collect(&tree.root, &mut found);
            HttpResponse::Ok().json(found)
        };
        let pages = "on".parse().expect("a setting");
        let app = App::new().route("/report", web::get().to(report)).configure(routes);
        let app = init_service(app.configure(|config| browser_routes(config, &pages))).await;
        let answer = call_service(&app, TestRequest::get().uri("/report").to_request()).await;
        let mut routes: BTreeSet<Route> = actix_web::test::read_body_json(answer).await;
        assert!(routes.remove(&("GET".to_owned(), "/report".to_owned())));
        routes
    }

    fn collect(node: &IntrospectionNode, found: &mut BTreeSet<Route>) {
        let methods = node.methods.iter().map(ToString::to_string);
        found.extend(methods.map(|method| (method, node.full_path.clone())));
        node.children.iter().for_each(|child| collect(child, found));
    }

    #[actix_web::test]
    async fn every_route_is_described_and_nothing_else_is() {
        let (heads, routed): (BTreeSet<_>, BTreeSet<_>) =
            routed().await.into_iter().partition(|(method, _)| method == "HEAD");
        assert_eq!(described(), routed);
        // What takes GET takes HEAD, which the document says once for all.
        let paths = |routes: &BTreeSet<Route>, method: &str| -> BTreeSet<String> {
            routes.iter().filter(|(of, _)| of == method).map(|(_, path)| path.clone()).collect()
        };
        assert_eq!(paths(&heads, "HEAD"), paths(&routed, "GET"));
    }

    #[test]
    fn every_code_is_one_that_some_operation_answers() {
        let document = json();
        let answers = document["paths"].to_string();
        for code in Code::ALL {
            let example = format!("#/components/examples/{}", code.as_str());
            assert!(answers.contains(&example), "{code:?} is answered by no operation");
        }
    }

    #[test]
    fn the_committed_document_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let committed = std::fs::read_to_string(path).expect("docs/openapi.json");
        let document = document();
        let lines = committed.lines().zip(document.lines());
        let difference = lines.enumerate().find(|(_, (old, new))| old != new);
        assert!(
            committed == document,
            "docs/openapi.json is not what the handlers say: {difference:?}. Write it anew:\n\
             cargo run -p gateway --no-default-features --example openapi > openapi.json && \
             mv openapi.json docs/"
        );
    }
}
