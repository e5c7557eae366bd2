//! CSV with a header row: columns in any order, unknown ones ignored.

use csv::{ReaderBuilder, StringRecord};

use super::collector::Collector;
use super::entry::{Field, REQUIRED, Raw, Reason, names};

use crate::problem::{FieldError, Problem, ProblemCode};

/// The most columns of a row.
const MAX_COLUMNS: usize = 1_000;

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), Problem> {
    let quirks = Quirks::of(text);
    if quirks.widest > MAX_COLUMNS {
        let detail = format!("A row must have at most {MAX_COLUMNS} columns.");
        return Err(Problem::new(ProblemCode::InvalidCsv, detail));
    }
    let mut reader =
        ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut row = StringRecord::new();
    reader.read_record(&mut row).map_err(invalid)?;
    let header = Header::of(&row)?;
    while reader.read_record(&mut row).map_err(invalid)? {
        let is_torn = quirks.unclosed.is_some_and(|quote| quote < reader.position().byte());
        if is_torn {
            collector.push(Err("has a quote that is never closed".into()));
        } else if !is_blank(&row) {
            collector.push(header.raw(&row));
        }
    }
    Ok(())
}

/// The header row, which every row must fit.
struct Header {
    width: usize,
    /// The columns that are fields, with their names.
    columns: Vec<(usize, &'static str)>,
}

impl Header {
    fn of(row: &StringRecord) -> Result<Self, Problem> {
        let known = |name: &str| names().find(|known| *known == name.trim());
        let columns = row.iter().enumerate();
        let columns: Vec<_> =
            columns.filter_map(|(at, name)| known(name).map(|name| (at, name))).collect();
        let errors = wrong_with(&columns);
        if errors.is_empty() {
            Ok(Self { width: row.len(), columns })
        } else {
            Err(Problem::invalid(errors))
        }
    }

    /// A row that is too short or too long lost a column or has an unquoted comma: none of its cells
    /// can be trusted.
    fn raw<'a>(&self, row: &'a StringRecord) -> Result<Raw<'a>, Reason> {
        if row.len() != self.width {
            let (has, should) = (row.len(), self.width);
            return Err(format!("has {has} columns where the header row has {should}").into());
        }
        let mut raw = Raw::default();
        for (at, name) in &self.columns {
            raw.set(name, Field::text(&row[*at]));
        }
        Ok(raw)
    }
}

fn wrong_with(columns: &[(usize, &str)]) -> Vec<FieldError> {
    let times = |name: &str| columns.iter().filter(|(_, column)| *column == name).count();
    let missing = REQUIRED.iter().filter(|names| names.iter().all(|name| times(name) == 0));
    let missing = missing.map(|names| (names[0], "is missing from the header row"));
    let again = names().filter(|name| times(name) > 1);
    let again = again.map(|name| (name, "occurs twice in the header row"));
    let wrong = missing.chain(again);
    wrong.map(|(name, reason)| FieldError::new(ProblemCode::InvalidCsv, name, reason)).collect()
}

/// A blank line, as editors leave at the end.
fn is_blank(row: &StringRecord) -> bool {
    row.len() == 1 && row[0].trim().is_empty()
}

/// What the CSV reader does not reveal about a text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Quirks {
    /// The position of a quote that is never closed. The reader would accept the rest of the text as
    /// a field, and so a torn user agent as a whole one.
    unclosed: Option<u64>,
    /// At least the columns of the widest row. The reader needs 50 bytes for each.
    widest: usize,
}

impl Quirks {
    fn of(text: &str) -> Self {
        let mut quirks = Self::default();
        let (mut width, mut is_start, mut was_quoted) = (1, true, false);
        for (at, byte) in text.bytes().enumerate() {
            if quirks.unclosed.is_some() {
                if byte == b'"' {
                    (quirks.unclosed, was_quoted) = (None, true);
                }
                continue;
            }
            match byte {
                // A quote after a closing one is an escaped quote: the field continues.
                b'"' if is_start || was_quoted => quirks.unclosed = Some(at as u64),
                b',' => width += 1,
                b'\n' | b'\r' => width = 1,
                _ => {}
            }
            quirks.widest = quirks.widest.max(width);
            is_start = matches!(byte, b',' | b'\n' | b'\r');
            was_quoted = false;
        }
        quirks
    }
}

fn invalid(error: csv::Error) -> Problem {
    Problem::new(ProblemCode::InvalidCsv, format!("{error}."))
}

#[cfg(test)]
mod tests {
    use csv::ReaderBuilder;
    use proptest::prelude::*;

    use super::{MAX_COLUMNS, Quirks};
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
            format!(" path , x , time ,y, userAgent,method\n/a,,1431857103,\"\n\", {CURL} , GET "),
            format!("x,x,timestamp,method,path,userAgent\n\n1,2,1431857103,GET,/a,{CURL}\n\n  \n"),
        ];
        for body in bodies {
            let batch = read(CSV, &body).expect(&body);
            assert_eq!(counts(&batch), ["GET /a curl"], "{body:?}");
            assert_eq!(batch.rejected, 0, "{body:?}");
        }
    }

    #[test]
    fn a_quoted_cell_may_contain_quotes_and_commas() {
        let body = "ts,method,path,userAgent\n\
            1431857103,GET,\"/a,\"\"b\"\"\",\"Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, \
            like Gecko) Chrome/120.0.0.0 Safari/537.36\"\n";
        assert_eq!(counts(&read(CSV, body).expect("it is read")), ["GET /a,\"b\" Chrome"]);
    }

    #[test]
    fn the_user_agent_may_be_missing() {
        for body in ["ts,method,path\n1431857103,GET,/\n", "ts,method,path,ua\n1431857103,GET,/,x"]
        {
            assert_eq!(counts(&read(CSV, body).expect("it is read")), ["GET / Other"]);
        }
    }

    #[test]
    fn bad_rows_do_not_affect_others() {
        let body = "ts,method,path,userAgent\n\
            1431857103,GET,/a,\n\
            1431857103,GET,/a\n\
            1431857103,GET,/a,Mozilla (KHTML, like Gecko)\n\
            ,,,\n\
            1431857103,GET,/b,\n\
            1431857103,GET,/c,\"Mozilla\n1431857103,GET,/d,x\n1431857103,GET,/e,\"\n\
            1431857103,GET,/f,\n\
            143185";
        let batch = read(CSV, body).expect("it is read");
        assert_eq!(counts(&batch), ["GET /a Other", "GET /b Other", "GET /f Other"]);
        assert_eq!(batch.rejected, 5);
        let expected = [
            "1 entry has 3 columns where the header row has 4",
            "2 entry has 5 columns where the header row has 4",
            "3 receivedAt is required",
            "3 method is required",
            "3 path is required",
            "5 userAgent must not contain line breaks",
            "7 entry has 1 columns where the header row has 4",
        ];
        assert_eq!(errors(&batch), expected);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_a_torn_row() {
        let valid = "ts,method,path,userAgent\n1431857103,GET,/a,\"\"\n";
        for torn in ["1431857103,GET,/b,\"Mozilla/5.0 (X11", "\"", "1431857103,GET,/b,\"a\"\""] {
            let batch = read(CSV, &format!("{valid}{torn}")).expect("it is read");
            assert_eq!(counts(&batch), ["GET /a Other"], "{torn}");
            assert_eq!(errors(&batch), ["1 entry has a quote that is never closed"], "{torn}");
        }
    }

    #[test]
    fn an_unclosed_quote_is_found_where_the_reader_ends_in_one() {
        for (text, at) in [
            ("", None),
            ("a,b\nc", None),
            ("\"", Some(0)),
            ("\"\"", None),
            ("\"\"\"", Some(2)),
            ("\"a\"b\",", None),
            ("a\"", None),
            ("a,\"b\n,", Some(2)),
            ("a\r\n\"\"\"b\"\",", Some(8)),
            ("a,\"\",\"", Some(5)),
        ] {
            assert_eq!(Quirks::of(text).unclosed, at, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_unclosed_quote_swallows_the_next_row(text in r#"["a,\r\n]{0,12}"#) {
            let rows = |text: &str| {
                let mut reader = ReaderBuilder::new();
                let reader = reader.flexible(true).has_headers(false);
                reader.from_reader(text.as_bytes()).records().count()
            };
            let more = rows(&format!("{text}\nx")) - rows(&text);
            prop_assert_eq!(more, usize::from(Quirks::of(&text).unclosed.is_none()));
        }
    }

    #[test]
    fn a_header_must_name_each_column_once() {
        let detail = |body: &str| {
            let problem = read(CSV, body).expect_err("its header is wrong");
            assert_eq!(problem.code(), ProblemCode::InvalidCsv, "{body:?}");
            problem.to_string()
        };
        let missing = ["receivedAt", "method", "path"]
            .map(|name| format!("{name} is missing from the header row"))
            .join("; ");
        for body in ["", "\n\n", "1431857103,GET,/,curl\n", "ts;method;path\n", "\u{0}", "\""] {
            assert_eq!(detail(body), format!("invalid-csv: {missing}"), "{body:?}");
        }
        let lacks_path = detail("ts,method,Path\n1431857103,GET,/\n");
        assert_eq!(lacks_path, "invalid-csv: path is missing from the header row");
        let again = detail("ts,method,path,method,x,x\n");
        assert_eq!(again, "invalid-csv: method occurs twice in the header row");
    }

    #[test]
    fn the_number_of_columns_is_bounded() {
        let header = format!("ts,method,path{}", ",x".repeat(MAX_COLUMNS - 3));
        let row = |columns| format!("{header}\n1431857103,GET,\"/,\"{}\n", ",".repeat(columns - 3));
        assert_eq!(read(CSV, &row(MAX_COLUMNS)).expect("it is read").entries.len(), 1);
        let problem = read(CSV, &row(MAX_COLUMNS + 1)).expect_err("it is too wide");
        assert_eq!(problem.to_string(), "invalid-csv: A row must have at most 1000 columns.");
    }

    #[test]
    fn the_preferred_of_two_column_names_wins() {
        let body = "ts,receivedAt,method,path\n1,1431857103,GET,/\n1431857103,,GET,/\n";
        assert_eq!(read(CSV, body).expect("it is read").entries.len(), 2);
    }
}
