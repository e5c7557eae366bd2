//! The pages and scripts that the gateway serves to browsers, each with what it may do there.

use common::pages::{Page, Pages};

use crate::assets::{Asset, Header, file};

/// Another site may load the script. It is asked for on each of its pages, so it is kept for an
/// hour, and used for a day more while a newer one is fetched.
const FOR_ALL_SITES: &[Header] = &[
    ("cache-control", "public, max-age=3600, stale-while-revalidate=86400"),
    ("access-control-allow-origin", "*"),
    ("cross-origin-resource-policy", "cross-origin"),
];

/// What a page may do: load from here, and read from here.
macro_rules! only_from_here {
    ($more:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ",
            "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            $more
        )
    };
}

/// The dashboard shows what others sent; its browser refuses to make markup of it.
const TEXT_ONLY: &[Header] = &[
    (
        "content-security-policy",
        only_from_here!("; require-trusted-types-for 'script'; trusted-types 'none'"),
    ),
    ("referrer-policy", "no-referrer"),
];

const WITH_WORKER: &[Header] = &[
    ("content-security-policy", only_from_here!("; worker-src 'self'")),
    ("referrer-policy", "no-referrer"),
];

/// The worker is for the page itself, whose path does not end in a slash; it only sends.
const FOR_THE_DEMO: &[Header] = &[
    ("service-worker-allowed", "/demo"),
    ("content-security-policy", "default-src 'none'; connect-src 'self'"),
];

static TRACKER: [Asset; 1] = [Asset::script("/s.js", file!("tracker/s.js")).with(FOR_ALL_SITES)];

static DEMO: [Asset; 5] = [
    Asset::page("/demo", file!("demo/index.html"), WITH_WORKER),
    Asset::script("/demo/demo.js", file!("demo/demo.js")),
    Asset::script("/demo/service-worker.js", file!("demo/service-worker.js")).with(FOR_THE_DEMO),
    Asset::style("/demo/style.css", file!("style.css")),
    Asset::new("/demo/icon.svg", SVG, file!("icon.svg")),
];

static DASHBOARD: [Asset; 12] = [
    Asset::page("/dashboard", file!("dashboard/index.html"), TEXT_ONLY),
    Asset::script("/dashboard/dashboard.js", file!("dashboard/dashboard.js")),
    Asset::script("/dashboard/sections.js", file!("dashboard/sections.js")),
    Asset::script("/dashboard/api.js", file!("dashboard/api.js")),
    Asset::script("/dashboard/chart.js", file!("dashboard/chart.js")),
    Asset::script("/dashboard/table.js", file!("dashboard/table.js")),
    Asset::script("/dashboard/time.js", file!("dashboard/time.js")),
    Asset::style("/dashboard/style.css", file!("style.css")),
    Asset::new("/dashboard/icon.svg", SVG, file!("icon.svg")),
    Asset::script("/dashboard/uPlot.iife.min.js", file!("uplot/uPlot.iife.min.js")),
    Asset::style("/dashboard/uPlot.min.css", file!("uplot/uPlot.min.css")),
    Asset::new("/dashboard/uPlot.LICENSE.txt", TEXT, file!("uplot/LICENSE.txt")),
];

const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// The page of the API loads its own files and asks its own server. Swagger UI has its icons as
/// data.
const OF_DOCS: &[Header] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
];

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
        Page::Demo => &DEMO,
        Page::Dashboard => &DASHBOARD,
        Page::Docs => &DOCS,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The tracker's version, and the digest of its text: a site owner who sees the one knows the
    /// other.
    const TRACKER_IS: (u32, &str) =
        (1, "6b319b1433e17397d2996d52dee467acee996af881659a6678e8b2a5b673d821");

    #[test]
    fn a_changed_tracker_has_another_version() {
        let text = include_str!("../assets/tracker/s.js");
        let (version, digest) = TRACKER_IS;
        assert_eq!(common::hash::sha256(text), digest, "count the version up, here and there");
        assert!(text.starts_with(&format!("/*! Spillway tracker {version} */\n")));
        assert!(text.contains(&format!("window.spillway.version = {version};")));
    }

    #[test]
    fn no_script_makes_markup_or_code_of_a_text() {
        let own = assets(Page::Demo).iter().chain(assets(Page::Dashboard)).chain(&TRACKER);
        for asset in own.filter(|asset| !asset.path.contains("uPlot")) {
            let text = asset.text();
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(way), "{} has {way}", asset.path);
            }
        }
    }
}
