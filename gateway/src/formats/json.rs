//! Entries as JSON: an array, an object, an object around an array, or one of these on each line.

use std::borrow::Cow;
use std::ops::Range;

use super::collector::Collector;
use super::detect::not_json;
use super::entry::Raw;
use super::extent::{extent, extent_over_lines};
use super::lines::{MARK, lines, trimmed};
use super::object::{envelope, object};
use super::scan::{Broken, Leaf, Scanner};
use super::slot::Slot;
use super::wording::Wrong;

/// How often the body may be read again to find the end of broken entries.
const MAX_READS: usize = 4;

const NO_ENTRY: &str = "must be a JSON object or a line of a log";

/// Reads a body. If it is not valid as a whole, but has an entry on each line, a broken one does
/// not affect the others, whatever is wrong with it. Otherwise, reading goes on where the next
/// entry must begin; if that is not certain, the rest of the body is one invalid entry.
pub(super) fn read(text: &str, collector: &mut Collector) {
    let (is_valid, length) = (is_valid(text), trimmed(text).len());
    let mut reader = Reader { collector, is_valid, length, budget: MAX_READS * text.len() };
    match if is_valid { None } else { by_line(text) } {
        Some(lines) => {
            let is_alone = lines.len() == 1;
            lines.into_iter().for_each(|line| reader.line(line, is_alone));
        }
        None => reader.document(text),
    }
}

/// Whether the text is a series of JSON values, each on a line of its own, after a comma, or, as shippers
/// stream them, an object right after another.
fn is_valid(text: &str) -> bool {
    let mut scanner = Scanner::new(text, 0);
    while scanner.peek().is_some() {
        if scanner.value(|_, _| {}).is_err() {
            return false;
        }
        let end = scanner.at();
        let is_apart = scanner.skip(b',') || matches!(scanner.peek(), None | Some(b'{'));
        if !is_apart && !text[end..scanner.at()].contains(['\n', MARK]) {
            return false;
        }
    }
    true
}

/// The lines of the text, without the brackets of an array around them; `None` if they are not
/// entries.
fn by_line(text: &str) -> Option<Vec<&str>> {
    let mut lines: Vec<&str> = lines(text).collect();
    let opening = lines.first().map_or(0, |first| opening(first));
    if opening > 0 && lines.len() > 1 {
        lines[0] = lines[0][opening..].trim_start();
        close(&mut lines, opening > 1);
    }
    lines.retain(|line| !line.trim_matches(',').is_empty());
    let whole = lines.iter().filter(|line| is_whole(line)).count();
    let is_by_line = match lines.first() {
        None => true,
        Some(_) if 4 * whole >= lines.len() => true,
        Some(first) => !is_opened(first) && (opening == 0 || !is_undivided(text, first)),
    };
    is_by_line.then_some(lines)
}

/// Whether the lines of an array are not its entries: there are several on the `first` one, or the
/// brackets match although the lines are torn, as by a line break in a text.
fn is_undivided(text: &str, first: &str) -> bool {
    let mut scanner = Scanner::new(first, 0);
    let has_several =
        scanner.value(|_, _| {}).is_ok() && scanner.skip(b',') && scanner.peek().is_some();
    let text = trimmed(text);
    has_several || extent_over_lines(text, 0, &mut text.len()) == Some(text.len())
}

/// Takes the closing brackets of an array off its last lines.
fn close(lines: &mut Vec<&str>, is_envelope: bool) {
    if is_envelope && lines.last() == Some(&"}") {
        lines.pop();
    }
    if let Some(last) = lines.last_mut() {
        *last = without_closing(last, is_envelope);
    }
}

/// The length of what opens an array that continues on the next lines: `[` or `{"logs":[`.
fn opening(line: &str) -> usize {
    let mut budget = usize::MAX;
    let inner = if line.starts_with('[') { Some(0) } else { envelope(line, 0) };
    match inner {
        Some(at) if extent(line, 0, &mut budget).is_none() => at + 1,
        _ => 0,
    }
}

/// The last line of an array without its closing brackets.
fn without_closing(line: &str, is_envelope: bool) -> &str {
    let is_entry = |line: &str| line.starts_with(['{', '"']) && is_whole(line);
    if is_entry(line) && line.ends_with(['}', '"']) && (!is_envelope || is_value(line)) {
        return line;
    }
    let line = match line.strip_suffix('}') {
        Some(rest) if is_envelope => rest.trim_end(),
        _ => line,
    };
    line.strip_suffix(']').unwrap_or(line).trim_end()
}

/// Whether the line looks like an entry: it begins and ends as one.
fn is_whole(line: &str) -> bool {
    let line = line.trim_matches(',').trim();
    match line.bytes().next() {
        Some(b'{') => line.ends_with('}'),
        Some(b'[') => line.ends_with(']'),
        Some(b'"') => is_value(line),
        _ => false,
    }
}

fn is_value(line: &str) -> bool {
    let mut scanner = Scanner::new(line, 0);
    scanner.value(|_, _| {}).is_ok() && scanner.peek().is_none()
}

/// Whether the line opens something that the next line continues.
fn is_opened(line: &str) -> bool {
    line.ends_with(['{', '['])
}

struct Reader<'c> {
    collector: &'c mut Collector,
    /// Whether the body is valid as a whole.
    is_valid: bool,
    /// Its length without the blanks around it.
    length: usize,
    /// How many more bytes may be looked at to find the end of broken entries.
    budget: usize,
}

/// An entry of an array or a line.
enum Item<'t> {
    Object(Box<Raw<'t>>),
    /// A line of a log.
    Text(Cow<'t, str>),
    Other,
}

impl Reader<'_> {
    /// A line that holds one entry, several objects or an array of entries. A torn array that is not the
    /// whole body is one invalid entry: the line may just as well be the end of another entry.
    fn line(&mut self, line: &str, is_alone: bool) {
        let line = trimmed(line.trim_matches(','));
        let mut scanner = Scanner::new(line, 0);
        if line.starts_with('[') {
            return match extent(line, 0, &mut self.budget) {
                Some(end) if end < line.len() => self.refuse("has text after its end", end, line),
                None if !is_alone => self.refuse("has brackets that do not match", 0, line),
                _ => self.list(&mut scanner, line),
            };
        }
        let mut start = 0;
        while start < line.len() {
            let item = item(&mut scanner);
            scanner.peek();
            let end = scanner.at();
            scanner.skip(b',');
            let next = scanner.peek();
            match item {
                Ok(item @ Item::Object(_)) if next == Some(b'{') => {
                    self.push(item, line, start..end);
                    start = scanner.at();
                    continue;
                }
                Ok(_) if next.is_some() => {
                    self.refuse("has text after its end", end, &line[start..]);
                }
                Ok(item) => self.push(item, line, start..line.len()),
                Err(broken) => match envelope(line, start) {
                    Some(at) => self.list(&mut Scanner::new(line, at), line),
                    None => self.collector.refuse(not_json(broken), &line[start..]),
                },
            }
            return;
        }
    }

    /// Values over any number of lines.
    fn document(&mut self, text: &str) {
        let mut scanner = Scanner::new(text, 0);
        while let Some(byte) = scanner.peek() {
            match byte {
                b'[' => {
                    let start = scanner.at();
                    let is_empty = self.array(&mut scanner);
                    self.count_if(is_empty, &text[start..scanner.at()]);
                }
                _ if scanner.skip(b',') => {}
                _ => self.entry(&mut scanner, text),
            }
        }
    }

    /// The entries of an array, which was `sent` with what is around it.
    fn list(&mut self, scanner: &mut Scanner<'_>, sent: &str) {
        let is_empty = self.array(scanner);
        self.count_if(is_empty, sent);
    }

    /// Counts what was sent as one entry that is not valid, if it has none, so that no line and no
    /// element vanishes. A body of nothing else is an empty batch.
    fn count_if(&mut self, is_empty: bool, sent: &str) {
        if is_empty && trimmed(sent).len() < self.length {
            self.collector.refuse(Wrong::whole("has no entries"), sent);
        }
    }

    /// Reads the entries of an array. Returns whether it is empty.
    fn array(&mut self, scanner: &mut Scanner<'_>) -> bool {
        let (text, mut is_empty) = (scanner.text(), true);
        scanner.skip(b'[');
        while scanner.peek().is_some() && !scanner.skip(b']') {
            if !scanner.skip(b',') {
                self.entry(scanner, text);
                is_empty = false;
            }
        }
        is_empty
    }

    /// One entry, up to the comma or bracket after it.
    fn entry<'t>(&mut self, scanner: &mut Scanner<'t>, text: &'t str) {
        let start = scanner.at();
        let broken = match item(scanner) {
            Ok(item) if self.is_valid || is_border(scanner.peek()) => {
                return self.push(item, text, start..scanner.at());
            }
            Ok(_) => Broken { reason: "has a comma missing behind it", at: scanner.at() },
            Err(broken) => broken,
        };
        if let Some(at) = envelope(text, start) {
            *scanner = Scanner::new(text, at);
            let is_empty = self.array(scanner);
            scanner.skip(b'}');
            return self.count_if(is_empty, &text[start..scanner.at()]);
        }
        let end = self.end(text, start);
        let wrong = not_json(broken);
        let wrong = match end {
            Some(_) => wrong,
            None => Wrong::whole(format!("{}; the rest of the array cannot be read", wrong.reason)),
        };
        let end = end.unwrap_or(text.len());
        self.collector.refuse(wrong, &text[start..end]);
        *scanner = Scanner::new(text, end);
    }

    /// The end of the broken entry at `start`, if it is certain.
    fn end(&mut self, text: &str, start: usize) -> Option<usize> {
        let is_closed = text[start..].starts_with(['{', '[', '"']);
        let behind = if is_closed { self.closed(text, start)? } else { start };
        let length = text[behind..].find([',', '[', ']', '{', '}', '"', '\n'])?;
        self.budget = self.budget.checked_sub(length)?;
        let end = behind + length;
        let next = Scanner::new(text, end).peek();
        (end > start && matches!(next, None | Some(b',' | b']'))).then_some(end)
    }

    /// The end of a value by its brackets. A text ends with its line, because the text of a torn entry
    /// would swallow the entries after it; only if the brackets then do not match, it may go on.
    fn closed(&mut self, text: &str, start: usize) -> Option<usize> {
        let end = extent(text, start, &mut self.budget);
        end.or_else(|| extent_over_lines(text, start, &mut self.budget))
    }

    /// Adds the item, which is at `place` in the text.
    fn push(&mut self, item: Item<'_>, text: &str, place: Range<usize>) {
        let sent = &text[place.clone()];
        match item {
            Item::Object(raw) if raw.has(Slot::Path) || raw.has(Slot::Line) => {
                self.collector.object(*raw, sent);
            }
            Item::Object(raw) => match envelope(text, place.start) {
                Some(at) => self.list(&mut Scanner::new(text, at), sent),
                None => self.collector.object(*raw, sent),
            },
            Item::Text(line) => self.collector.line(trimmed(&line)),
            Item::Other => self.collector.refuse(Wrong::whole(NO_ENTRY), sent),
        }
    }

    fn refuse(&mut self, reason: &'static str, at: usize, sent: &str) {
        self.collector.refuse(not_json(Broken { reason, at }), sent);
    }
}

/// Whether an entry may end before this byte; the comma may be missing before another one.
fn is_border(next: Option<u8>) -> bool {
    matches!(next, None | Some(b',' | b']' | b'{'))
}

fn item<'t>(scanner: &mut Scanner<'t>) -> Result<Item<'t>, Broken> {
    if scanner.peek() == Some(b'{') {
        return object(scanner).map(|raw| Item::Object(Box::new(raw)));
    }
    let is_text = scanner.peek() == Some(b'"');
    let mut item = Item::Other;
    scanner.value(|_, leaf| {
        if let (true, Leaf::Text(text)) = (is_text, leaf) {
            item = Item::Text(text);
        }
    })?;
    Ok(item)
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, errors, read};

    const JSON: &str = "application/json";
    const VALID: &str = r#"{"ts": 1431857103, "method": "GET", "path": "/a"}"#;

    #[test]
    fn every_value_of_an_array_is_an_entry() {
        let valid = r#"{"receivedAt": 1431857103, "method": "get", "path": "/a?b"}"#;
        let body = format!(
            r#"[{valid}, null, 1, -1, 1.5, true, "x", [[{valid}]], {{}},
                {{"time": [true], "method": 5, "path": {{"a": [null]}}, "userAgent": false}},
                {{"ts": true, "method": 5, "uri": "/", "userAgent": null}}, {valid}]"#
        );
        let batch = read(JSON, &body).expect("it is an array");
        assert_eq!(counts(&batch), ["GET /a Other", "GET /a Other"]);
        assert_eq!(batch.rejected, 10);
        let object = |index| format!("{index} entry must be a JSON object or a line of a log");
        let mut expected: Vec<String> = [1, 2, 3, 4, 5].map(object).to_vec();
        expected.push("6 entry is not a line of a known access-log format".to_owned());
        expected.push(object(7));
        expected.extend(
            [
                "8 receivedAt is required",
                "8 path is required",
                "9 time must be a string or a number",
                "9 path must be a string",
                "10 ts must be a string or a number",
                "10 method must be a string",
            ]
            .map(str::to_owned),
        );
        assert_eq!(errors(&batch), expected);
    }

    #[test]
    fn names_and_values_may_be_escaped_and_unknown_names_are_ignored() {
        let body = r#"[{"\u0074s": "1431857103", "method": "G\u0045T", "path": "\/\u00fc",
            "user_agent": "curl\/8.4.0", "time": null, "pfad": "/no", "extra": {"path": "/no"}}]"#;
        assert_eq!(counts(&read(JSON, body).expect("it is valid")), ["GET /ü curl"]);
    }

    #[test]
    fn a_list_of_headers_has_the_host_and_the_user_agent() {
        let body = r#"{"timestamp": 1747476303000, "httpRequest": {"uri": "/a", "httpMethod": "GET",
            "headers": [{"name": "Host", "value": "x.example"},
                {"name": "User-Agent", "value": "curl/8.4.0"}]}}"#;
        let batch = read(JSON, body).expect("it is valid");
        assert_eq!(counts(&batch), ["GET /a curl"]);
        assert_eq!(batch.entries[0].host.as_deref(), Some("x.example"));
    }

    #[test]
    fn a_short_message_of_gelf_may_be_a_line() {
        let line = r#"203.0.113.7 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"curl/8.4.0\""#;
        let body = format!(r#"{{"version":"1.1","host":"web-1","short_message":"{line}"}}"#);
        assert_eq!(counts(&read(JSON, &body).expect("it is valid")), ["GET /a curl"]);
    }

    #[test]
    fn every_shape_around_the_entries_is_taken() {
        let bodies = [
            format!("[{VALID},{VALID}]"),
            format!("[{VALID},{VALID},]"),
            format!("[\n{VALID},\n{VALID}\n]\n"),
            format!("[{VALID}\n,{VALID}]"),
            format!("[{VALID},\n{VALID}"),
            format!("{VALID}\n{VALID}\n"),
            format!("{VALID},\n\n  {VALID},\r\n"),
            format!("[{VALID}]\n[{VALID}]\n"),
            format!("[{VALID}]\n{VALID}"),
            format!("{{\"logs\":[{VALID},{VALID}]}}"),
            format!("{{\"logs\":[\n{VALID},\n{VALID}\n]}}"),
            format!("{{\"logs\":[{VALID},\n{VALID}]}}"),
            format!("{{\"count\": 2, \"Records\": [{VALID}, {VALID}], \"x\": 1}}"),
            format!("{{\"entries\":[{VALID}]}}\n{{\"events\":[{VALID}]}}"),
            format!("[{VALID},\n{VALID}]").replace(", ", ",\n").replace('{', "{\n"),
            format!("{VALID}\n{VALID}").replace(", ", ",\n").replace('{', "{\n"),
            format!("[{VALID} {VALID}]"),
            format!("{VALID}{VALID}"),
            format!("{VALID} {VALID}\n"),
        ];
        for body in &bodies {
            for media_type in [JSON, "application/x-ndjson", "application/jsonl"] {
                let batch = read(media_type, body).expect(body);
                assert_eq!(counts(&batch), ["GET /a Other", "GET /a Other"], "{body}");
                assert_eq!(batch.rejected, 0, "{body}: {:?}", errors(&batch));
            }
        }
        assert_eq!(counts(&read(JSON, VALID).expect("it is an object")), ["GET /a Other"]);
        for body in ["", "[]", "\n", "{\"logs\":[]}", "[\n]", "\u{feff}", "\u{feff}[]"] {
            assert_eq!(read(JSON, body).expect(body), Default::default(), "{body:?}");
        }
    }

    #[test]
    fn a_broken_entry_costs_only_itself_where_the_next_one_is_certain() {
        let broken = [
            r#"{"ts": 1, "method" "GET"}"#,
            r#"{"ts": 1, "path": "\q"}"#,
            r#"{"ts": 1,}"#,
            r#"{"ts": 01}"#,
            r#"{ts: 1}"#,
            r#"{"ts": [1 2]}"#,
            "undefined",
            r#"{"ts": 1} x"#,
            r#""abc""#,
        ];
        for broken in broken {
            for body in
                [format!("[{VALID},{broken},{VALID}]"), format!("{VALID}\n{broken}\n{VALID}")]
            {
                let batch = read(JSON, &body).expect(&body);
                assert_eq!(counts(&batch).len(), 2, "{body}: {:?}", errors(&batch));
                assert_eq!((batch.rejected, batch.errors[0].index), (1, 1), "{body}");
            }
        }
        let rest = "; the rest of the array cannot be read";
        for torn in [r#"{"ts": 1, "path": "/a"#, r#"{"ts": 1"#, r#"{"ts": 1]"#, "\"abc"] {
            let body = format!("[{VALID},{torn},{VALID},{VALID}]");
            let batch = read(JSON, &body).expect(&body);
            assert_eq!((batch.entries.len(), batch.rejected), (1, 1), "{body}");
            assert!(batch.errors[0].reason.ends_with(rest), "{body}: {:?}", errors(&batch));
        }
    }

    #[test]
    fn objects_that_follow_each_other_on_a_line_are_entries_beside_broken_lines_too() {
        let batch =
            read(JSON, &format!("{VALID}{VALID}\n{{\"ts\": 1\n{VALID}{VALID} x\n")).expect("lines");
        assert_eq!(counts(&batch).len(), 3, "{:?}", errors(&batch));
        assert_eq!(batch.rejected, 2, "{:?}", errors(&batch));
    }

    /// How many entries are accepted, and how many are not.
    fn sums(body: &str) -> (usize, usize) {
        let batch = read(JSON, body).expect(body);
        (batch.entries.len(), batch.rejected)
    }

    #[test]
    fn files_that_were_put_together_are_read_as_one() {
        for body in [
            format!("\u{feff}{VALID}\n\u{feff}{VALID}\n"),
            format!("\u{feff}{VALID}\u{feff}{VALID}"),
            format!("\u{feff}[{VALID}]\n\u{feff}[{VALID}]"),
            format!("\u{feff}[{VALID}]\u{feff}[{VALID}]"),
            format!("\u{feff}{{\"logs\":[{VALID}]}}\n\u{feff}{{\"logs\":[{VALID}]}}\n"),
            format!("[\n\u{feff}{VALID},\n\u{feff} {VALID}\n]\n\u{feff}\n"),
        ] {
            assert_eq!(sums(&body), (2, 0), "{body}");
        }
        let damaged = format!("\u{feff}{VALID}\n{{\n\u{feff}{VALID}\n\u{feff},[{VALID}]\n");
        assert_eq!(sums(&damaged), (3, 1), "a mark on each line beside a torn one");
    }

    #[test]
    fn an_empty_array_or_envelope_beside_entries_is_an_entry_that_is_not_valid() {
        for (body, expected) in [
            (format!("[\n{VALID},\n{{\"a\" 1}},\n[],\n{VALID}\n]"), (2, 2)),
            (format!("[\n{VALID},\n{{\"a\" 1}},\n{{\"logs\":[ ]}},\n{VALID}\n]"), (2, 2)),
            (format!("[{VALID},[],{VALID}]"), (2, 1)),
            (format!("[{VALID},{{\"logs\":[]}},{VALID}]"), (2, 1)),
            (format!("{VALID}\n[]\n{VALID}"), (2, 1)),
            (format!("{VALID}\n{{\"logs\":[]}}\n{VALID}"), (2, 1)),
            (format!("{VALID}\n[]\n{{\n{{\"logs\":[],\"n\" 1}}\n{VALID}"), (2, 3)),
            ("[]\n[]".to_owned(), (0, 2)),
            ("[{\"logs\":[]}]".to_owned(), (0, 1)),
            (" {\"logs\":[],\"count\":0}\n".to_owned(), (0, 0)),
        ] {
            assert_eq!(sums(&body), expected, "{body}");
        }
    }

    #[test]
    fn a_line_break_in_a_text_costs_its_own_entry_alone() {
        let broken = r#"{"ts": 1431857103, "path": "/b", "note": "a⏎b"}"#.replace('⏎', "\n");
        let pretty = |entry: &str| entry.replace("{", "{\n  ").replace(", ", ",\n  ");
        let (wide, wide_broken) = (pretty(VALID), pretty(&broken));
        for (body, expected) in [
            (format!("[{VALID},{broken},{VALID}]"), (2, 1)),
            (format!("[{broken},{VALID},{broken}]"), (1, 2)),
            (format!("{{\"logs\":[{VALID},{broken},{VALID}]}}"), (2, 1)),
            (format!("[{VALID},{broken},{VALID},{{\"ts\""), (2, 2)),
            (format!("[\n{wide},\n{wide_broken},\n{wide}\n]"), (2, 1)),
            (format!("{{\"logs\": [\n{wide},\n{wide_broken},\n{wide}\n]\n}}\n"), (2, 1)),
            (format!("[{VALID},\"a\nb\",{VALID}]"), (2, 1)),
        ] {
            assert_eq!(sums(&body), expected, "{body}");
        }
    }

    #[test]
    fn several_entries_on_each_line_of_a_broken_array_are_read() {
        let row = format!("{VALID}, {VALID}");
        let body = format!("[{row},\n{VALID},{{\"ts\" 1}},\n{row}]");
        assert_eq!(sums(&body), (5, 1));
        let envelope = format!("{{\"logs\":[\n{VALID},\n{{\"ts\" 1}},\n{VALID}\n]\n}}\n");
        assert_eq!(sums(&envelope), (2, 1));
    }

    #[test]
    fn a_torn_line_costs_only_itself() {
        for torn in [r#"{"ts": 1, "path": "/a"#, r#"{"ts": 1"#, r#"{"ts": 1]"#, "\"abc", "{", "x"] {
            let bodies = [
                format!("{VALID}\n{torn}\n{VALID}\n"),
                format!("[{VALID},\n{torn},\n{VALID}]\n"),
                format!("[\n{VALID},\n{torn},\n{VALID}\n]\n"),
                format!("{{\"logs\":[\n{VALID},\n{torn}\n,{VALID}]}}\n"),
            ];
            for body in bodies {
                let batch = read(JSON, &body).expect(&body);
                assert_eq!(counts(&batch).len(), 2, "{body}: {:?}", errors(&batch));
                assert_eq!((batch.rejected, batch.errors[0].index), (1, 1), "{body}");
            }
        }
        let glued = format!("{VALID}\n{VALID} {VALID}\n{{\"ts\": 14{VALID}\n{VALID}");
        let batch = read(JSON, &glued).expect("it is read");
        assert_eq!((counts(&batch).len(), batch.rejected), (4, 1));
    }

    #[test]
    fn a_value_that_no_number_or_text_can_be_costs_nothing_elsewhere() {
        let note = |note: &str| format!(r#"{{"ts": 1431857103, "path": "/a", "note": {note}}}"#);
        let body = ["\"\\ud83d\"", "1e999", "NaN", "-Infinity"].map(note).join(",");
        let batch = read(JSON, &format!("[{body}]")).expect("it is read");
        assert_eq!(counts(&batch), ["/a Other"; 4]);
        let body = r#"[{"ts": 1431857103, "path": "/\ud83d"}, {"ts": 1e999, "path": "/"}]"#;
        let batch = read(JSON, body).expect("it is read");
        assert_eq!((counts(&batch), batch.rejected), (vec!["/\u{fffd} Other".to_owned()], 1));
    }

    #[test]
    fn what_is_no_entry_is_one_that_is_not_valid() {
        let deep = "[".repeat(200_000);
        for body in ["null", "\"[]\"", "x", "{", "]", "}", "[{\"method\": \"G", &format!("[{deep}")]
        {
            let batch = read(JSON, body).expect("it is read");
            assert_eq!((batch.entries.len(), batch.rejected), (0, 1), "{:.40}", body);
        }
        let closed = format!("{deep}{}", "]".repeat(200_000));
        let batch = read(JSON, &closed).expect("it is an array");
        assert_eq!((batch.entries.len(), batch.rejected), (0, 1));
    }
}
