//! The dimensions of events: where visitors come from, and what they use.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The value that stands for all values of a day beyond those that are counted by name.
pub const OTHERS: &str = "(other)";
/// Stands for no dimension.
const NONE: &str = "none";

/// What an event has in each dimension.
pub type Dimensions = BTreeMap<SiteDimension, String>;

/// A property of views, or of all events, by which they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteDimension {
    /// Who sent the visitor: a search engine, a social network, or another site.
    Source,
    /// The page that links to this one, on another site.
    Referrer,
    /// The campaign's source.
    UtmSource,
    /// The campaign's medium.
    UtmMedium,
    /// The campaign's name.
    UtmCampaign,
    /// The campaign's search term.
    UtmTerm,
    /// The campaign's content.
    UtmContent,
    /// The family of the browser.
    Browser,
    /// The family of the operating system.
    Os,
    /// The class of the device.
    Device,
    /// The browser's preferred language.
    Language,
    /// The country, as the platform or a proxy gives it.
    Country,
    /// The first page after another site, or after none.
    EntryPage,
    /// The host of the page.
    Host,
    /// The type of the event.
    Event,
}

/// There is no such dimension.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} must be a list of dimensions ({names}), or none", names = names())]
pub struct UnknownSiteDimension(String);

impl SiteDimension {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Source,
        Self::Referrer,
        Self::UtmSource,
        Self::UtmMedium,
        Self::UtmCampaign,
        Self::UtmTerm,
        Self::UtmContent,
        Self::Browser,
        Self::Os,
        Self::Device,
        Self::Language,
        Self::Country,
        Self::EntryPage,
        Self::Host,
        Self::Event,
    ];
    /// Those of campaigns, which are named like the query parameters.
    pub const CAMPAIGN: [Self; 5] =
        [Self::UtmSource, Self::UtmMedium, Self::UtmCampaign, Self::UtmTerm, Self::UtmContent];

    /// The name in requests, settings, messages and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Referrer => "referrer",
            Self::UtmSource => "utm_source",
            Self::UtmMedium => "utm_medium",
            Self::UtmCampaign => "utm_campaign",
            Self::UtmTerm => "utm_term",
            Self::UtmContent => "utm_content",
            Self::Browser => "browser",
            Self::Os => "os",
            Self::Device => "device",
            Self::Language => "language",
            Self::Country => "country",
            Self::EntryPage => "entry_page",
            Self::Host => "host",
            Self::Event => "event",
        }
    }

    /// The dimension of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == name)
    }
}

fn names() -> String {
    SiteDimensions::ALL.to_string()
}

/// A choice of dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteDimensions(u16);

impl SiteDimensions {
    /// All of them.
    pub const ALL: Self = Self((1 << SiteDimension::ALL.len()) - 1);

    /// Whether the dimension is chosen.
    pub fn has(self, dimension: SiteDimension) -> bool {
        self.0 & (1 << dimension as u16) != 0
    }
}

impl FromStr for SiteDimensions {
    type Err = UnknownSiteDimension;

    fn from_str(text: &str) -> Result<Self, UnknownSiteDimension> {
        if text == NONE {
            return Ok(Self(0));
        }
        let named = text.split(',').map(|name| SiteDimension::named(name.trim()));
        let bits = named.map(|named| named.map(|dimension| 1 << dimension as u16));
        let all = bits.collect::<Option<Vec<u16>>>();
        let all = all.ok_or_else(|| UnknownSiteDimension(text.to_owned()))?;
        Ok(Self(all.into_iter().fold(0, |all, bit| all | bit)))
    }
}

impl fmt::Display for SiteDimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = SiteDimension::ALL.into_iter().filter(|dimension| self.has(*dimension));
        let names: Vec<&str> = chosen.map(SiteDimension::as_str).collect();
        f.write_str(if names.is_empty() { NONE } else { "" })?;
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dimension_has_one_name_everywhere() {
        for dimension in SiteDimension::ALL {
            assert_eq!(SiteDimension::named(dimension.as_str()), Some(dimension));
            assert_eq!(serde_json::to_value(dimension).ok(), Some(dimension.as_str().into()));
        }
        assert_eq!(SiteDimension::named("path"), None);
    }

    #[test]
    fn a_list_names_what_is_chosen() {
        let all = SiteDimensions::ALL.to_string();
        assert_eq!(all.split(',').count(), SiteDimension::ALL.len());
        for text in [all.as_str(), "none", "source", "utm_source,event"] {
            let chosen: SiteDimensions = text.parse().expect(text);
            assert_eq!(chosen.to_string(), text);
        }
        let chosen: SiteDimensions = "event, source".parse().expect("blanks do not matter");
        assert!(chosen.has(SiteDimension::Source) && !chosen.has(SiteDimension::Os));
        for text in ["", "path", "source,", "all", "none,source"] {
            assert!(text.parse::<SiteDimensions>().is_err(), "{text:?}");
        }
    }
}
