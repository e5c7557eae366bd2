//! The pages and scripts that the gateway serves to browsers, and the setting that turns them off.

use std::str::FromStr;

use thiserror::Error;

use crate::assets::{Asset, Header, file};

/// A page that can be turned off on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The script that reports page views: `/s.js`.
    Tracker,
    /// A page that sends events of its own: `/demo`.
    Demo,
    /// Statistics and logs of a tenant: `/dashboard`.
    Dashboard,
    /// The API's description: `/openapi.json` and `/docs`.
    Docs,
}

impl Page {
    /// All pages.
    pub const ALL: [Self; 4] = [Self::Tracker, Self::Demo, Self::Dashboard, Self::Docs];

    /// The name in the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tracker => "tracker",
            Self::Demo => "demo",
            Self::Dashboard => "dashboard",
            Self::Docs => "docs",
        }
    }
}

/// The pages that are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages(Vec<Page>);

/// The setting names a page that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "there is no page {0:?}; use on, off, or a comma-separated list of tracker, demo, dashboard \
     and docs"
)]
pub struct UnknownPage(String);

impl Pages {
    /// Whether `page` is served.
    pub fn serve(&self, page: Page) -> bool {
        self.0.contains(&page)
    }
}

impl FromStr for Pages {
    type Err = UnknownPage;

    fn from_str(text: &str) -> Result<Self, UnknownPage> {
        match text {
            "on" => Ok(Self(Page::ALL.into())),
            "off" => Ok(Self(Vec::new())),
            list => {
                list.split(',').map(|name| page(name.trim())).collect::<Result<_, _>>().map(Self)
            }
        }
    }
}

fn page(name: &str) -> Result<Page, UnknownPage> {
    let known = Page::ALL.into_iter().find(|page| page.as_str() == name);
    known.ok_or_else(|| UnknownPage(name.to_owned()))
}

/// Other sites may load the script. Each of their pages asks for it, so it is cached for an hour,
/// and used for another day while a newer one is fetched.
const FOR_ALL_SITES: &[Header] = &[
    ("cache-control", "public, max-age=3600, stale-while-revalidate=86400"),
    ("access-control-allow-origin", "*"),
    ("cross-origin-resource-policy", "cross-origin"),
];

/// A policy that lets a page load and read from this origin only.
macro_rules! same_origin {
    ($more:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ",
            "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            $more
        )
    };
}

/// The dashboard shows text from strangers; the browser refuses to turn it into markup.
const TEXT_ONLY: &[Header] = &[
    (
        "content-security-policy",
        same_origin!("; require-trusted-types-for 'script'; trusted-types 'none'"),
    ),
    ("referrer-policy", "no-referrer"),
];

const WITH_WORKER: &[Header] = &[
    ("content-security-policy", same_origin!("; worker-src 'self'")),
    ("referrer-policy", "no-referrer"),
];

/// The service worker serves the page itself, whose path has no trailing slash; it only sends.
const FOR_THE_DEMO: &[Header] = &[
    ("service-worker-allowed", "/demo"),
    ("content-security-policy", "default-src 'none'; connect-src 'self'"),
];

static TRACKER: [Asset; 1] =
    [Asset::script("/s.js", file!("tracker/s.min.js")).with(FOR_ALL_SITES)];

static DEMO: [Asset; 5] = [
    Asset::page("/demo", file!("demo/index.html"), WITH_WORKER),
    Asset::script("/demo/demo.js", file!("demo/demo.js")),
    Asset::script("/demo/service-worker.js", file!("demo/service-worker.js")).with(FOR_THE_DEMO),
    Asset::style("/demo/style.css", file!("style.css")),
    Asset::new("/demo/icon.svg", SVG, file!("icon.svg")),
];

static DASHBOARD: [Asset; 20] = [
    Asset::page("/dashboard", file!("dashboard/index.html"), TEXT_ONLY),
    Asset::script("/dashboard/dashboard.js", file!("dashboard/dashboard.js")),
    Asset::script("/dashboard/sections.js", file!("dashboard/sections.js")),
    Asset::script("/dashboard/api.js", file!("dashboard/api.js")),
    Asset::script("/dashboard/excluded.js", file!("dashboard/excluded.js")),
    Asset::script("/dashboard/filtered.js", file!("dashboard/filtered.js")),
    Asset::script("/dashboard/breakdowns.js", file!("dashboard/breakdowns.js")),
    Asset::script("/dashboard/change.js", file!("dashboard/change.js")),
    Asset::script("/dashboard/chart.js", file!("dashboard/chart.js")),
    Asset::script("/dashboard/site.js", file!("dashboard/site.js")),
    Asset::script("/dashboard/table.js", file!("dashboard/table.js")),
    Asset::script("/dashboard/tenants.js", file!("dashboard/tenants.js")),
    Asset::script("/dashboard/time.js", file!("dashboard/time.js")),
    Asset::script("/dashboard/visitors.js", file!("dashboard/visitors.js")),
    Asset::script("/dashboard/visits.js", file!("dashboard/visits.js")),
    Asset::style("/dashboard/style.css", file!("style.css")),
    Asset::new("/dashboard/icon.svg", SVG, file!("icon.svg")),
    Asset::script("/dashboard/uPlot.iife.min.js", file!("uplot/uPlot.iife.min.js")),
    Asset::style("/dashboard/uPlot.min.css", file!("uplot/uPlot.min.css")),
    Asset::new("/dashboard/uPlot.LICENSE.txt", TEXT, file!("uplot/LICENSE.txt")),
];

const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// The API page loads its own files and calls its own server. Swagger UI embeds its icons as data.
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

/// The OpenAPI document, as `build.rs` compressed it.
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

/// All files.
pub(crate) fn all() -> impl Iterator<Item = &'static Asset> {
    Page::ALL.into_iter().flat_map(assets)
}

/// The files that `pages` turns on.
pub(crate) fn served(pages: &Pages) -> impl Iterator<Item = &'static Asset> {
    let on = Page::ALL.into_iter().filter(|page| pages.serve(*page));
    on.flat_map(assets)
}

/// Whether `path` is a file. Files contain no tenant's data, so they need no read token.
pub(crate) fn is_file(path: &str) -> bool {
    all().any(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(text: &str) -> Option<Vec<Page>> {
        let pages: Pages = text.parse().ok()?;
        Some(Page::ALL.into_iter().filter(|page| pages.serve(*page)).collect())
    }

    #[test]
    fn the_setting_is_on_off_or_a_list() {
        assert_eq!(served("on"), Some(Page::ALL.into()));
        assert_eq!(served("off"), Some(vec![]));
        assert_eq!(served("tracker"), Some(vec![Page::Tracker]));
        assert_eq!(served("docs, tracker"), Some(vec![Page::Tracker, Page::Docs]));
        for unknown in ["", "true", "On", "tracker,", "on,docs", "demo;docs"] {
            assert_eq!(served(unknown), None, "{unknown:?}");
        }
    }

    /// The tracker's version, and the digests of its source and of what is made of it: one tells the
    /// others.
    const TRACKER: (u32, &str, &str) = (
        4,
        "a30cd793c696467b195370560ce73073b1faaaa2d03fe268972df9e7f4925b53",
        "3625bb5f58adf3d406477a40f0db64591b5ff46b3d8a22ed8739e3b900b03562",
    );

    #[test]
    fn a_changed_tracker_has_another_version_and_is_made_small_again() {
        let (source, made) =
            (include_str!("../assets/tracker/s.js"), include_str!("../assets/tracker/s.min.js"));
        let (version, of_source, of_made) = TRACKER;
        assert_eq!(common::hash::sha256(source), of_source, "see assets/tracker/README.md");
        assert_eq!(common::hash::sha256(made), of_made, "see assets/tracker/README.md");
        for text in [source, made] {
            assert!(text.starts_with(&format!("/*! Spillway tracker {version} */\n")));
        }
        assert!(source.contains(&format!("version: {version},")));
    }

    #[test]
    fn the_tracker_takes_at_most_2_kib_on_its_way() {
        let length = include_bytes!(concat!(env!("OUT_DIR"), "/assets/tracker/s.min.js.gz")).len();
        assert!(length <= 2_048, "{length} bytes");
    }

    #[test]
    fn no_script_turns_text_into_markup_or_code() {
        let own = assets(Page::Demo).iter().chain(assets(Page::Dashboard)).chain(&super::TRACKER);
        for asset in own.filter(|asset| !asset.path.contains("uPlot")) {
            let text = asset.text();
            for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                assert!(!text.contains(sink), "{} uses {sink}", asset.path);
            }
        }
    }
}
