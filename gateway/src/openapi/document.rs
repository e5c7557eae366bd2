//! The OpenAPI document: every operation, and what the edge adds to all of them.

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, PathItem, RefOr};

use super::{bodies, forms, headers, log_clients, parameters, responses};
use crate::problem::{Details, ProblemCode};
use crate::routes::{
    analytics, breakdown, event, events, export, filtered, health, ingest, live, log_batches, logs,
    metrics, processed_logs, quarantine, root, site_settings, stats, tenant, tenants, today,
    visits,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Spillway",
        description = "A multi-tenant backend for logs and web analytics.\n\nA record answered \
            with 202 is durable: it ends up stored once, or in its tenant's quarantine with the \
            reason. Every path that supports GET supports HEAD. Unknown JSON fields are ignored; \
            null means missing. A read refuses query parameters that it does not know; a POST \
            ignores them. Answers are JSON, and errors are problems (RFC 9457). Codes, limits and \
            examples are in docs/API.md."
    ),
    servers((url = "/", description = "The gateway that serves this document.")),
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
        visits::get,
        filtered::get,
        live::get,
        today::get,
        analytics::event_counts,
        analytics::event_counts_by_type,
        site_settings::get,
        site_settings::put,
        quarantine::list,
        tenants::list,
        tenant::delete,
        export::get,
        root::root,
        health::health,
        health::ready,
        metrics::get,
    ),
    components(schemas(
        ProblemCode, Details<'static>, bodies::TextEnvelope, bodies::TextItem, bodies::TextItems,
        bodies::TextLog, bodies::TextValue, forms::Day, forms::Dedup, forms::EventType,
        forms::Instant, forms::LogFormat, forms::LogText, forms::Moment,
        forms::SiteDimension, forms::Compare,
    )),
    tags(
        (name = "texts", description = "Text logs: redacted and stored."),
        (name = "access logs", description = "Requests, counted by window."),
        (name = "events", description = "Events of a site's visitors, counted."),
        (name = "quarantine", description = "Messages that cannot be processed."),
        (name = "clients", description = "The protocols of existing clients: see docs/CLIENTS.md."),
        (name = "service", description = "The state of the service."),
    ),
)]
struct Api;

/// The document as it is committed.
pub fn document() -> String {
    let mut api = Api::openapi();
    log_clients::describe(&mut api.paths);
    api.paths.paths.iter_mut().for_each(|(path, item)| pass_edge(path, item));
    share(api.components.get_or_insert_default());
    let json = serde_json::to_string_pretty(&api);
    json.map(|json| json + "\n").unwrap_or_default()
}

/// Adds what the edge reads from every request and writes to every answer.
fn pass_edge(path: &str, item: &mut PathItem) {
    let from_browsers = matches!(path, "/event" | "/events");
    if let Some(read) = &mut item.get {
        add_headers_of_a_read(path, read);
    }
    let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
    for operation in operations.into_iter().flatten() {
        // Without it, a generated client would not know whether the operation is open.
        operation.security.get_or_insert_default();
        operation.parameters.get_or_insert_default().iter_mut().for_each(show);
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

/// Adds what answers with data have, which may be large.
fn add_headers_of_a_read(path: &str, read: &mut Operation) {
    let token = SecurityRequirement::new("readToken", [] as [&str; 0]);
    let is_of_data = read.security.iter().flatten().any(|one| *one == token);
    let Some(RefOr::T(answer)) = read.responses.responses.get_mut("200") else { return };
    let is_paged = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == "page_token");
    let mut names = Vec::new();
    if is_of_data || path.ends_with("/export") {
        names.extend(headers::OF_READS);
    }
    if is_of_data && read.parameters.iter().flatten().any(is_paged) {
        names.extend(headers::OF_PAGES);
    }
    answer.headers.extend(names.iter().map(|name| headers::named(name)));
}

/// Gives the parameter its example.
fn show(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter {
        let example = parameters::example(&parameter.name);
        *parameter = ParameterBuilder::from(parameter.clone()).example(example).build();
    }
}

fn add_headers(operation: &mut Operation, names: &[&'static str]) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.headers.extend(names.iter().map(|name| headers::named(name)));
        }
    }
}

/// Adds the components that operations refer to.
fn share(components: &mut Components) {
    components.examples = responses::examples();
    components.headers = headers::all();
    components.parameters = parameters::shared();
    bodies::tell_texts_from_batches(components);
    for (name, about) in [
        ("readToken", "Reads need it if `READ_TOKEN` is set; `ADMIN_TOKEN` works too."),
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
    use crate::doors::analytics;
    use crate::route_table::routes;

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

    /// What is there for browsers and search engines alone, beside the pages and their files.
    const FOR_BROWSERS: [&str; 2] = ["/robots.txt", "/favicon.ico"];

    /// The routes of the API that the router itself reports.
    async fn routed() -> BTreeSet<Route> {
        let report = |request: HttpRequest| async move {
            let tree = request.app_data::<Data<IntrospectionTree>>().expect("a report");
            let mut found = BTreeSet::new();
            collect(&tree.root, &mut found);
            HttpResponse::Ok().json(found)
        };
        let app = App::new().route("/report", web::get().to(report)).configure(routes);
        let app = init_service(app).await;
        let answer = call_service(&app, TestRequest::get().uri("/report").to_request()).await;
        let mut routes: BTreeSet<Route> = actix_web::test::read_body_json(answer).await;
        assert!(routes.remove(&("GET".to_owned(), "/report".to_owned())));
        routes.retain(|(_, path)| !FOR_BROWSERS.contains(&path.as_str()));
        routes
    }

    fn collect(node: &IntrospectionNode, found: &mut BTreeSet<Route>) {
        let methods = node.methods.iter().map(ToString::to_string);
        found.extend(methods.map(|method| (method, node.full_path.clone())));
        node.children.iter().for_each(|child| collect(child, found));
    }

    #[actix_web::test]
    async fn every_route_but_the_doors_is_described_and_nothing_else_is() {
        let (doors, routed): (BTreeSet<_>, BTreeSet<_>) = routed()
            .await
            .into_iter()
            .partition(|(_, path)| analytics::paths().any(|door| door == path));
        let paths: BTreeSet<_> = doors.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, analytics::paths().collect());
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
            let list = ["of this path are ", "of this path is "];
            let list = list.iter().find_map(|words| detail.split_once(words));
            let (_, known) = list.expect("a list");
            let known: BTreeSet<_> = known.split(", ").map(str::to_owned).collect();
            assert_eq!(known, described, "{path}");
        }
    }

    /// Each operation, with its method and path.
    fn operations() -> Vec<(String, Value)> {
        let document = json();
        let paths = document["paths"].as_object().expect("paths").iter();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().expect("an item").iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
        });
        operations.collect()
    }

    #[test]
    fn every_operation_says_what_a_generated_client_must_know() {
        let document = json();
        let parameter = |parameter: &Value| match parameter["$ref"].as_str() {
            Some(place) => document.pointer(&place[1..]).expect("a parameter").clone(),
            None => parameter.clone(),
        };
        for (name, operation) in operations() {
            assert!(operation["security"].is_array(), "{name}: who may send it");
            assert!(operation["description"].is_string(), "{name}: a description");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for parameter in parameters.iter().map(parameter) {
                assert!(!parameter["example"].is_null(), "{name}: an example of {parameter}");
            }
            for (status, answer) in operation["responses"].as_object().expect("answers") {
                let headers = answer["headers"].as_object().expect("headers");
                for header in headers::ALWAYS {
                    assert!(headers.contains_key(header), "{name} {status}: {header}");
                }
                let problem = &answer["content"]["application/problem+json"]["schema"];
                let is_shared =
                    *problem == serde_json::json!({"$ref": "#/components/schemas/Problem"});
                assert!(problem.is_null() || is_shared, "{name} {status}: {problem}");
            }
        }
    }

    #[test]
    fn an_open_operation_needs_no_token_and_a_read_may_need_one() {
        let security = |wanted: &str| {
            let found = operations().into_iter().find(|(name, _)| name == wanted);
            found.expect("an operation").1["security"].clone()
        };
        for open in ["post /ingest", "post /event", "get /health", "get /elasticsearch"] {
            assert_eq!(security(open), serde_json::json!([]), "{open}");
        }
        assert_eq!(security("get /stats"), serde_json::json!([{"readToken": []}, {}]));
        let operator = serde_json::json!([{"adminToken": []}, {}]);
        assert_eq!(security("put /tenants/{tenant}/settings"), operator);
    }

    #[test]
    fn an_interaction_is_one_of_three_flat_objects() {
        let document = json();
        let schemas = &document["components"]["schemas"];
        let interaction = &schemas["Interaction"];
        assert_eq!(interaction["discriminator"]["propertyName"], "event_type");
        let mapping = interaction["discriminator"]["mapping"].as_object().expect("a mapping");
        let refs: Vec<_> = interaction["oneOf"].as_array().expect("kinds").iter().collect();
        assert_eq!(mapping.len(), refs.len());
        for (kind, place) in mapping {
            assert!(refs.iter().any(|it| it["$ref"] == *place), "{place}");
            let schema =
                document.pointer(&place.as_str().expect("a place")[1..]).expect("a schema");
            assert_eq!(schema["type"], "object", "{kind}");
            assert_eq!(schema["properties"]["event_type"]["enum"], serde_json::json!([kind]));
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
