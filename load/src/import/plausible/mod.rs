//! Plausible's export. It has sums instead of events, so events are made that have the same sums.
//!
//! They are made a day at a time, from the day's sums alone and in one order. So an export that is
//! imported again makes the same events, which count once.

mod day;
mod deck;
mod files;
mod schedule;
mod sums;
mod tables;

#[cfg(test)]
mod archive;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use super::item::Item;
use files::CsvFile;
use sums::Sums;
use tables::{DayRows, Table, Tables};

/// The files of an export.
pub(super) struct Export(Vec<CsvFile>);

impl Export {
    /// Finds the files in archives, folders, and among files.
    pub(super) fn find(paths: &[PathBuf]) -> io::Result<Self> {
        let files = files::find(paths)?;
        Ok(Self(files.into_iter().filter(|file| Table::of(file).is_some()).collect()))
    }

    /// Whether there is the file that says how many views each day had.
    pub(super) fn has_visitors(&self) -> bool {
        self.0.iter().any(|file| Table::of(file) == Some(Table::Visitors))
    }

    /// The first column that is missing, and its file.
    pub(super) fn missing(&self) -> io::Result<Option<(String, &'static str)>> {
        for (file, table) in self.0.iter().filter_map(|file| Some((file, Table::of(file)?))) {
            let rows = file.rows()?;
            if let Some(column) = table.columns().iter().find(|column| !rows.has(column)) {
                return Ok(Some((file.name.clone(), column)));
            }
        }
        Ok(None)
    }

    /// Events, and what cannot become one, day by day.
    pub(super) fn items(&self) -> io::Result<impl Iterator<Item = io::Result<Item>> + use<>> {
        let mut tables = Tables::open(&self.0)?;
        let mut is_over = false;
        let days = std::iter::from_fn(move || {
            let read = (!is_over).then(|| tables.next_day())?;
            is_over = read.as_ref().map_or(true, |rows| rows.day.is_none());
            Some(read)
        });
        Ok(days.flat_map(|read| -> Box<dyn Iterator<Item = io::Result<Item>>> {
            match read {
                Ok(rows) => Box::new(of_day(rows).map(Ok)),
                Err(error) => Box::new(std::iter::once(Err(error))),
            }
        }))
    }
}

fn of_day(rows: DayRows) -> impl Iterator<Item = Item> {
    let mut sums = Sums::default();
    let mut unreadable = rows.unreadable;
    for (table, place, row) in rows.rows {
        unreadable.extend(sums.add(table, &row).err().map(|why| (place, why)));
    }
    let unreadable = unreadable.into_iter().map(|(place, why)| Item::Unreadable(place, why));
    unreadable
        .chain(rows.day.into_iter().flat_map(move |day| day::items(day, std::mem::take(&mut sums))))
}
