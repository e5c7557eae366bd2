//! Answers as CSV (RFC 4180), for clients that ask for it.

use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;

/// The media type.
const MEDIA_TYPE: &str = "text/csv";
/// What begins a formula in a spreadsheet: a visitor could send one as the name of a campaign.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether the values of `Accept` ask for CSV.
pub(crate) fn wants<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> bool {
    let lines = accepted.filter_map(|value| value.to_str().ok());
    let mut kinds = lines.flat_map(|line| line.split(','));
    kinds.any(|kind| {
        let mut parts = kind.split(';').map(str::trim);
        let is_csv = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(MEDIA_TYPE));
        is_csv && !parts.any(|part| part.strip_prefix("q=").is_some_and(is_zero))
    })
}

fn is_zero(quality: &str) -> bool {
    quality.parse::<f64>() == Ok(0.0)
}

/// The answer: a row of names, and then the rows.
pub(crate) fn answer(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> HttpResponse {
    let head = head.iter().map(|&name| name.to_owned()).collect();
    let lines = std::iter::once(head).chain(rows).map(|cells| line(&cells));
    let content_type = format!("{MEDIA_TYPE}; charset=utf-8; header=present");
    HttpResponse::Ok().content_type(content_type).body(lines.collect::<String>())
}

fn line(cells: &[String]) -> String {
    cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let shield = if text.starts_with(FORMULAS) { "'" } else { "" };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{shield}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{shield}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_csv_gets_it() {
        let wants =
            |value: &str| wants(std::iter::once(&HeaderValue::from_str(value).expect("a header")));
        for value in ["text/csv", "TEXT/CSV", "application/json;q=0.1, text/csv;q=0.9"] {
            assert!(wants(value), "{value}");
        }
        for value in ["", "*/*", "application/json", "text/csv;q=0", "text/csv+x"] {
            assert!(!wants(value), "{value}");
        }
    }

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        for (text, expected) in [
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("=1+1", "'=1+1"),
            ("@a,b", "\"'@a,b\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
