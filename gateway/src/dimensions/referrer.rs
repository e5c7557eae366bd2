//! The page before: on the same site, on another one, or none.

use std::borrow::Cow;

use common::host::{authority_of, comparable, host_of, scheme_of};
use common::page::{bare_path, looks_like_host};

use super::source::{known, source, without_www};

/// The schemes of pages that can lead to a site, and of apps.
const LEADING: [&str; 3] = ["http", "https", "android-app"];

/// What an event says about the page before.
pub(super) enum Referrer {
    /// Nothing.
    Unknown,
    /// There was none, or it is nobody's page.
    None,
    /// It is a page of the same site.
    Own,
    /// It is a page of another site: its host and its path.
    Other(String, String),
}

impl Referrer {
    /// Reads the address of the page before, of a page under the site's `own` authority.
    pub(super) fn of(referrer: Option<&str>, own: Option<&str>) -> Self {
        let Some(referrer) = referrer.map(str::trim) else { return Self::Unknown };
        let page = whole(referrer);
        if is_within(referrer) || is_own(&page, own) {
            return Self::Own;
        }
        match host_of(&page).filter(|host| leads(&page) && !is_local(host)) {
            Some(host) => Self::Other(host, bare_path(&page).to_owned()),
            None => Self::None,
        }
    }

    /// Who sent the visitor.
    pub(super) fn source(&self) -> Option<String> {
        match self {
            Self::Other(host, _) => Some(source(host)),
            _ => None,
        }
    }

    /// The page without its scheme and its query.
    pub(super) fn page(&self) -> Option<String> {
        match self {
            Self::Other(host, path) if path == "/" => Some(host.clone()),
            Self::Other(host, path) => Some(format!("{host}{path}")),
            _ => None,
        }
    }
}

/// The source that a page's address names in `ref`. An address or a known name is treated like a
/// referrer; any other name is the source itself. A page of the same site is not a source.
pub(super) fn named_source(name: &str, own: Option<&str>) -> Option<String> {
    let page = whole(name);
    if is_own(&page, own) {
        return None;
    }
    match host_of(&page) {
        Some(host) => Some(source(&host)),
        None if name.contains("//") => None,
        None => Some(known(name).unwrap_or(name).to_owned()),
    }
}

/// The address of a page; scheme, or all before the host, may be left out.
fn whole(page: &str) -> Cow<'_, str> {
    let host = page.split(['/', '?', '#']).next().unwrap_or_default();
    if page.starts_with("//") {
        format!("https:{page}").into()
    } else if looks_like_host(host) {
        format!("https://{page}").into()
    } else {
        page.into()
    }
}

/// Whether an address is relative to the page, and so on the same site.
fn is_within(page: &str) -> bool {
    page.starts_with(['/', '?', '#']) && !page.starts_with("//")
}

fn is_own(page: &str, own: Option<&str>) -> bool {
    let [own, page] = [own, authority_of(page)].map(|authority| authority.and_then(comparable));
    own.zip(page).is_some_and(|(own, page)| without_www(&own) == without_www(&page))
}

fn leads(page: &str) -> bool {
    let scheme = scheme_of(page).unwrap_or_default();
    LEADING.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}
