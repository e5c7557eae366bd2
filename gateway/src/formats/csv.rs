//! CSV with a header row: columns in any order, unknown ones ignored. Cells are divided by a comma,
//! a semicolon, a tab or a bar.
//!
//! It is read line by line: no field of an entry holds a line break, so a quote that is open at the
//! end of a line is that line's error, and the next line starts afresh.

use std::borrow::Cow;

use super::collector::Collector;
use super::entry::Raw;
use super::field::Field;
use super::lines::{MARK, trimmed};
use super::names::known;
use super::people::People;
use super::slot::Slot;
use super::wording::{Reason, Wrong};
use crate::problem::{FieldError, Problem, ProblemCode};

/// The most columns of a row.
const MAX_COLUMNS: usize = 1_000;
/// What may divide cells, the usual one first.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), Problem> {
    let lines = text.split('\n').map(|line| line.trim_end_matches('\r').trim_start_matches(MARK));
    let mut rows = lines.filter(|line| !trimmed(line).is_empty() && !is_separator(line));
    let head = rows.next().unwrap_or_default();
    let header = Header::of(head)?;
    let names = cells(head, header.separator).unwrap_or_default();
    collector.are_rows(People::of(header.separator, names.iter().map(|name| name.trim())));
    // Where files were put together, each has its own header row.
    for row in rows.filter(|row| *row != head) {
        match header.raw(row) {
            Ok(raw) => collector.object(raw, row),
            Err(reason) => collector.refuse(Wrong::whole(reason), row),
        }
    }
    Ok(())
}

/// Whether the line names the separator, as spreadsheets do before the header row.
fn is_separator(line: &str) -> bool {
    let separator = line.trim_start().strip_prefix("sep=").unwrap_or_default();
    [separator, separator.trim()].iter().any(|separator| separator.chars().count() == 1)
}

/// The header row, which every row must fit.
struct Header<'t> {
    separator: char,
    width: usize,
    /// The columns that are fields.
    columns: Vec<Column<'t>>,
}

struct Column<'t> {
    at: usize,
    slot: Slot,
    rank: usize,
    name: Cow<'t, str>,
}

impl<'t> Header<'t> {
    fn of(row: &'t str) -> Result<Self, Problem> {
        let invalid = |detail: String| Problem::new(ProblemCode::InvalidCsv, detail);
        let read = |separator: char| Some(Self::divided_by(separator, cells(row, separator).ok()?));
        // Of separators that find equally many known columns, the first one.
        let headers = SEPARATORS.into_iter().rev().filter_map(read);
        let header = headers.max_by_key(|header| header.columns.len());
        let header =
            header.ok_or_else(|| invalid("The header row has an open quote.".to_owned()))?;
        if header.width > MAX_COLUMNS {
            return Err(invalid(format!("A row must have at most {MAX_COLUMNS} columns.")));
        }
        let errors = header.errors();
        if errors.is_empty() { Ok(header) } else { Err(Problem::invalid(errors)) }
    }

    fn divided_by(separator: char, cells: Vec<Cow<'t, str>>) -> Self {
        let width = cells.len();
        let column = |(at, name): (usize, Cow<'t, str>)| {
            let (slot, rank) = known(name.trim())?;
            Some(Column { at, slot, rank, name })
        };
        let columns = cells.into_iter().enumerate().filter_map(column).collect();
        Self { separator, width, columns }
    }

    fn errors(&self) -> Vec<FieldError> {
        let has = |slots: &[Slot]| self.columns.iter().any(|column| slots.contains(&column.slot));
        let missing = [
            (Slot::Time, &[Slot::Time, Slot::Text][..]),
            (Slot::Path, &[Slot::Path, Slot::Line, Slot::Text]),
        ];
        let missing = missing.into_iter().filter(|(_, slots)| !has(slots));
        let missing = missing.map(|(slot, _)| (slot.name(), "is missing from the header row"));
        let again = self.columns.iter().enumerate().filter(|(at, column)| {
            column.slot.is_checked()
                && self.columns[..*at].iter().any(|other| other.name.trim() == column.name.trim())
        });
        let again = again.map(|(_, column)| (column.name.trim(), "occurs twice in the header row"));
        let error = |(name, reason)| FieldError::new(ProblemCode::InvalidCsv, name, reason);
        missing.chain(again).map(error).collect()
    }

    /// A row that is too short or too long lost a column or has an unquoted comma: none of its cells
    /// can be trusted.
    fn raw<'a>(&'a self, row: &'a str) -> Result<Raw<'a>, Reason> {
        let mut cells = cells(row, self.separator)?;
        if cells.len() != self.width {
            let (has, should) = (cells.len(), self.width);
            return Err(format!("has {has} columns where the header row has {should}").into());
        }
        let mut raw = Raw::default();
        for Column { at, slot, rank, name } in &self.columns {
            let cell = std::mem::take(&mut cells[*at]);
            raw.add(*slot, *rank, name.trim().into(), Field::Text(cell));
        }
        Ok(raw)
    }
}

/// The cells of a line. There may be more than columns.
fn cells(line: &str, separator: char) -> Result<Vec<Cow<'_, str>>, Reason> {
    let (mut cells, mut rest) = (Vec::new(), line);
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(inner) => quoted(inner).ok_or("has a quote that is never closed")?,
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                (Cow::from(&rest[..end]), &rest[end..])
            }
        };
        cells.push(cell);
        match after.strip_prefix(separator) {
            Some(_) if cells.len() > MAX_COLUMNS => return Ok(cells),
            Some(after) => rest = after,
            None if after.trim().is_empty() => return Ok(cells),
            None => return Err("has text after a closing quote".into()),
        }
    }
}

/// A cell in quotes, in which a quote is doubled, and what follows it.
fn quoted(inner: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    loop {
        let end = from + inner[from..].find('"')?;
        if !inner[end + 1..].starts_with('"') {
            let cell = &inner[..end];
            let cell = if from > 0 { cell.replace("\"\"", "\"").into() } else { cell.into() };
            return Some((cell, &inner[end + 1..]));
        }
        from = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::MAX_COLUMNS;
    use crate::formats::tests::{counts, errors, read};
    use crate::problem::ProblemCode;

    const CSV: &str = "text/csv";
    const CURL: &str = "curl/8.4.0";

    #[test]
    fn columns_may_be_in_any_order_and_quoted() {
        let bodies = [
            format!("receivedAt,method,path,userAgent\n1431857103,GET,/a,{CURL}\n"),
            format!("receivedAt,method,path,userAgent\n1431857103,GET,/a,{CURL}"),
            format!("\u{feff}receivedAt,method,path,userAgent\r\n1431857103,get,/a?b,{CURL}\r\n"),
            format!("\"path\",\"ts\",\"user_agent\",\"method\"\n\"/a\",1431857103,\"{CURL}\",GET"),
            format!(" path , x , time ,y, userAgent,method\n/a,,1431857103,\"\", {CURL} , GET "),
            format!("x,x,timestamp,method,path,userAgent\n\n1,2,1431857103,GET,/a,{CURL}\n\n  \n"),
            format!("Timestamp,Method,Path,User Agent\n1431857103,GET,/a,{CURL}\n"),
            format!("timestamp;method;path;user_agent;note\n1431857103;GET;/a;{CURL};a, b\n"),
            format!("sep=;\r\ntimestamp;method;path;user_agent\r\n1431857103;GET;/a;{CURL}\r\n"),
            format!("timestamp\tmethod\tx\tpath\tuser_agent\tz\n1431857103\tGET\t\t/a\t{CURL}\t\n"),
            format!("timestamp|method|path|user_agent\n1431857103|GET|/a|{CURL}\n"),
            format!("date,time,request,ua\n2015-05-17,10:05:03,GET /a HTTP/1.1,{CURL}\n"),
        ];
        for body in bodies {
            let batch = read(CSV, &body).expect(&body);
            assert_eq!(counts(&batch), ["GET /a curl"], "{body:?}: {:?}", errors(&batch));
            assert_eq!(batch.rejected, 0, "{body:?}");
        }
    }

    #[test]
    fn a_column_may_hold_whole_lines() {
        let body = "id,message\n1,\"1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"\"GET /a HTTP/1.1\"\" 200 5\"\n";
        assert_eq!(counts(&read(CSV, body).expect("it is read")), ["GET /a Other"]);
    }

    #[test]
    fn a_quoted_cell_may_contain_quotes_and_commas() {
        let body = "ts,method,path,userAgent\n\
            1431857103,GET,\"/a,\"\"b\"\"\",\"Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, \
            like Gecko) Chrome/120.0.0.0 Safari/537.36\"\n";
        assert_eq!(counts(&read(CSV, body).expect("it is read")), ["GET /a,\"b\" Chrome"]);
    }

    #[test]
    fn method_and_user_agent_may_be_missing() {
        for body in ["ts,method,path\n1431857103,GET,/\n", "ts,method,path,x\n1431857103,GET,/,x"] {
            assert_eq!(counts(&read(CSV, body).expect("it is read")), ["GET / Other"]);
        }
        let body = "timestamp,path,userAgent\n1431857103,/pricing?x,curl/8.4.0\n";
        assert_eq!(counts(&read(CSV, body).expect("it is read")), ["/pricing curl"]);
    }

    #[test]
    fn bad_rows_do_not_affect_others() {
        let body = "ts,method,path,userAgent\n\
            1431857103,GET,/a,\n\
            1431857103,GET,/a\n\
            1431857103,GET,/a,Mozilla (KHTML, like Gecko)\n\
            ,,,\n\
            1431857103,GET,/b,12\" screen\n\
            1431857103,GET,/c,\"Mozilla\n1431857103,GET,/d,x\n1431857103,GET,/e,\"\n\
            1431857103,GET,/f,\"a\"b\n\
            143185";
        let batch = read(CSV, body).expect("it is read");
        assert_eq!(counts(&batch), ["GET /a Other", "GET /b Other", "GET /d Other"]);
        let expected = [
            "1 entry has 3 columns where the header row has 4",
            "2 entry has 5 columns where the header row has 4",
            "3 receivedAt is required",
            "3 path is required",
            "5 entry has a quote that is never closed",
            "7 entry has a quote that is never closed",
            "8 entry has text after a closing quote",
            "9 entry has 1 columns where the header row has 4",
        ];
        assert_eq!(errors(&batch), expected);
        assert_eq!(batch.rejected, 7);
    }

    #[test]
    fn a_stray_quote_costs_no_other_row() {
        let row = |n: usize| match n {
            10 => "1431857103,GET,/,\"5 in screen\n".to_owned(),
            500 => "1431857103,GET,/,12\" screen\n".to_owned(),
            n => format!("1431857103,GET,/{n},plain\n"),
        };
        let rows: String = (0..1_000).map(row).collect();
        let batch = read(CSV, &format!("ts,method,path,note\n{rows}")).expect("it is read");
        assert_eq!((batch.entries.len(), batch.rejected), (999, 1));
        assert_eq!(errors(&batch), ["10 entry has a quote that is never closed"]);
    }

    #[test]
    fn a_header_must_name_each_column_once() {
        let detail = |body: &str| {
            let problem = read(CSV, body).expect_err("its header is wrong");
            assert_eq!(problem.code(), ProblemCode::InvalidCsv, "{body:?}");
            problem.to_string()
        };
        let missing = ["receivedAt", "path"]
            .map(|name| format!("{name} is missing from the header row"))
            .join("; ");
        for body in ["", "\n\n", "1431857103,GET,/,curl\n", "ts:method:path\n", "\u{0}", "\u{7}"] {
            assert_eq!(detail(body), format!("invalid-csv: {missing}"), "{body:?}");
        }
        assert_eq!(detail("\""), "invalid-csv: The header row has an open quote.");
        let lacks_path = detail("ts,method,pfad\n1431857103,GET,/\n");
        assert_eq!(lacks_path, "invalid-csv: path is missing from the header row");
        let again = detail("ts,method,path,method,x,x\n");
        assert_eq!(again, "invalid-csv: method occurs twice in the header row");
    }

    #[test]
    fn the_number_of_columns_is_bounded() {
        let header = format!("ts,method,path{}", ",x".repeat(MAX_COLUMNS - 3));
        let body = format!("{header}\n1431857103,GET,/{}\n", ",".repeat(MAX_COLUMNS - 3));
        assert_eq!(read(CSV, &body).expect("it is read").entries.len(), 1);
        let problem = read(CSV, &format!("{header},x\n")).expect_err("it is too wide");
        assert_eq!(problem.to_string(), "invalid-csv: A row must have at most 1000 columns.");
        let wide = read(CSV, &format!("{header}\n{}\n", ",".repeat(100_000))).expect("it is read");
        assert_eq!((wide.entries.len(), wide.rejected), (0, 1));
    }

    #[test]
    fn files_that_were_put_together_have_their_header_rows_again() {
        let file = "\u{feff}sep=,\r\n\"ts\",method,path\r\n\u{feff}1431857103,GET,/a\r\n";
        let batch = read(CSV, &format!("{file}{file}\u{feff}\r\n")).expect("it is read");
        assert_eq!((counts(&batch), batch.rejected), (vec!["GET /a Other".to_owned(); 2], 0));
    }

    #[test]
    fn the_preferred_of_two_column_names_wins_unless_it_is_of_no_use() {
        let body = "ts,receivedAt,method,path\n1,1431857103,GET,/\n1431857103,,GET,/\n\
            1431857103,soon,GET,/\n";
        assert_eq!(read(CSV, body).expect("it is read").entries.len(), 3);
    }
}
