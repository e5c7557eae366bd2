//! Which details of access-log entries are counted, besides their number.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::layout::Dimension;

/// The names in settings and documents, in order.
const NAMES: [(&str, Dimension); 6] = [
    ("paths", Dimension::RequestPath),
    ("user_agents", Dimension::UserAgent),
    ("status", Dimension::Status),
    ("bytes", Dimension::Bytes),
    ("referers", Dimension::Referer),
    ("hosts", Dimension::Host),
];
/// Stands for no dimension.
const NONE: &str = "none";

/// A choice of the details of access-log entries that are counted, besides their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogDimensions(u8);

/// There is no such dimension.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} must be a list of paths, user_agents, status, bytes, referers and hosts, or none")]
pub struct UnknownDimension(String);

impl LogDimensions {
    /// All of them.
    pub const ALL: Self = Self(0b11_1111);
    /// What was counted before there was a choice.
    pub const BEFORE: Self = Self(0b11);

    /// Whether the dimension is counted. The number of requests always is.
    pub fn has(self, dimension: Dimension) -> bool {
        match NAMES.iter().position(|(_, named)| *named == dimension) {
            Some(at) => self.0 & (1 << at) != 0,
            None => true,
        }
    }

    /// What a batch's document says; one from before the choice says nothing.
    pub fn stored(text: Option<&str>) -> Self {
        text.map_or(Self::BEFORE, |text| text.split(',').filter_map(bit).collect())
    }
}

impl FromIterator<u8> for LogDimensions {
    fn from_iter<T: IntoIterator<Item = u8>>(bits: T) -> Self {
        Self(bits.into_iter().fold(0, |all, bit| all | bit))
    }
}

fn bit(name: &str) -> Option<u8> {
    NAMES.iter().position(|(known, _)| *known == name).map(|at| 1 << at)
}

impl FromStr for LogDimensions {
    type Err = UnknownDimension;

    fn from_str(text: &str) -> Result<Self, UnknownDimension> {
        if text == NONE {
            return Ok(Self(0));
        }
        let bits = text.split(',').map(|name| bit(name.trim()));
        bits.collect::<Option<Self>>().ok_or_else(|| UnknownDimension(text.to_owned()))
    }
}

impl fmt::Display for LogDimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMES.iter().filter(|(_, dimension)| self.has(*dimension));
        let names: Vec<&str> = named.map(|(name, _)| *name).collect();
        f.write_str(if names.is_empty() { NONE } else { "" })?;
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_what_is_counted() {
        let all = LogDimensions::ALL.to_string();
        assert_eq!(all, "paths,user_agents,status,bytes,referers,hosts");
        for text in [&all, "none", "status", "paths,user_agents", "bytes,hosts"] {
            let chosen: LogDimensions = text.parse().expect(text);
            assert_eq!(chosen.to_string(), text);
            assert_eq!(LogDimensions::stored(Some(text)), chosen);
            assert!(chosen.has(Dimension::Requests));
        }
        let chosen: LogDimensions = "hosts, status".parse().expect("blanks do not matter");
        assert!(chosen.has(Dimension::Host) && !chosen.has(Dimension::Bytes));
        for text in ["", "path", "status,", "all", "none,status"] {
            assert!(text.parse::<LogDimensions>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_document_from_before_or_from_later_is_understood() {
        assert_eq!(LogDimensions::stored(None).to_string(), "paths,user_agents");
        assert_eq!(LogDimensions::stored(Some("status,countries")).to_string(), "status");
    }
}
