//! Exports that have a row for each event.

use std::io;

use super::draft::{Draft, Unreadable};
use super::item::{Item, Place};
use super::rows::{Row, Rows};
use super::{goatcounter, umami};

/// What makes an event of a row, if it is a visitor's.
type Drafts = dyn FnMut(&Row) -> Result<Option<Draft>, Unreadable>;

/// The form of such an export.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Umami,
    Goatcounter,
}

/// A column that is missing, without which it is not such an export.
pub(super) fn missing(form: Form, rows: &Rows) -> Option<&'static str> {
    let needed: &[&str] = match form {
        Form::Umami => &umami::COLUMNS,
        Form::Goatcounter => &goatcounter::COLUMNS,
    };
    needed.iter().copied().find(|name| !rows.has(name))
}

/// What the rows give, in their order. The file is named where there are several.
pub(super) fn items(
    form: Form,
    rows: Rows,
    file: Option<String>,
) -> impl Iterator<Item = io::Result<Item>> {
    let mut drafts = drafts(form);
    rows.map(move |row| {
        let row = row?;
        let place = match &file {
            Some(file) => Place::Row(file.clone(), row.line),
            None => Place::Line(row.line),
        };
        Ok(match drafts(&row) {
            Ok(Some(draft)) => Item::Event(place, Box::new(draft)),
            Ok(None) => Item::LeftOut,
            Err(why) => Item::Unreadable(place, why),
        })
    })
}

fn drafts(form: Form) -> Box<Drafts> {
    match form {
        Form::Umami => Box::new(umami::draft),
        Form::Goatcounter => {
            let mut seen = goatcounter::Seen::default();
            Box::new(move |row| goatcounter::draft(row, &mut seen))
        }
    }
}
