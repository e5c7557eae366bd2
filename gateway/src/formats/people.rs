//! The columns of a table that tell a user or a client: their cells are not kept of a rejected row.

use std::borrow::Cow;
use std::ops::Range;

use crate::personal_names::{HIDDEN, is_personal};

/// The columns of a table that tell a person.
#[derive(Clone, Debug)]
pub(super) struct People {
    separator: char,
    /// How many columns the table has.
    width: usize,
    /// Those that tell a person.
    columns: Vec<usize>,
}

impl People {
    pub(super) fn of<'n>(separator: char, names: impl Iterator<Item = &'n str>) -> Self {
        let (mut width, mut columns) = (0, Vec::new());
        for name in names {
            if is_personal(name) {
                columns.push(width);
            }
            width += 1;
        }
        Self { separator, width, columns }
    }

    /// A rejected row without the cells that tell a person.
    pub(super) fn without<'r>(&self, row: &'r str) -> Cow<'r, str> {
        self.without_in(row, self.separator)
    }

    /// The same for a row with its own separator. In a row that is torn, or that has too many cells, those
    /// of people may be anywhere from the first place on that such a cell may have.
    pub(super) fn without_in<'r>(&self, row: &'r str, separator: char) -> Cow<'r, str> {
        let Some(first) = self.columns.first() else { return row.into() };
        if let Some(cells) = cells(row, separator, self.width) {
            return self.hidden(row, &cells).into();
        }
        let count = row.split(separator).take(self.width).count();
        let kept = first.saturating_sub(self.width - count);
        let ends = row.match_indices(separator).map(|(at, sign)| at + sign.len());
        let end = std::iter::once(0).chain(ends).nth(kept).unwrap_or(row.len());
        format!("{}{HIDDEN}", &row[..end]).into()
    }

    fn hidden(&self, row: &str, cells: &[Range<usize>]) -> String {
        let (mut shown, mut at) = (String::with_capacity(row.len()), 0);
        let filled = self.columns.iter().map(|column| cells[*column].clone());
        for cell in filled.filter(|cell| !matches!(&row[cell.clone()], "" | "-")) {
            shown.push_str(&row[at..cell.start]);
            shown.push_str(HIDDEN);
            at = cell.end;
        }
        shown + &row[at..]
    }
}

/// The places of the cells of a row; `None` if it does not have this many, or if a quote is open.
fn cells(row: &str, separator: char, width: usize) -> Option<Vec<Range<usize>>> {
    let (mut cells, mut at) = (Vec::new(), 0);
    while cells.len() < width {
        let rest = &row[at..];
        let end = if rest.starts_with('"') { quoted(rest)? } else { 0 };
        let length = end + rest[end..].find(separator).unwrap_or(rest.len() - end);
        cells.push(at..at + length);
        if at + length == row.len() {
            return (cells.len() == width).then_some(cells);
        }
        at += length + separator.len_utf8();
    }
    None
}

/// The length of a text in quotes, in which a quote is doubled.
fn quoted(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text[at..].find('"')? + 1;
        if !text[at..].starts_with('"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> People {
        People::of(',', ["ts", "path", "user", "note", "c-ip"].into_iter())
    }

    #[test]
    fn the_cells_of_people_are_dropped() {
        for (row, expected) in [
            ("soon,/a,annuser,x,7", "soon,/a,[REDACTED],x,[REDACTED]"),
            ("soon,\"/a,b\",\"ann, \"\"u\",x,", "soon,\"/a,b\",[REDACTED],x,"),
            ("soon,/a,-,x,-", "soon,/a,-,x,-"),
        ] {
            assert_eq!(people().without(row), expected);
        }
        let none = People::of(',', ["ts", "path"].into_iter());
        assert_eq!(none.without("annuser"), "annuser");
    }

    #[test]
    fn where_cells_are_lost_all_are_dropped_that_may_be_those_of_people() {
        for (row, expected) in [
            ("soon,/a,b,annuser,x,7", "soon,/a,[REDACTED]"),
            ("soon,annuser,x,7", "soon,[REDACTED]"),
            ("soon,/a,ann", "[REDACTED]"),
            ("soon,/a,\"annuser,x,7", "soon,/a,[REDACTED]"),
            ("", "[REDACTED]"),
        ] {
            assert_eq!(people().without(row), expected, "{row}");
        }
    }
}
