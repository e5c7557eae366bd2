//! A line of a stream. Labels and metadata are not kept.

use crate::doors::shipment::{Shipment, Shipped};
use crate::problem::{FieldError, Problem};

/// A line with its time.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// In nanoseconds since 1970.
    pub(super) time: String,
    pub(super) text: String,
}

/// Adds a line, unless it is blank.
pub(super) fn add(shipment: &mut Shipment, line: Result<Line, FieldError>) -> Result<(), Problem> {
    match line {
        Ok(line) if line.text.trim().is_empty() => Ok(()),
        Ok(Line { time, text }) => {
            shipment.add(Ok(Shipped { text, time: Some(time), ..Shipped::default() }))
        }
        Err(error) => shipment.add(Err(error)),
    }
}
