//! The pages and scripts that the gateway serves to browsers, each with what it may do there.

use common::pages::{Page, Pages};

use crate::assets::{Asset, Header, file};

/// Another site may load the script. It is asked for on each of its pages, so it is kept for an
/// hour, and used for a day more while a newer one is fetched.
const FOR_ALL_SITES: &[Header] = &[
    ("cache-control", "public, max-age=3600, stale-while-revalidate=86400"),
    ("cross-origin-resource-policy", "cross-origin"),
];

static TRACKER: [Asset; 1] = [Asset::script("/s.js", file!("tracker/s.js")).with(FOR_ALL_SITES)];

/// The page of the API loads its own files and asks its own server. Swagger UI has its icons as
/// data.
const OF_DOCS: &[Header] = &[(
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)];

static DOCS: [Asset; 6] = [
    Asset::new("/openapi.json", "application/json", OPENAPI),
    Asset::page("/docs", file!("docs/index.html"), OF_DOCS),
    Asset::script("/docs/docs.js", file!("docs/docs.js")),
    Asset::style("/docs/docs.css", file!("docs/docs.css")),
    Asset::script("/docs/swagger-ui-bundle.js", file!("docs/swagger-ui-bundle.js")),
    Asset::style("/docs/swagger-ui.css", file!("docs/swagger-ui.css")),
];

/// The API's description, as `build.rs` compressed it.
const OPENAPI: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// The files of a page.
fn assets(page: Page) -> &'static [Asset] {
    match page {
        Page::Tracker => &TRACKER,
        Page::Docs => &DOCS,
        Page::Demo | Page::Dashboard => &[],
    }
}

/// All files that there are.
pub(crate) fn all() -> impl Iterator<Item = &'static Asset> {
    Page::ALL.into_iter().flat_map(assets)
}

/// All files that are served.
pub(crate) fn served(pages: &Pages) -> impl Iterator<Item = &'static Asset> {
    let on = Page::ALL.into_iter().filter(|page| pages.serve(*page));
    on.flat_map(assets)
}

/// Whether a file lies at `path`. Files hold nothing of any tenant: whoever may not read the API
/// may still load them.
pub(crate) fn is_one(path: &str) -> bool {
    all().any(|asset| asset.path == path)
}
