//! The W3C extended log format, as IIS and CloudFront write it: a `#Fields` line names the columns
//! of the lines after it.

use std::borrow::Cow;

use super::entry::Raw;
use super::field::Field;
use super::names::known;
use super::people::People;
use super::percent::decoded;
use super::request_line::is_method;
use super::slot::Slot;
use crate::times;

/// The directives of the format.
const DIRECTIVES: [&str; 8] = [
    "#Software:",
    "#Version:",
    "#Date:",
    "#Fields:",
    "#Start-Date:",
    "#End-Date:",
    "#Remark:",
    "#GMT-Offset:",
];

/// The columns of IIS, which are its default, with and without the referer.
const IIS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
    cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";
const OLDER_IIS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
    cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken";
/// The first columns of CloudFront. Each of its versions has added others after them.
const CLOUDFRONT: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem \
    sc-status cs(Referer) cs(User-Agent) cs-uri-query";

/// Behind all names that a column may have.
const LAST: usize = usize::MAX;

/// The columns of the lines that follow.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// For each column, what it means, and the rank of its name.
    columns: Vec<Option<(Slot, usize)>>,
    /// A tab divides the columns, otherwise a blank does.
    has_tabs: bool,
    /// More columns may follow.
    is_open: bool,
    /// Those that tell a person, if a `#Fields` line has named them.
    people: Option<People>,
}

/// Whether the line is a directive, which is not an entry.
pub(super) fn is_directive(line: &str) -> bool {
    DIRECTIVES
        .iter()
        .any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}

impl Layout {
    /// The columns that a `#Fields` directive names; `None` for another directive.
    pub(super) fn of(directive: &str) -> Option<Self> {
        let (name, fields) = directive.split_once(':')?;
        let has_tabs = fields.trim().contains('\t');
        name.eq_ignore_ascii_case("#fields")
            .then(|| Self { people: Some(people(fields)), ..Self::named(fields, has_tabs) })
    }

    fn named(fields: &str, has_tabs: bool) -> Self {
        let columns = fields.split_ascii_whitespace().map(known).collect();
        Self { columns, has_tabs, is_open: false, people: None }
    }

    /// The columns of a line without a `#Fields` line before it: lines arrive like this when a file
    /// is sent piece by piece.
    fn usual(line: &str) -> Option<Self> {
        if line.contains('\t') {
            return Some(Self { is_open: true, ..Self::named(CLOUDFRONT, true) });
        }
        Some(Self::named(usual_of_iis(line)?, false))
    }

    /// A rejected line without the cells of users and clients.
    pub(super) fn without_people<'a>(&self, line: &'a str) -> Cow<'a, str> {
        match &self.people {
            // CloudFront names its columns with blanks between them, and divides them by tabs.
            Some(people) if line.contains('\t') => people.without_in(line, '\t'),
            Some(people) => people.without(line),
            None => line.into(),
        }
    }

    fn cells<'a>(&self, line: &'a str) -> Option<Vec<Cow<'a, str>>> {
        // CloudFront names its columns with blanks between them, and divides them by tabs.
        if self.has_tabs || line.contains('\t') {
            return Some(line.split('\t').map(Cow::from).collect());
        }
        let (mut cells, mut rest) = (Vec::new(), line);
        loop {
            let (cell, after) = match rest.strip_prefix('"') {
                Some(inner) => quoted(inner)?,
                None => {
                    let end = rest.find(' ').unwrap_or(rest.len());
                    (Cow::from(&rest[..end]), &rest[end..])
                }
            };
            cells.push(cell);
            match after.strip_prefix(' ') {
                Some(after) => rest = after,
                None => return after.is_empty().then_some(cells),
            }
        }
    }

    fn fits(&self, cells: usize) -> bool {
        cells == self.columns.len() || (self.is_open && cells > self.columns.len())
    }
}

/// The columns of IIS that a line without a `#Fields` line before it has.
fn usual_of_iis(line: &str) -> Option<&'static str> {
    match line.split(' ').count() {
        15 => Some(IIS),
        14 => Some(OLDER_IIS),
        _ => None,
    }
}

fn people(fields: &str) -> People {
    People::of(' ', fields.split_ascii_whitespace())
}

/// A rejected line without the cells of users and clients, if it begins as a line of IIS.
pub(super) fn without_people(line: &str) -> Cow<'_, str> {
    let is_of_iis = line.get(..10).is_some_and(|date| times::day(date).is_some());
    match usual_of_iis(line).filter(|_| is_of_iis) {
        Some(fields) => people(fields).without(line),
        None => line.into(),
    }
}

/// A text in quotes, in which a quote is doubled.
fn quoted(inner: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    loop {
        let end = from + inner[from..].find('"')?;
        if !inner[end + 1..].starts_with('"') {
            let text = &inner[..end];
            let text = if from > 0 { text.replace("\"\"", "\"").into() } else { text.into() };
            return Some((text, &inner[end + 1..]));
        }
        from = end + 2;
    }
}

/// The day that a `#Date` directive names, which is that of lines with a time alone.
pub(super) fn day(directive: &str) -> Option<String> {
    let (name, date) = directive.split_once(':')?;
    let day = date.split_ascii_whitespace().next().filter(|day| times::day(day).is_some());
    day.filter(|_| name.eq_ignore_ascii_case("#date")).map(str::to_owned)
}

/// The entry of a line with these columns, or with the usual ones. Where it has no date, it is of this `day`.
pub(super) fn raw<'a>(
    line: &'a str,
    layout: Option<&Layout>,
    day: Option<&str>,
) -> Option<Raw<'a>> {
    let usual = if layout.is_none() { Layout::usual(line) } else { None };
    let layout = layout.or(usual.as_ref())?;
    let cells = layout.cells(line).filter(|cells| layout.fits(cells.len()))?;
    let has_tabs = line.contains('\t');
    let mut raw = Raw::default();
    for (cell, column) in cells.into_iter().zip(&layout.columns) {
        let Some((slot, rank)) = *column else { continue };
        if usual.is_some() && !is_usual(slot, &cell) {
            return None;
        }
        let is_path = matches!(slot, Slot::Method | Slot::Path | Slot::Line);
        if is_path || cell != "-" {
            let text = if slot == Slot::UserAgent { agent(cell, has_tabs) } else { cell };
            raw.add(slot, rank, name_of(slot).into(), Field::Text(text));
        }
    }
    if !raw.has(Slot::Time) {
        return None;
    }
    if let Some(day) = day {
        raw.add(Slot::Time, LAST, "date".into(), Field::text(day.to_owned()));
    }
    Some(raw)
}

/// The name of a column in errors; the name of a duration tells its unit.
fn name_of(slot: Slot) -> &'static str {
    if slot == Slot::Duration { "time-taken" } else { slot.name() }
}

/// Whether a cell fits its column, where no `#Fields` line has named the columns.
fn is_usual(slot: Slot, cell: &str) -> bool {
    match slot {
        Slot::Time => times::day(cell).is_some() || (cell.len() == 8 && cell.contains(':')),
        Slot::Method => cell == "-" || is_method(cell),
        Slot::Path => cell == "-" || cell.starts_with(['/', '*']) || cell.contains("://"),
        _ => true,
    }
}

/// A user agent has no blanks in these files: IIS writes a plus sign, CloudFront `%20` or even
/// `%2520`.
fn agent(cell: Cow<'_, str>, is_encoded: bool) -> Cow<'_, str> {
    if is_encoded {
        return decoded(&decoded(&cell)).into();
    }
    if cell.contains(' ') { cell } else { cell.replace('+', " ").into() }
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, read};

    fn assert_counts(body: &str, expected: &[&str], rejected: usize) {
        let batch = read("text/plain", body).expect("it is text");
        assert_eq!(counts(&batch), expected, "{body} {:?}", batch.errors);
        assert_eq!(batch.rejected, rejected, "{body}");
    }

    #[test]
    fn the_columns_of_iis_are_those_that_its_fields_name() {
        let iis = "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n\
            #Date: 2025-05-17 10:05:03\r\n#Fields: date time s-ip cs-method cs-uri-stem \
            cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status \
            sc-substatus sc-win32-status time-taken\r\n\
            2025-05-17 10:05:03 10.0.0.5 GET /index.html - 80 - 192.0.2.4 Firefox/121.0+(X11) - 200 0 0 15\r\n\
            2025-05-17 10:05:04 10.0.0.5 GET /torn - 80\r\n\
            #Fields: time date cs-uri-stem cs-method\r\n\
            10:05:05 2025-05-17 /other POST\r\n\
            10:05:05 2025-05-17 - -\r\n\
            #Hello\r\n";
        assert_counts(
            iis,
            &["GET /index.html Firefox", "POST /other Other", "unreadable Other"],
            2,
        );
        let batch = read("text/plain", iis).expect("it is text");
        let at = batch.entries.iter().map(|entry| entry.at.to_rfc3339());
        assert_eq!(
            at.collect::<Vec<_>>()[..2],
            ["2025-05-17T10:05:03+00:00", "2025-05-17T10:05:05+00:00"]
        );
    }

    #[test]
    fn lines_with_a_time_alone_are_of_the_day_that_their_head_names() {
        let body = "#Version: 1.0\n#Date: 2025-05-17 00:00:00\n#Fields: time cs-method cs-uri sc-status\n\
            10:05:03 GET /a 200\n#Date: 2025-05-18 00:00:00\n10:05:03 GET /b 200\n";
        assert_counts(body, &["GET /a Other", "GET /b Other"], 0);
        let batch = read("text/plain", body).expect("it is text");
        let at: Vec<_> = batch.entries.iter().map(|entry| entry.at.to_rfc3339()).collect();
        assert_eq!(at, ["2025-05-17T10:05:03+00:00", "2025-05-18T10:05:03+00:00"]);
    }

    #[test]
    fn files_that_were_put_together_have_their_heads_again() {
        let body = "\u{feff}#Fields: date time cs-uri-stem cs-method\n\
            2025-05-17 10:05:03 /a GET\n\
            \u{feff}#Fields: time date cs-method cs-uri-stem\n\
            \u{feff}10:05:03 2025-05-17 GET /b\n";
        assert_counts(body, &["GET /a Other", "GET /b Other"], 0);
    }

    #[test]
    fn a_line_without_its_head_has_the_usual_columns() {
        let tail = "2025-05-17 10:05:03 10.0.0.5 GET /a x=1 80 - 192.0.2.4 curl/8.4.0 - 200 0 0 15\n\
            2025-05-17 10:05:03 10.0.0.5 GET /b - 80 - 192.0.2.4 curl/8.4.0 200 0 0 15\n\
            2025-05-17 10:05:03 10.0.0.5 /b GET - 80 - 192.0.2.4 curl/8.4.0 200 0 0 15\n";
        assert_counts(tail, &["GET /a curl", "GET /b curl"], 1);
    }

    #[test]
    fn cloudfront_divides_by_tabs_and_encodes_twice() {
        let head = "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method \
            cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie)\n";
        let line = "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111.cloudfront.net\t\
            /index.html\t200\t-\tMozilla/5.0%2520(X11;%20Linux)%20Firefox/121.0\t-\t-\n";
        assert_counts(&format!("{head}{line}"), &["GET /index.html Firefox"], 0);
        assert_counts(line, &["GET /index.html Firefox"], 0);
        assert_counts(&format!("{head}2019-12-04\t21:02:31\tLAX1\n"), &[], 1);
    }

    #[test]
    fn values_may_be_quoted() {
        let body = "#Fields: date time cs-method cs-uri cs(User-Agent)\n\
            2025-05-17 10:05:03 GET /a?b \"Firefox/121.0 (a \"\"b\"\")\"\n\
            2025-05-17 10:05:03 GET /a \"Firefox/121.0\n\
            2025-05-17 10:05:03 GET /a \"Firefox\"/121.0\n";
        assert_counts(body, &["GET /a Firefox"], 2);
    }
}
