//! Damages to the lines of a log.

use proptest::prelude::*;

/// What may be inserted: signs that mean something in a format, and some that mean nothing.
const PIECES: [&str; 20] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    "\t",
    "'",
    ":",
    "\u{0}",
    "é",
    "\u{1f600}",
    "#",
    "\\ud83d",
    "] \"",
    "\"\"",
    "1e999",
    "-",
];

/// A change to one line, which never adds or removes a line.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    Cut(f64),
    Behead(f64),
    Insert(f64, &'static str),
    Delete(f64),
    /// The line is cut, and the whole line is glued on.
    Glue(f64),
}

pub(super) fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0.0..1.0;
    let piece = proptest::sample::select(&PIECES);
    prop_oneof![
        place().prop_map(Damage::Cut),
        place().prop_map(Damage::Behead),
        (place(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        place().prop_map(Damage::Delete),
        place().prop_map(Damage::Glue),
    ]
}

pub(super) fn damaged(line: &str, damage: &Damage) -> String {
    let place =
        |at: f64| line.ceil_char_boundary(((line.len() as f64 * at) as usize).clamp(1, line.len()));
    match *damage {
        Damage::Cut(at) => line[..place(at)].to_owned(),
        Damage::Behead(at) => line[line.floor_char_boundary(place(at) - 1)..].to_owned(),
        Damage::Insert(at, piece) => {
            format!("{}{piece}{}", &line[..place(at)], &line[place(at)..])
        }
        Damage::Delete(at) => {
            let at = place(at);
            let next = line[at..].chars().next().map_or(0, char::len_utf8);
            format!("{}{}", &line[..at], &line[at + next..])
        }
        Damage::Glue(at) => format!("{}{line}", &line[..place(at)]),
    }
}
