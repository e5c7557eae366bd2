//! The value that events must have.

use crate::event::Event;
use crate::rollup::{Dimension, values_of};
use crate::site_dimension::SiteDimension;

/// The name of the filter on pages.
const PATH: &str = "path";

/// Selects the events that have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Those that are counted by this value of a dimension.
    Dimension(SiteDimension, String),
    /// Those on this page.
    Path(String),
}

impl Filter {
    /// The filter that a request writes as `name:value`; `None` if there is no such dimension.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once(':')?;
        if name == PATH {
            return Some(Self::Path(value.to_owned()));
        }
        Some(Self::Dimension(SiteDimension::named(name)?, value.to_owned()))
    }

    /// Whether it selects events by their type.
    pub(super) fn is_on_type(&self) -> bool {
        matches!(self, Self::Dimension(SiteDimension::Event, _))
    }

    /// Whether it selects the event, which is not excluded.
    pub(super) fn has(&self, event: &Event) -> bool {
        let has = |dimension, value: &str| values_of(event).any(|one| one == (dimension, value));
        match self {
            // Every event is counted by its type, also where the site has not chosen that dimension.
            Self::Dimension(SiteDimension::Event, value) => has(Dimension::EventType, value),
            Self::Dimension(dimension, value) => has(Dimension::Site(*dimension), value),
            Self::Path(path) if event.is_view() => has(Dimension::ViewPath, path),
            Self::Path(path) => event.path.as_ref() == Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_dimension_and_a_value() {
        let os = Filter::Dimension(SiteDimension::Os, "Linux".to_owned());
        assert_eq!(Filter::parse("os:Linux"), Some(os));
        assert_eq!(Filter::parse("path:/a:b"), Some(Filter::Path("/a:b".to_owned())));
        for text in ["", "os", "Linux:os", ":Linux", "OS:Linux"] {
            assert_eq!(Filter::parse(text), None, "{text:?}");
        }
    }
}
