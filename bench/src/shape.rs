//! What is sent: records of a certain shape, each with an id of its own.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// How many sites, pages and users there are; and of lines, how many a request has.
const SITES: u64 = 1_000;
const PAGES: u64 = 50;
const USERS: u64 = 5_000;
/// Of a history, of which a thousand events have all days, pages and users.
const FEW: u64 = 10;
pub(crate) const LINES: u64 = 1_000;
/// The days over which records are spread.
const DAYS: u64 = 25;
/// The letters of a large payload.
const PAYLOAD: usize = 4_096;
/// 2025-06-01, in seconds since 1970.
const START: i64 = 1_748_736_000;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Events of one site and one day.
    OneDay,
    /// Events of one site, spread evenly over 25 days.
    ManyDays,
    /// The same of few pages and users, who come from several sites and campaigns.
    History,
    /// Events of one day and 1,000 sites.
    ManyTenants,
    /// Events with 4 KiB of payload each.
    Payload,
    /// Texts of 2,000 characters with personal data in them.
    Texts,
    /// Texts of one line.
    ShortTexts,
    /// Lines of an access log: a thousand within a minute, of 50 pages.
    Dense,
    /// Lines over 25 days, each of another page and minute.
    Sparse,
}

/// Which route takes a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Events,
    Texts,
    Lines,
}

impl Shape {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::OneDay | Self::ManyDays | Self::History | Self::ManyTenants | Self::Payload => {
                Kind::Events
            }
            Self::Texts | Self::ShortTexts => Kind::Texts,
            Self::Dense | Self::Sparse => Kind::Lines,
        }
    }

    /// The records of a request.
    pub(crate) fn records(self) -> u64 {
        if self.kind() == Kind::Lines { LINES } else { 1 }
    }

    /// The sites that the records of a run belong to.
    pub(crate) fn sites(self, run: &str) -> Vec<String> {
        match self {
            Self::ManyTenants => (0..SITES).map(|site| format!("{run}.{site}")).collect(),
            _ => vec![format!("{run}.0")],
        }
    }

    /// The path, with the site where only the path can name it, and the media type.
    pub(crate) fn route(self, run: &str) -> (String, &'static str) {
        match self.kind() {
            Kind::Events => ("/event".to_owned(), "application/json"),
            Kind::Texts => ("/ingest".to_owned(), "application/json"),
            Kind::Lines => (format!("/logs?tenant_id={run}.0"), "text/plain"),
        }
    }

    /// Writes the body of request `n` of a run.
    pub(crate) fn write(self, run: &str, n: u64, body: &mut String) {
        body.clear();
        // Writing to a string cannot fail.
        let _ = match self.kind() {
            Kind::Events => self.event(run, n, body),
            Kind::Texts => text(run, n, if self == Self::Texts { 20 } else { 1 }, body),
            Kind::Lines => (n * LINES..(n + 1) * LINES).try_for_each(|line| self.line(line, body)),
        };
    }

    fn event(self, run: &str, n: u64, body: &mut String) -> std::fmt::Result {
        let site = if self == Self::ManyTenants { n % SITES } else { 0 };
        let day = if matches!(self, Self::ManyDays | Self::History) { n % DAYS } else { 0 };
        let (pages, users) = if self == Self::History { (FEW, FEW) } else { (PAGES, USERS) };
        let at = time((day * 86_400 + scatter(n) % 86_400).cast_signed());
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (page, user) = (scatter(n + 1) % pages, scatter(n + 2) % users);
        write!(
            body,
            r#"{{"site_id":"{run}.{site}","event_id":"{run}-{n}","event_type":"page_view","path":"/pages/{page}","user_id":"user-{user}","timestamp":"{at}","payload":{{"#
        )?;
        if self == Self::Payload {
            body.push_str(r#""text":""#);
            body.extend(std::iter::repeat_n('x', PAYLOAD));
            body.push('"');
        }
        if self == Self::History {
            let from = scatter(n + 3) % FEW;
            write!(
                body,
                r#""referrer":"https://site-{from}.example/","utm_campaign":"campaign-{from}""#
            )?;
        }
        body.push_str("}}");
        Ok(())
    }

    /// A line in the combined format.
    fn line(self, n: u64, body: &mut String) -> std::fmt::Result {
        let (seconds, page) = match self {
            Self::Sparse => (scatter(n) % (DAYS * 86_400), n),
            _ => (n / 20, scatter(n) % PAGES),
        };
        let at = time(seconds.cast_signed()).format("%d/%b/%Y:%H:%M:%S +0000");
        let (host, bytes) = (n % 250, 500 + n % 5_000);
        writeln!(
            body,
            r#"192.0.2.{host} - - [{at}] "GET /pages/{page} HTTP/1.1" 200 {bytes} "-" "{FIREFOX}""#
        )
    }
}

fn text(run: &str, n: u64, lines: u64, body: &mut String) -> std::fmt::Result {
    write!(body, r#"{{"tenant_id":"{run}.0","log_id":"{run}-{n}","text":""#)?;
    for line in 0..lines {
        write!(
            body,
            "line {line} of {n}: user-{}@example.com called 555-0199 from 192.0.2.{line} and waited for it\\n",
            scatter(n) % USERS
        )?;
    }
    body.push_str(r#""}"#);
    Ok(())
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(START + seconds)
}

/// Numbers that look random and are the same in every run.
fn scatter(n: u64) -> u64 {
    (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 29) ^ n.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn events(shape: Shape, count: u64) -> Vec<serde_json::Value> {
        let mut body = String::new();
        let event = |n| {
            shape.write("run", n, &mut body);
            serde_json::from_str(&body).expect("JSON")
        };
        (0..count).map(event).collect()
    }

    fn distinct(events: &[serde_json::Value], field: &str, bytes: usize) -> usize {
        let value = |event: &serde_json::Value| {
            event[field].as_str().map(|value| value.chars().take(bytes).collect::<String>())
        };
        events.iter().filter_map(value).collect::<HashSet<_>>().len()
    }

    #[test]
    fn records_are_spread_as_their_shape_says() {
        for (shape, days, sites) in [
            (Shape::OneDay, 1, 1),
            (Shape::ManyDays, 25, 1),
            (Shape::ManyTenants, 1, 1_000),
            (Shape::Payload, 1, 1),
        ] {
            let events = events(shape, 2_000);
            assert_eq!(distinct(&events, "timestamp", 10), days, "{shape:?}");
            assert_eq!(distinct(&events, "site_id", 99), sites, "{shape:?}");
            assert_eq!(distinct(&events, "event_id", 99), 2_000, "{shape:?}");
            assert_eq!(distinct(&events, "path", 99), 50, "{shape:?}");
        }
    }

    #[test]
    fn a_thousand_events_of_a_history_have_all_its_days_pages_and_users() {
        let events = events(Shape::History, 1_000);
        for (field, count) in [("path", FEW), ("user_id", FEW), ("payload", FEW)] {
            let values: HashSet<_> = events.iter().map(|event| event[field].to_string()).collect();
            assert_eq!(values.len() as u64, count, "{field}");
        }
        assert_eq!(distinct(&events, "timestamp", 10) as u64, DAYS);
    }

    #[test]
    fn a_request_has_a_thousand_lines() {
        for shape in [Shape::Dense, Shape::Sparse] {
            let mut body = String::new();
            shape.write("run", 3, &mut body);
            assert_eq!(body.lines().count(), 1_000);
        }
    }
}
