//! What all formats share: the raw fields of an entry, their checks, and the entry they make.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use common::access_log::{Entry, UNREADABLE};
use common::host::{host_name, host_of};

use super::details::{bytes, duration_us, query, status};
use super::field::Field;
use super::names::{ends_as, is_any_host, is_outermost};
use super::paths::{own_path, page, path};
use super::percent;
use super::request_line::{RequestLine, is_method, request_line};
use super::slot::Slot;
use super::tokens::unquoted;
use super::user_agent::{Families, OTHER};
use super::wording::{Reason, Wrong};
use crate::extractors::limits;

use crate::times;

/// The field of AWS's API Gateway with the key of a route.
const ROUTE: &str = "routeKey";
/// The types of a time, and of a method and a path.
const TIME_TYPES: &str = "must be a string or a number";
const TEXT_TYPES: &str = "must be a string";
/// The rank of a value that all others are preferred to.
const LAST: usize = usize::MAX;

/// A value for a slot, under the name that it was sent with.
#[derive(Clone, Debug)]
struct Candidate<'a> {
    name: Cow<'a, str>,
    /// The lower, the better.
    rank: usize,
    value: Field<'a>,
}

/// The fields of an entry as the format found them: for each slot its candidates, the preferred one
/// first. An unusable candidate yields to the next one.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw<'a> {
    slots: [Vec<Candidate<'a>>; Slot::COUNT],
    /// Whether a path is there, but blank.
    has_blank_path: bool,
    /// The first names of a time, a method and a path whose values were objects or arrays.
    nested: Vec<(Slot, Box<str>)>,
}

impl<'a> Raw<'a> {
    /// The fields of a line, by their places, in a format without names.
    pub(super) fn of(time: &'a str, line: Cow<'a, str>, user_agent: Cow<'a, str>) -> Self {
        let mut raw = Self::default();
        raw.put(Slot::Time, Field::text(time));
        raw.put(Slot::Line, Field::Text(line));
        raw.put(Slot::UserAgent, Field::Text(user_agent));
        raw
    }

    /// The same, with the texts at further places.
    pub(super) fn with<const N: usize>(mut self, texts: [(Slot, Cow<'a, str>); N]) -> Self {
        for (slot, text) in texts {
            self.put(slot, Field::Text(text));
        }
        self
    }

    /// Sets the only candidate that a format has for a slot.
    pub(super) fn put(&mut self, slot: Slot, value: Field<'a>) {
        self.add(slot, 0, slot.name().into(), value);
    }

    /// Adds a candidate. A blank text counts as missing, but a blank request line is one.
    pub(super) fn add(&mut self, slot: Slot, rank: usize, name: Cow<'a, str>, value: Field<'a>) {
        if slot != Slot::Line && value.as_text() == Some("") {
            self.has_blank_path |= slot == Slot::Path;
            return;
        }
        if slot == Slot::Line && ends_as(&name, ROUTE) {
            return self.add_route(&name, &value);
        }
        let Some(value) = usable(slot, &name, value) else { return };
        let candidates = &mut self.slots[slot as usize];
        let at = candidates.partition_point(|candidate| candidate.rank < rank);
        let candidate = Candidate { name, rank, value };
        match candidates.get_mut(at) {
            Some(same) if same.rank == rank => *same = candidate,
            _ => candidates.insert(at, candidate),
        }
    }

    /// Remembers that an object or an array has the name of a slot, for the error if nothing else is of
    /// use there. Those of other slots cost no entry, and `request` is also what its parts are in.
    pub(super) fn note_nested(&mut self, slot: Slot, name: &str) {
        let is_checked = matches!(slot, Slot::Time | Slot::Method | Slot::Path);
        if is_checked && self.nested_name(slot).is_none() {
            self.nested.push((slot, name.into()));
        }
    }

    fn nested_name(&self, slot: Slot) -> Option<&str> {
        self.nested.iter().find(|(of, _)| *of == slot).map(|(_, name)| &**name)
    }

    /// Adds the method and the path of a route's key, such as `GET /a`, which others are preferred to.
    fn add_route(&mut self, name: &str, route: &Field<'_>) {
        let route = route.as_text().map(request_line);
        if let Some(RequestLine::Request(method, path)) = route {
            for (slot, text) in [(Slot::Method, method), (Slot::Path, path)] {
                self.add(slot, LAST, name.to_owned().into(), Field::text(text.to_owned()));
            }
        }
    }

    /// Whether there is a value for the slot.
    pub(super) fn has(&self, slot: Slot) -> bool {
        !self.slots[slot as usize].is_empty()
    }

    /// The line of a log in the entry, with the name of its field.
    pub(super) fn line_within(&self) -> Option<(&str, &str)> {
        let texts = self.slots[Slot::Text as usize].iter();
        texts.filter_map(|text| Some((&*text.name, text.value.as_text()?))).next()
    }

    /// Takes the times of the entry around it if it has none itself.
    pub(super) fn or_time_of(mut self, outer: &Raw<'a>) -> Self {
        if !self.has(Slot::Time) {
            self.slots[Slot::Time as usize].clone_from(&outer.slots[Slot::Time as usize]);
        }
        self
    }

    /// A copy that borrows nothing.
    pub(super) fn into_owned(self) -> Raw<'static> {
        let owned = |Candidate { name, rank, value }: Candidate<'_>| Candidate {
            name: Cow::Owned(name.into_owned()),
            rank,
            value: value.into_owned(),
        };
        let slots = self.slots.map(|slot| slot.into_iter().map(owned).collect());
        Raw { slots, has_blank_path: self.has_blank_path, nested: self.nested }
    }

    /// The entry, or all of its errors.
    pub(super) fn check(
        self,
        now: DateTime<Utc>,
        families: &mut Families,
    ) -> Result<Entry, Vec<Wrong>> {
        match (self.time(now), self.request()) {
            (Ok(at), Ok(request)) => {
                let family = self.user_agent().map_or(OTHER, |agent| families.of(agent));
                Ok(self.details(Entry {
                    at,
                    request,
                    user_agent: family.to_owned(),
                    ..Entry::default()
                }))
            }
            (at, request) => Err([at.err(), request.err()].into_iter().flatten().collect()),
        }
    }

    fn candidates(&self, slot: Slot) -> impl Iterator<Item = &Candidate<'a>> {
        self.slots[slot as usize].iter()
    }

    /// The first usable text of a slot.
    fn texts(&self, slot: Slot) -> impl Iterator<Item = &str> {
        self.candidates(slot).filter_map(|candidate| candidate.value.as_text())
    }

    fn time(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, Wrong> {
        let mut first = None;
        for candidate in self.candidates(Slot::Time) {
            match check_time(&candidate.value, now) {
                Ok(time) => return Ok(time),
                Err(reason) => first = first.or(Some(Wrong::with(&candidate.name, reason))),
            }
        }
        let wrong = first.unwrap_or_else(|| self.missing(Slot::Time, TIME_TYPES));
        self.date_and_time().filter(|time| limits::time(*time, now).is_ok()).ok_or(wrong)
    }

    /// What is wrong where nothing was of use for a slot: nothing is there, or nothing of these types.
    fn missing(&self, slot: Slot, types: &'static str) -> Wrong {
        match self.nested_name(slot) {
            Some(name) => Wrong::with(name, types),
            None => Wrong::with(slot.name(), "is required"),
        }
    }

    /// The time of an entry whose date and time of day are separate.
    fn date_and_time(&self) -> Option<DateTime<Utc>> {
        let days = || self.texts(Slot::Time).filter(|text| times::day(text).is_some());
        let mut clocks = self.texts(Slot::Time).filter(|text| text.contains(':'));
        clocks.find_map(|clock| days().find_map(|day| times::instant(&format!("{day} {clock}"))))
    }

    /// What is counted: the method and the path, the path alone, or the class of requests that
    /// have neither.
    fn request(&self) -> Result<String, Wrong> {
        let line = self.texts(Slot::Line).next().map(request_line);
        if let Some(RequestLine::Request(method, target)) = line {
            return Ok(asked(method, target));
        }
        let target = match line {
            Some(RequestLine::Target(target)) => Some(target),
            _ => self.texts(Slot::Path).find(|path| *path != "-"),
        };
        let Some(target) = target else { return self.without_target(line.is_some()) };
        let request = match self.method()? {
            Method::Known(method) => return Ok(asked(&method, target)),
            Method::Missing if target.contains(" HTTP/") => match request_line(target) {
                RequestLine::Request(method, target) => return Ok(asked(method, target)),
                RequestLine::Target(target) => page(target),
                RequestLine::Unreadable => None,
            },
            Method::Missing => page(target),
            Method::Unreadable => None,
        };
        Ok(request.unwrap_or_else(|| UNREADABLE.to_owned()))
    }

    fn without_target(&self, has_line: bool) -> Result<String, Wrong> {
        let is_blank = self.has_blank_path && (self.has(Slot::Status) || self.has(Slot::Method));
        if has_line || is_blank || self.texts(Slot::Path).next().is_some() {
            return Ok(UNREADABLE.to_owned());
        }
        Err(match self.candidates(Slot::Path).chain(self.candidates(Slot::Line)).next() {
            Some(path) => Wrong::with(&path.name, TEXT_TYPES),
            None => self.missing(Slot::Path, TEXT_TYPES),
        })
    }

    fn method(&self) -> Result<Method, Wrong> {
        let mut texts = self.texts(Slot::Method).filter(|text| *text != "-").peekable();
        let is_sent = texts.peek().is_some();
        if let Some(method) = texts.find(|text| is_method(text)) {
            return Ok(Method::Known(method.to_owned()));
        }
        match self.candidates(Slot::Method).next() {
            Some(_) if is_sent => Ok(Method::Unreadable),
            Some(method) if method.value.as_text().is_none() => {
                Err(Wrong::with(&method.name, TEXT_TYPES))
            }
            None if self.nested_name(Slot::Method).is_some() => {
                Err(self.missing(Slot::Method, TEXT_TYPES))
            }
            _ => Ok(Method::Missing),
        }
    }

    fn user_agent(&self) -> Option<&str> {
        self.texts(Slot::UserAgent).next().map(unquoted)
    }

    /// The entry, with what the log says about the request and its answer.
    fn details(&self, entry: Entry) -> Entry {
        let said = |slot| self.texts(slot).map(unquoted).find(|text| !matches!(*text, "-" | ""));
        Entry {
            agent: said(Slot::UserAgent).map(str::to_owned),
            status: self.plain(Slot::Status).find_map(status),
            bytes: self.plain(Slot::Bytes).find_map(bytes),
            duration_us: self.duration_us(),
            host: self.host(),
            query: self.query(),
            referer: said(Slot::Referer).map(str::to_owned),
            ..entry
        }
    }

    /// The texts and numbers of a slot.
    fn plain(&self, slot: Slot) -> impl Iterator<Item = &str> {
        self.candidates(slot).filter_map(|candidate| candidate.value.as_plain())
    }

    /// A duration that has its own slot, or is under the name of a time.
    fn duration_us(&self) -> Option<u64> {
        let candidates = self.candidates(Slot::Duration).chain(self.candidates(Slot::Time));
        let mut named = candidates.filter_map(|it| Some((&*it.name, it.value.as_plain()?)));
        let is_seconds = |name: &str| name == "duration" && self.is_of_caddy();
        named.find_map(|(name, text)| match text.contains(['.', 'e']) && is_seconds(name) {
            true => duration_us("durationseconds", text),
            false => duration_us(name, text),
        })
    }

    /// Whether the entry has the shape of Caddy's, whose `duration` is in seconds.
    fn is_of_caddy(&self) -> bool {
        let has = |slot, is_name: fn(&str) -> bool| {
            self.candidates(slot).any(|candidate| is_name(&candidate.name))
        };
        let is_within = |name: &str| name.starts_with("request.");
        has(Slot::Time, |name| name == "ts")
            && (has(Slot::Path, is_within) || has(Slot::Host, is_within))
    }

    /// The request line's target, or the paths.
    fn targets(&self) -> impl Iterator<Item = &str> {
        let line = self.texts(Slot::Line).next().map(request_line);
        let target = match line {
            Some(RequestLine::Request(_, target) | RequestLine::Target(target)) => Some(target),
            _ => None,
        };
        target.into_iter().chain(self.texts(Slot::Path))
    }

    /// The query of the target, or the log's separate one.
    fn query(&self) -> Option<String> {
        let of_target = self.targets().next().and_then(query);
        let apart = self.texts(Slot::Query).filter(|text| !matches!(*text, "-" | "?"));
        let apart = apart.map(|text| text.strip_prefix('?').unwrap_or(text));
        let mut queries =
            of_target.into_iter().chain(apart).chain(self.targets().filter_map(query));
        queries.next().map(str::to_owned)
    }

    /// The host that the request was for. A field called just `host` is this one if the client has
    /// a field of its own, unless a shipper has added it.
    fn host(&self) -> Option<String> {
        let is_shipper = |name: &str| self.has(Slot::Shipper) && is_outermost(name);
        let is_of_request =
            |name: &str| !is_any_host(name) || (self.has(Slot::Client) && !is_shipper(name));
        let named = self.candidates(Slot::Host).filter(|host| is_of_request(&host.name));
        let mut hosts = named.filter_map(|host| host_name(host.value.as_text()?));
        hosts.next().or_else(|| self.targets().find_map(host_of))
    }
}

enum Method {
    Known(String),
    Missing,
    Unreadable,
}

/// A value as it counts for its slot; `None` if it is of no use there.
fn usable<'a>(slot: Slot, name: &str, value: Field<'a>) -> Option<Field<'a>> {
    Some(match (slot, value) {
        (Slot::UserAgent, Field::Text(text)) => Field::Text(percent::agent(text)),
        (Slot::Path, Field::Text(text)) => Field::Text(path(name, text)?),
        (_, value) => value,
    })
}

/// A request as it is counted.
fn asked(method: &str, target: &str) -> String {
    match page(own_path(target)) {
        Some(page) => format!("{} {page}", method.to_ascii_uppercase()),
        None => UNREADABLE.to_owned(),
    }
}

fn check_time(field: &Field<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Reason> {
    let time = match field {
        Field::Text(text) => times::instant(text),
        Field::Number(digits) => {
            times::instant(digits).or_else(|| digits.parse().ok().and_then(times::epoch))
        }
        Field::Other => return Err(TIME_TYPES.into()),
    };
    let time = time.ok_or(times::FORMS)?;
    limits::time(time, now)?;
    Ok(time)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::formats::names::known;

    fn now() -> DateTime<Utc> {
        "2026-01-15T12:00:00Z".parse().expect("it is a time")
    }

    fn checked(fields: &[(&str, &str)]) -> Result<Entry, Vec<Wrong>> {
        let mut raw = Raw::default();
        for (name, text) in fields {
            let number = text.strip_prefix('#').map(|digits| Field::Number(digits.into()));
            let value = number.unwrap_or_else(|| Field::text((*text).to_owned()));
            let (slot, rank) = known(name).expect("a known name");
            raw.add(slot, rank, (*name).to_owned().into(), value);
        }
        raw.check(now(), &mut Families::default())
    }

    fn counted(fields: &[(&str, &str)]) -> String {
        let entry = checked(&[&[("ts", "1431857103")], fields].concat()).expect("it is valid");
        format!("{} {}", entry.request, entry.user_agent)
    }

    fn wrong(fields: &[(&str, &str)]) -> Vec<String> {
        let wrong = checked(fields).expect_err("it is not valid");
        wrong.into_iter().map(|wrong| format!("{} {}", wrong.field, wrong.reason)).collect()
    }

    #[test]
    fn a_time_is_read_from_a_text_and_from_a_number() {
        for time in [
            "2015-05-17T10:05:03+0000",
            "2015-05-17 12:05:03,000+02",
            "17/May/2015:10:05:03 +0000",
            "1431857103",
            "#1431857103",
            "#1431857103.0",
            "#1.431857103e9",
            "#1431857103000",
            "#1431857103000000",
            "#1431857103000000000",
        ] {
            let entry = checked(&[("receivedAt", time), ("path", "/")]).expect(time);
            assert_eq!(entry.at.timestamp(), 1_431_857_103, "{time}");
        }
    }

    #[test]
    fn a_time_that_is_none_is_refused_under_the_name_that_was_sent() {
        let past = "must not be before the year 2000";
        let ahead = "must not be more than 24 hours in the future";
        for (time, reason) in [
            ("1999-12-31T23:59:59Z", past),
            ("2026-01-16T12:00:01Z", ahead),
            ("#0.003", past),
            ("yesterday", times::FORMS),
            ("#-1", times::FORMS),
        ] {
            let fields = [("Event_Time", time), ("path", "/")];
            assert_eq!(wrong(&fields), [format!("Event_Time {reason}")]);
        }
        let last = (now() + TimeDelta::hours(24)).to_rfc3339();
        for time in ["2000-01-01T00:00:00Z", &last] {
            assert!(checked(&[("ts", time), ("path", "/")]).is_ok(), "{time}");
        }
        assert_eq!(wrong(&[]), ["receivedAt is required", "path is required"]);
    }

    #[test]
    fn a_field_that_is_of_no_use_yields_to_the_next_name() {
        let at = |fields: &[(&str, &str)]| {
            let entry = checked(&[fields, &[("path", "/")]].concat()).expect("it is valid");
            entry.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        };
        let [first, second, third] = [1, 2, 3].map(|n| format!("2026-01-15T00:00:0{n}Z"));
        assert_eq!(at(&[("ts", &first)]), first);
        assert_eq!(at(&[("ts", &first), ("time", &second), ("@timestamp", &third)]), third);
        assert_eq!(at(&[("receivedAt", &first), ("timestamp", &second)]), first);
        assert_eq!(at(&[("receivedAt", &first), ("receivedAt", &second)]), second);
        assert_eq!(at(&[("receivedAt", ""), ("ts", &second)]), second);
        assert_eq!(at(&[("time", "#0.003"), ("ts", &second)]), second);
        assert_eq!(at(&[("timestamp", "soon"), ("ts", &second)]), second);
        assert_eq!(at(&[("date", "2026-01-15"), ("time", "00:00:02")]), second);
        assert_eq!(
            counted(&[("path", "-"), ("url", "/a"), ("method", "-"), ("verb", "put")]),
            "PUT /a Other"
        );
        assert_eq!(counted(&[("path", "#5"), ("url", "/a")]), "/a Other");
    }

    #[test]
    fn a_request_comes_from_its_parts_or_from_its_first_line() {
        let cases: [(&[(&str, &str)], &str); 26] = [
            (&[("method", "get"), ("path", "/a?b")], "GET /a"),
            (&[("path", "/a")], "/a"),
            (&[("request", "GET /a HTTP/1.1")], "GET /a"),
            (&[("request", "GET /a HTTP/1.1"), ("path", "/index.php")], "GET /a"),
            (&[("request", "/a"), ("verb", "POST"), ("path", "/var/log/x.log")], "POST /a"),
            (&[("request", "https://x.example/a")], "/a"),
            (&[("request", ""), ("request_method", ""), ("uri", "")], UNREADABLE),
            (&[("request", "-")], UNREADABLE),
            (&[("request", "\u{16}\u{3}")], UNREADABLE),
            (&[("request", "-"), ("path", "/a")], "/a"),
            (&[("method", "-"), ("path", "-")], UNREADABLE),
            (&[("method", "\u{16}\u{3}"), ("path", "/")], UNREADABLE),
            (&[("method", "M-SEARCH"), ("path", "*")], "M-SEARCH *"),
            (&[("method", "GET"), ("path", "https://x.example/a?b")], "GET /a"),
            (&[("method", "GET"), ("path", ""), ("status", "400")], UNREADABLE),
            (&[("method", "GET"), ("path", " ")], UNREADABLE),
            (&[("path", ""), ("status", "#400")], UNREADABLE),
            (&[("path", ""), ("url", "/a"), ("status", "400")], "/a"),
            (&[("request", "GET /a HTTP/9.9")], UNREADABLE),
            (&[("path", "GET /a HTTP/9.9")], UNREADABLE),
            (&[("path", "javascript:alert(1)")], UNREADABLE),
            (&[("method", "GET"), ("path", "data:text/html,x")], UNREADABLE),
            (&[("request", "GET about:blank HTTP/1.1")], UNREADABLE),
            (&[("method", "GET"), ("path", "//h.example/a")], "GET /h.example/a"),
            (&[("request", "GET //h.example/a HTTP/1.1")], "GET /h.example/a"),
            (&[("path", "//h.example/a")], "/a"),
        ];
        for (fields, request) in cases {
            assert_eq!(counted(fields), format!("{request} Other"), "{fields:?}");
        }
    }

    #[test]
    fn a_field_of_the_wrong_type_is_refused_under_its_name() {
        let time = ("ts", "1431857103");
        assert_eq!(wrong(&[time, ("requestUrl", "#5")]), ["requestUrl must be a string"]);
        assert_eq!(wrong(&[time, ("verb", "#5"), ("path", "/")]), ["verb must be a string"]);
    }

    #[test]
    fn an_object_under_the_name_of_a_field_is_named_in_the_error() {
        let wrong = |json: &str| {
            let raw = crate::formats::detect::whole_object(json).expect("JSON");
            let wrong = raw.check(now(), &mut Families::default()).expect_err(json);
            let wrong = wrong.into_iter().map(|wrong| format!("{} {}", wrong.field, wrong.reason));
            wrong.collect::<Vec<_>>().join("; ")
        };
        for (json, expected) in [
            (r#""timestamp":{"x":1},"path":"/a""#, "timestamp must be a string or a number"),
            (r#""Event_Time":[],"path":"/a""#, "Event_Time must be a string or a number"),
            (r#""ts":1431857103,"url":{"a":5}"#, "url must be a string"),
            (r#""ts":1431857103,"http":{"url":[[1]]}"#, "http.url must be a string"),
            (r#""ts":1431857103,"verb":{},"path":"/a""#, "verb must be a string"),
            (r#""ts":1431857103,"request":{"host":"x"}"#, "path is required"),
            (
                r#""ts":{"a":1},"url":{"a":5}"#,
                "ts must be a string or a number; url must be a string",
            ),
        ] {
            assert_eq!(wrong(&format!("{{{json}}}")), expected, "{json}");
        }
    }

    #[test]
    fn an_object_may_be_a_time() {
        for time in [
            r#"{"$date":"2015-05-17T10:05:03Z"}"#,
            r#"{"$date":{"$numberLong":"1431857103000"}}"#,
            r#"{"seconds":1431857103,"nanos":5}"#,
            r#"{ "seconds" : "1431857103" }"#,
        ] {
            let json = format!(r#"{{"timestamp":{time},"path":"/a","url":{{"a":5}}}}"#);
            let raw = crate::formats::detect::whole_object(&json).expect("JSON");
            let entry = raw.check(now(), &mut Families::default()).expect(&json);
            assert_eq!(entry.at.timestamp(), 1_431_857_103, "{json}");
        }
    }

    #[test]
    fn a_user_agent_of_any_kind_is_counted() {
        for (agent, family) in [
            ("curl/8.4.0", "curl"),
            ("curl/8.4.0\nx", "curl"),
            ("#5", "Other"),
            ("-", "Other"),
            ("", "Other"),
        ] {
            let fields = [("path", "/"), ("User-Agent", agent)];
            assert_eq!(counted(&fields), format!("/ {family}"), "{agent}");
        }
    }
}
