//! The requests of a real log in every format of a line.

use chrono::{DateTime, Utc};

use super::super::Format;
use crate::times;

const SAMPLE: &str = include_str!("../sample.log");
/// Three days of the same server, compressed (elastic/examples, Apache 2.0).
const ALL: &[u8] = include_bytes!("access.log.zst");
const SHAPES: &str = include_str!("shapes.txt");
/// Lines of a log, each of its own format.
pub(super) const LINES: Format = Format::Lines(None);

/// A line of the sample, cut at its known places.
pub(super) struct Hit {
    at: DateTime<Utc>,
    /// The name and the value of each column in a shape.
    fields: [(&'static str, String); 10],
}

impl Hit {
    /// The sample has plain lines only, so that this needs none of what is tested here.
    fn of(line: &str) -> Self {
        let fields: Vec<&str> = line.split('"').collect();
        let [before, request, sizes, referer, _, agent, ""] = fields[..] else { panic!("{line}") };
        let [method, target, version] = request.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let [status, bytes] = sizes.trim().split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let time = before.split(['[', ']']).nth(1).expect("a time");
        let fields = [
            ("address", before.split(' ').next().unwrap_or_default()),
            ("method", method),
            ("target", target),
            ("version", version),
            ("request", request),
            ("status", status),
            ("bytes", bytes),
            ("referer", referer),
            ("agent", agent),
            ("line", line),
        ];
        let fields = fields.map(|(name, text)| (name, text.to_owned()));
        Self { at: times::instant(time).expect("a time"), fields }
    }

    /// The line as it was.
    pub(super) fn line(&self) -> &str {
        self.field("line")
    }

    fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no field {name}")).1
    }

    /// What stands for a name in a shape.
    fn filled(&self, name: &str) -> String {
        match (name, name.split_once(':')) {
            (form, _) if form.starts_with('%') => self.at.format(form).to_string(),
            (_, Some(("json", rest))) => {
                let quoted = serde_json::json!(self.filled(rest)).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            (_, Some(("plus", rest))) => self.filled(rest).replace(' ', "+"),
            (_, Some(("percent", rest))) => {
                self.filled(rest).replace('%', "%25").replace(' ', "%20")
            }
            ("path", _) => self.field("target").split('?').next().unwrap_or_default().to_owned(),
            ("size", _) => self.field("bytes").replace('-', "0"),
            (name, _) => self.field(name).to_owned(),
        }
    }
}

/// The lines of the sample.
pub(super) fn hits() -> Vec<Hit> {
    hits_of(SAMPLE)
}

/// Lines of all the days of the log that the sample is from: one in this many.
pub(super) fn hits_of_all_days(one_in: usize) -> Vec<Hit> {
    let log = zstd::decode_all(ALL).expect("it is compressed");
    let hits = hits_of(std::str::from_utf8(&log).expect("UTF-8"));
    hits.into_iter().step_by(one_in).collect()
}

fn hits_of(log: &str) -> Vec<Hit> {
    log.lines().filter(|line| !line.contains('\\')).map(Hit::of).collect()
}

/// A format of a line.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) format: Format,
    /// What stands before the lines.
    pub(super) head: String,
    line: &'static str,
}

/// All of them.
pub(super) fn shapes() -> Vec<Shape> {
    SHAPES.split("\n== ").skip(1).map(Shape::of).collect()
}

impl Shape {
    fn of(block: &'static str) -> Self {
        let (title, rest) = block.split_once('\n').expect("a title");
        let (name, kind) = title.split_once(": ").expect("a kind");
        let format = match kind {
            "lines" => LINES,
            "csv" => Format::Csv,
            "json" => Format::Json,
            other => panic!("no kind {other}"),
        };
        let rest = rest.trim_end();
        let (head, line) = rest.rsplit_once('\n').map_or(("", rest), |(head, line)| (head, line));
        let head = if head.is_empty() { String::new() } else { format!("{head}\n") };
        Self { name, format, head, line }
    }

    /// A request in this format.
    pub(super) fn line(&self, hit: &Hit) -> String {
        let mut pieces = self.line.split('‹');
        let mut line = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('›').expect("it is closed");
            line.push_str(&hit.filled(name));
            line.push_str(rest);
        }
        line
    }

    /// Requests in this format, each on its line.
    pub(super) fn lines(&self, hits: &[Hit]) -> Vec<String> {
        hits.iter().map(|hit| self.line(hit)).collect()
    }

    /// A whole body.
    pub(super) fn body(&self, hits: &[Hit]) -> String {
        format!("{}{}\n", self.head, self.lines(hits).join("\n"))
    }
}
