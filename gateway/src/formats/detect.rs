//! Finds the format of each line: a batch may mix them.

use std::borrow::Cow;

use super::entry::Raw;
use super::object::object;
use super::preset::Preset;
use super::scan::{Broken, Scanner};
use super::slot::Slot;
use super::w3c::{self, Layout};
use super::wording::{Reason, Wrong};
use super::{alb, colours, combined, envoy, haproxy, prefix, s3};

/// How many layers of envelopes, such as a container's JSON around a line of syslog, are opened.
const MAX_LAYERS: usize = 4;

/// Recognizes lines.
#[derive(Debug, Default)]
pub(super) struct Recognizer {
    /// The only format, if the client has named it.
    preset: Option<Preset>,
    /// The columns that the last `#Fields` line has named.
    layout: Option<Layout>,
    /// The day of the last `#Date` line.
    day: Option<String>,
}

impl Recognizer {
    pub(super) fn new(preset: Option<Preset>) -> Self {
        Self { preset, layout: None, day: None }
    }

    /// A rejected line without the cells of users and clients, if the columns of the line are known.
    pub(super) fn without_people<'a>(&self, line: &'a str) -> Cow<'a, str> {
        match self.layout.as_ref().filter(|_| !line.starts_with('{')) {
            Some(layout) => layout.without_people(line),
            None => w3c::without_people(line),
        }
    }

    /// The fields of a line; `None` if it is a directive, which is not an entry.
    pub(super) fn line<'a>(&mut self, line: &'a str) -> Result<Option<Raw<'a>>, Wrong> {
        self.within(line, MAX_LAYERS)
    }

    /// An object as it is, or the line in it if it has nothing else.
    pub(super) fn unwrapped<'a>(&mut self, raw: Raw<'a>) -> Result<Raw<'a>, Wrong> {
        self.opened(raw, MAX_LAYERS)
    }

    fn within<'a>(&mut self, line: &'a str, layers: usize) -> Result<Option<Raw<'a>>, Wrong> {
        match colours::without(line) {
            Some(plain) => Ok(self.plain(plain.trim(), layers)?.map(Raw::into_owned)),
            None => self.plain(line, layers),
        }
    }

    /// A line without colours.
    fn plain<'a>(&mut self, line: &'a str, layers: usize) -> Result<Option<Raw<'a>>, Wrong> {
        if w3c::is_directive(line) {
            self.layout = Layout::of(line).or(self.layout.take());
            self.day = w3c::day(line).or(self.day.take());
            return Ok(None);
        }
        let mut bare = line;
        for _ in 0..=MAX_LAYERS {
            if bare.starts_with('{') {
                return self.opened(whole_object(bare)?, layers).map(Some);
            }
            if let Some(raw) = self.bare(bare) {
                return Ok(Some(raw));
            }
            let Some(rest) = prefix::without(bare) else { break };
            bare = rest;
        }
        Err(Wrong::whole(self.not_a_line()))
    }

    /// A line without anything before it.
    fn bare<'a>(&self, line: &'a str) -> Option<Raw<'a>> {
        let (layout, day) = (self.layout.as_ref(), self.day.as_deref());
        match self.preset {
            Some(Preset::Alb) => alb::raw(line),
            Some(Preset::Combined) => combined::raw(line),
            Some(Preset::Envoy) => envoy::raw(line),
            Some(Preset::Haproxy) => haproxy::raw(line),
            Some(Preset::S3) => s3::raw(line),
            Some(Preset::W3c) => w3c::raw(line, layout, day),
            None => combined::raw(line)
                .or_else(|| w3c::raw(line, layout, day))
                .or_else(|| envoy::raw(line))
                .or_else(|| haproxy::raw(line))
                .or_else(|| alb::raw(line))
                .or_else(|| s3::raw(line)),
        }
    }

    fn opened<'a>(&mut self, raw: Raw<'a>, layers: usize) -> Result<Raw<'a>, Wrong> {
        let is_parsed = raw.has(Slot::Line) || (raw.has(Slot::Method) && raw.has(Slot::Path));
        let Some((name, line)) = raw.line_within().filter(|_| !is_parsed && layers > 0) else {
            return Ok(raw);
        };
        let inner = self.within(line, layers - 1).map(|inner| inner.map(Raw::into_owned));
        match inner {
            Ok(Some(inner)) => Ok(inner.or_time_of(&raw)),
            Ok(None) | Err(_) if raw.has(Slot::Path) => Ok(raw),
            Ok(None) => Err(Wrong::with(name, "is a directive, not a line")),
            Err(wrong) => Err(Wrong::with(name, wrong.reason)),
        }
    }

    fn not_a_line(&self) -> Reason {
        match self.preset {
            Some(preset) => format!("is not a line of the format {:?}", preset.as_str()).into(),
            None => "is not a line of a known access-log format".into(),
        }
    }
}

/// The object, if the whole line is one.
pub(super) fn whole_object(line: &str) -> Result<Raw<'_>, Wrong> {
    let mut scanner = Scanner::new(line, 0);
    let raw = object(&mut scanner).map_err(not_json)?;
    if scanner.peek().is_some() {
        let (reason, at) = ("has text after its end", scanner.at());
        return Err(not_json(Broken { reason, at }));
    }
    Ok(raw)
}

/// What is wrong with an entry that is not JSON.
pub(super) fn not_json(Broken { reason, at }: Broken) -> Wrong {
    Wrong::whole(format!("is not valid JSON: it {reason}, at byte {at}"))
}
