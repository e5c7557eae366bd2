//! Which pages for browsers a gateway serves.

use std::str::FromStr;

use thiserror::Error;

/// Something for browsers, which can be switched off on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The script that reports page views: `/s.js`.
    Tracker,
    /// A page to try events on: `/demo`.
    Demo,
    /// Statistics and logs of a tenant: `/dashboard`.
    Dashboard,
    /// The API's description: `/openapi.json` and `/docs`.
    Docs,
}

impl Page {
    /// All of them.
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

/// The setting names a page that there is not.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no page; it takes on, off, or some of tracker, demo, dashboard and docs with commas \
     between them"
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
}
