//! What a visitor of the address finds: `GET /`, `/robots.txt` and `/favicon.ico`.

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, LOCATION, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::doors::elasticsearch::handshake;
use crate::openapi::responses::responses;
use crate::problem::ProblemCode;
use crate::served_pages::Page;
use crate::state::Gateway;

const ICON: &str = include_str!("../../assets/icon.svg");
/// No search engine should follow links into statistics.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";
/// What the server is, in words.
const ABOUT: &str = "Spillway takes logs and events over HTTP, and counts them.";

/// What this server is.
#[derive(Serialize, ToSchema)]
struct About {
    name: &'static str,
    version: &'static str,
    about: &'static str,
    /// The paths of pages and of the state of the service.
    links: Vec<&'static str>,
}

responses! {
    /// The problems of these routes.
    Problems: [ProblemCode::MethodNotAllowed, ProblemCode::Internal];
}

/// Says what this server is
///
/// as text, or as JSON if the client accepts only that. A browser is sent to the dashboard.
#[utoipa::path(
    get, path = "/", tag = "service", operation_id = "getAbout",
    responses(
        (status = 200, description = "What the server is.", content(
            (About = "application/json", example = json!({
                "name": "spillway", "version": "0.1.0",
                "about": "Spillway takes logs and events over HTTP, and counts them.",
                "links": ["/dashboard", "/docs", "/openapi.json", "/health"],
            })),
            (String = "text/plain; charset=utf-8", example = json!("spillway 0.1.0\n")),
        )),
        (status = 302, description = "The dashboard, for a browser."),
        Problems,
    ),
)]
pub(crate) async fn root(request: HttpRequest, gateway: Data<Gateway>) -> HttpResponse {
    if handshake::is_asked(&request) {
        return handshake::version(request).await;
    }
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let accepts = |kind: &str| accepts.is_some_and(|list| list.contains(kind));
    let pages = &gateway.settings.pages;
    let about = About::new(|page| pages.serve(page));
    let vary = (VARY, "accept");
    if accepts("text/html") && pages.serve(Page::Dashboard) {
        let location = (LOCATION, "/dashboard");
        return HttpResponse::Found().insert_header(location).insert_header(vary).finish();
    }
    if accepts("application/json") {
        return HttpResponse::Ok().insert_header(vary).json(about);
    }
    let text = (actix_web::http::header::CONTENT_TYPE, "text/plain; charset=utf-8");
    HttpResponse::Ok().insert_header(text).insert_header(vary).body(about.text())
}

/// Asks search engines to stay away
pub(crate) async fn robots() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(ROBOTS)
}

/// The icon that browsers ask for
pub(crate) async fn favicon() -> HttpResponse {
    let day = (CACHE_CONTROL, "public, max-age=86400");
    HttpResponse::Ok().content_type("image/svg+xml").insert_header(day).body(ICON)
}

impl About {
    fn new(serves: impl Fn(Page) -> bool) -> Self {
        let pages = [
            (Page::Dashboard, "/dashboard"),
            (Page::Demo, "/demo"),
            (Page::Docs, "/docs"),
            (Page::Docs, "/openapi.json"),
            (Page::Tracker, "/s.js"),
        ];
        let pages = pages.into_iter().filter(|(page, _)| serves(*page)).map(|(_, path)| path);
        Self {
            name: "spillway",
            version: env!("CARGO_PKG_VERSION"),
            about: ABOUT,
            links: pages.chain(["/health", "/ready", "/metrics"]).collect(),
        }
    }

    fn text(&self) -> String {
        let Self { name, version, about, links } = self;
        format!("{name} {version}\n{about}\n\n{}\n", links.join("\n"))
    }
}
