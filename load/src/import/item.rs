//! What an export gives: events, and what cannot become one.

use std::fmt;

use super::draft::{Draft, Unreadable};

/// Something to send, or to report.
#[derive(Debug)]
pub(super) enum Item {
    Event(Place, Box<Draft>),
    /// A row that no visitor caused.
    LeftOut,
    Unreadable(Place, Unreadable),
    /// So much of a sum is more than the views of its day.
    Beyond(u64),
}

/// Where an event is from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A line, counted from 1, the head among them.
    Line(u64),
    /// A line of one file among several.
    Row(String, u64),
    /// The id of an event that was made for a day.
    Made(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(file, line) => write!(f, "{file}, line {line}"),
            Self::Made(id) => write!(f, "event {id}"),
        }
    }
}
