//! The tables of Plausible's export, read side by side, a day at a time.

use std::io;
use std::iter::Peekable;

use chrono::NaiveDate;

use super::super::draft::Unreadable;
use super::super::item::Place;
use super::super::rows::{Row, Rows};
use super::files::CsvFile;

/// A table that is read. The others say how long people stayed, where they left, and their properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Visitors,
    Pages,
    EntryPages,
    Sources,
    Locations,
    Devices,
    Browsers,
    Systems,
    CustomEvents,
}

impl Table {
    const ALL: [Self; 9] = [
        Self::Visitors,
        Self::Pages,
        Self::EntryPages,
        Self::Sources,
        Self::Locations,
        Self::Devices,
        Self::Browsers,
        Self::Systems,
        Self::CustomEvents,
    ];

    /// How the names of its files begin.
    fn name(self) -> &'static str {
        match self {
            Self::Visitors => "imported_visitors",
            Self::Pages => "imported_pages",
            Self::EntryPages => "imported_entry_pages",
            Self::Sources => "imported_sources",
            Self::Locations => "imported_locations",
            Self::Devices => "imported_devices",
            Self::Browsers => "imported_browsers",
            Self::Systems => "imported_operating_systems",
            Self::CustomEvents => "imported_custom_events",
        }
    }

    /// The columns that it cannot be without.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Visitors => &["date", "visitors", "pageviews"],
            Self::Pages => &["date", "page", "pageviews"],
            Self::EntryPages => &["date", "entry_page", "entrances"],
            Self::Sources => &["date", "source", "visits"],
            Self::Locations => &["date", "country"],
            Self::Devices => &["date", "device"],
            Self::Browsers => &["date", "browser"],
            Self::Systems => &["date", "operating_system"],
            Self::CustomEvents => &["date", "name", "events"],
        }
    }

    /// The table of a file.
    pub(super) fn of(file: &CsvFile) -> Option<Self> {
        Self::ALL.into_iter().find(|table| file.name.starts_with(table.name()))
    }
}

/// A row with its day.
type Dated = (NaiveDate, Place, Row);

/// The rows of a file with their days, or what is wrong with each.
type DatedRows = Box<dyn Iterator<Item = io::Result<Result<Dated, (Place, Unreadable)>>>>;

/// The rows of one file, in the order of their days.
struct Reader {
    table: Table,
    rows: Peekable<DatedRows>,
}

/// All files, read side by side.
pub(super) struct Tables(Vec<Reader>);

/// The rows of a day, and the rows between them that cannot be read.
#[derive(Default)]
pub(super) struct DayRows {
    pub(super) day: Option<NaiveDate>,
    pub(super) rows: Vec<(Table, Place, Row)>,
    pub(super) unreadable: Vec<(Place, Unreadable)>,
}

impl Tables {
    pub(super) fn open(files: &[CsvFile]) -> io::Result<Self> {
        let known = files.iter().filter_map(|file| Some((Table::of(file)?, file)));
        let readers = known.map(|(table, file)| {
            Ok(Reader { table, rows: dated(file.rows()?, &file.name).peekable() })
        });
        Ok(Self(readers.collect::<io::Result<_>>()?))
    }

    /// The rows of the next day; no day if there are no more.
    pub(super) fn next_day(&mut self) -> io::Result<DayRows> {
        let mut found = DayRows::default();
        let mut days = Vec::new();
        for reader in &mut self.0 {
            days.extend(reader.day(&mut found.unreadable)?);
        }
        found.day = days.into_iter().min();
        for reader in &mut self.0 {
            reader.take(&mut found)?;
        }
        Ok(found)
    }
}

impl Reader {
    /// The day of the next row that can be read.
    fn day(&mut self, unreadable: &mut Vec<(Place, Unreadable)>) -> io::Result<Option<NaiveDate>> {
        while let Some(next) = self.rows.next_if(|row| !matches!(row, Ok(Ok(_)))) {
            unreadable.extend(next?.err());
        }
        Ok(self.rows.peek().and_then(|row| Some(row.as_ref().ok()?.as_ref().ok()?.0)))
    }

    /// Takes the rows of the day.
    fn take(&mut self, found: &mut DayRows) -> io::Result<()> {
        while let Some(day) = self.day(&mut found.unreadable)?
            && Some(day) == found.day
        {
            let row = self.rows.next().transpose()?.and_then(Result::ok);
            found.rows.extend(row.map(|(_, place, row)| (self.table, place, row)));
        }
        Ok(())
    }
}

/// The rows with their days. One before the day of the row above it would come too late to be added up.
fn dated(rows: Rows, file: &str) -> DatedRows {
    let (file, mut latest) = (file.to_owned(), NaiveDate::MIN);
    Box::new(rows.map(move |row| {
        let row = row?;
        let place = Place::Row(file.clone(), row.line);
        let text = row.get("date").to_owned();
        let day = text.parse().ok().filter(|day| *day >= latest);
        let Some(day) = day else {
            let value =
                text.parse::<NaiveDate>().map_or(text, |day| format!("{day}, after {latest}"));
            return Ok(Err((place, Unreadable { column: "date", value })));
        };
        latest = day;
        Ok(Ok((day, place, row)))
    }))
}
