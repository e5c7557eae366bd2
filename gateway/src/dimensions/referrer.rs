//! The page before: on the same site, on another one, or none.

use common::host::host_of;
use common::page::bare_path;

use super::source::{source, without_www};

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
    /// Reads the address of the page before, of a page on the site's `own` host.
    pub(super) fn of(referrer: Option<&str>, own: Option<&str>) -> Self {
        let Some(referrer) = referrer else { return Self::Unknown };
        match host_of(referrer) {
            None => Self::None,
            Some(host) if own.is_some_and(|own| without_www(own) == without_www(&host)) => {
                Self::Own
            }
            Some(host) => Self::Other(host, bare_path(referrer).to_owned()),
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
