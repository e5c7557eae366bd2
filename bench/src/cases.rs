//! What is measured: one description a case.

use crate::rows::{ACTIX, GOACCESS, Keeps, NAIVE, POSTGRES, PREVIOUS, Row};
use crate::send::Load;
use crate::shape::Shape;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: Shape,
    pub(crate) load: Load,
    /// The rows that others are compared with.
    pub(crate) references: &'static [&'static str],
    /// Only rows that count their records take part.
    pub(crate) counting_only: bool,
}

pub(crate) const CASES: [Case; 11] = [
    case("1 connection", "One event a request, all of one day.", Shape::OneDay, closed(1), false),
    case("64 connections", "The same.", Shape::OneDay, closed(64), false),
    case("256 connections", "The same.", Shape::OneDay, closed(256), false),
    case("25 days", "Spread over 25 days, 64 connections.", Shape::ManyDays, closed(64), true),
    case("1,000 tenants", "One day, 64 connections.", Shape::ManyTenants, closed(64), true),
    case("4 KiB payloads", "One day, 64 connections.", Shape::Payload, closed(64), true),
    case("texts", "Texts of 2,000 characters, 64 connections.", Shape::Texts, closed(64), true),
    Case {
        references: &[GOACCESS, PREVIOUS],
        ..case(
            "dense log",
            "Access logs, 1,000 lines a request and 50 lines a second, 4 connections.",
            Shape::Dense,
            closed(4),
            true,
        )
    },
    Case {
        references: &[GOACCESS, PREVIOUS],
        ..case(
            "sparse log",
            "The same, each line in another minute of 25 days and with another page.",
            Shape::Sparse,
            closed(4),
            true,
        )
    },
    case(
        "10,000 a second",
        "A fixed rate, whatever the answers do; one day.",
        Shape::OneDay,
        Load::Open { a_second: 10_000 },
        true,
    ),
    case(
        "5,000 a second, 25 days",
        "A fixed rate, whatever the answers do; spread over 25 days.",
        Shape::ManyDays,
        Load::Open { a_second: 5_000 },
        true,
    ),
];

const fn case(
    name: &'static str,
    about: &'static str,
    shape: Shape,
    load: Load,
    counting_only: bool,
) -> Case {
    let references: &[&str] =
        if counting_only { &[POSTGRES, PREVIOUS] } else { &[ACTIX, NAIVE, POSTGRES] };
    Case { name, about, shape, load, references, counting_only }
}

const fn closed(connections: usize) -> Load {
    Load::Closed { connections }
}

impl Case {
    /// Whether the row takes part.
    pub(crate) fn has(&self, row: &Row) -> bool {
        let counts = !matches!(row.keeps, Keeps::Nothing | Keeps::Topic);
        row.takes.contains(&self.shape.kind()) && (counts || !self.counting_only)
    }
}
