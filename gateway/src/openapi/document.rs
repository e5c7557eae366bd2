//! The OpenAPI document: every operation, and what the edge adds to all of them.

use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, PathItem};

use super::{bodies, files, forms, headers, log_clients, parameters, responses};
use crate::problem::{Details, ProblemCode};
use crate::routes::{
    analytics, breakdown, event, events, export, health, ingest, live, log_batches, logs, metrics,
    processed_logs, quarantine, root, site_settings, stats, tenant, tenants,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Spillway",
        description = "A multi-tenant backend for logs and web analytics.\n\nA record that was \
            answered 202 is durable: it is stored once, or in its tenant's quarantine with the \
            reason. Every path that supports GET supports HEAD. Unknown JSON fields are ignored; \
            null means missing. A read refuses query parameters that it does not know; a POST \
            ignores them."
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
        events::list,
        events::get,
        stats::get,
        stats::series,
        breakdown::get,
        live::get,
        analytics::event_counts,
        analytics::event_counts_by_type,
        site_settings::get,
        site_settings::put,
        quarantine::list,
        tenants::list,
        tenant::delete,
        export::get,
        root::root,
        root::robots,
        root::favicon,
        health::health,
        health::ready,
        metrics::get,
    ),
    components(schemas(
        ProblemCode, Details<'static>, bodies::TextEnvelope, bodies::TextItem, bodies::TextItems,
        bodies::TextLog, bodies::TextValue, forms::Day, forms::Dedup, forms::EventType,
        forms::Instant, forms::LogFormat, forms::LogText,
        forms::SiteDimension, forms::Compare,
    )),
    tags(
        (name = "texts", description = "Text logs: redacted and stored."),
        (name = "access logs", description = "Requests, counted by window."),
        (name = "events", description = "Events of a site's visitors, counted."),
        (name = "quarantine", description = "Messages that cannot be processed."),
        (name = "clients", description = "The protocols of clients that people already have: see \
            docs/CLIENTS.md."),
        (name = "service", description = "The state of the service."),
        (name = "pages", description = "Files for browsers; `PAGES` turns them off."),
    ),
)]
struct Api;

/// The document as it is committed.
pub fn document() -> String {
    let mut api = Api::openapi();
    log_clients::describe(&mut api.paths);
    files::describe(&mut api.paths);
    api.paths.paths.iter_mut().for_each(|(path, item)| pass_edge(path, item));
    share(api.components.get_or_insert_default());
    let json = serde_json::to_string_pretty(&api);
    json.map(|json| json + "\n").unwrap_or_default()
}

/// Adds what the edge reads from every request and writes to every answer.
fn pass_edge(path: &str, item: &mut PathItem) {
    let from_browsers = matches!(path, "/event" | "/events");
    let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
    for operation in operations.into_iter().flatten() {
        for (status, response) in responses::of_codes(&[ProblemCode::Forbidden]) {
            operation.responses.responses.entry(status).or_insert(response);
        }
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

/// Adds the components that operations refer to.
fn share(components: &mut Components) {
    components.examples = responses::examples();
    components.headers = headers::all();
    components.parameters = parameters::shared();
    for (name, about) in [
        ("readToken", "Reads need it if `READ_TOKEN` is set; `ADMIN_TOKEN` serves as well."),
        (
            "adminToken",
            "`ADMIN_TOKEN`. If it is not set, a client on the machine of a gateway that \
            listens on a loopback address needs none, and others are refused.",
        ),
    ] {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about));
        components.add_security_scheme(name, SecurityScheme::Http(bearer.build()));
    }
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
    use crate::doors::sites;
    use crate::route_table::{browser_routes, routes};

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
    async fn every_route_but_the_doors_is_described_and_nothing_else_is() {
        let (doors, routed): (BTreeSet<_>, BTreeSet<_>) =
            routed().await.into_iter().partition(|(_, path)| sites::PATHS.contains(&path.as_str()));
        let paths: BTreeSet<_> = doors.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, BTreeSet::from(sites::PATHS));
        let (heads, routed): (BTreeSet<_>, BTreeSet<_>) =
            routed.into_iter().partition(|(method, _)| method == "HEAD");
        assert_eq!(described(), routed);
        // Every path that supports GET supports HEAD; the document says so once.
        let paths = |routes: &BTreeSet<Route>, method: &str| -> BTreeSet<String> {
            routes.iter().filter(|(of, _)| of == method).map(|(_, path)| path.clone()).collect()
        };
        assert_eq!(paths(&heads, "HEAD"), paths(&routed, "GET"));
    }

    /// The parameters of each read in the query.
    fn described_queries() -> Vec<(String, BTreeSet<String>)> {
        let document = json();
        let paths = document["paths"].as_object().expect("paths").clone();
        let query = |item: &Value| {
            let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
            let names = parameters.iter().filter(|parameter| parameter["in"] == "query");
            names.filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned())).collect()
        };
        let reads = paths.iter().map(|(path, item)| (path.clone(), query(item)));
        reads.filter(|(_, names): &(_, BTreeSet<_>)| !names.is_empty()).collect()
    }

    #[actix_web::test]
    async fn a_read_knows_the_parameters_that_are_described_and_no_others() {
        let app = init_service(App::new().configure(routes)).await;
        let reads = described_queries();
        assert!(reads.len() > 8, "{reads:?}");
        for (path, described) in reads {
            let place = path.replace(['{', '}'], "");
            let request = TestRequest::get().uri(&format!("{place}?zzzz=1")).to_request();
            let refused: Value =
                actix_web::test::read_body_json(call_service(&app, request).await).await;
            assert_eq!(refused["code"], "invalid-query", "{path}");
            let detail = refused["detail"].as_str().expect("a text");
            let (_, known) = detail.split_once("the parameters of this path are ").expect("a list");
            let known: BTreeSet<_> = known.split(", ").map(str::to_owned).collect();
            assert_eq!(known, described, "{path}");
        }
    }

    #[test]
    fn every_code_is_answered_by_some_operation() {
        let document = json();
        let answers = document["paths"].to_string();
        for code in ProblemCode::ALL {
            let example = format!("#/components/examples/{}", code.as_str());
            assert!(answers.contains(&example), "no operation answers {code:?}");
        }
    }

    #[test]
    fn the_committed_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let committed = std::fs::read_to_string(path).expect("docs/openapi.json");
        let document = document();
        let lines = committed.lines().zip(document.lines());
        let difference = lines.enumerate().find(|(_, (old, new))| old != new);
        assert!(
            committed == document,
            "docs/openapi.json does not match the handlers: {difference:?}. Regenerate it:\n\
             cargo run -p gateway --example openapi > openapi.json && \
             mv openapi.json docs/"
        );
    }
}
