//! The same requests have the same counts in every format, and whatever is damaged, no line
//! vanishes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::json;

use super::lines::trimmed;
use super::{Format, ReadEntries, read};
use crate::times;

const SAMPLE: &str = include_str!("sample.log");

/// A line of the sample, cut at its known places.
struct Hit {
    address: String,
    at: DateTime<Utc>,
    method: String,
    target: String,
    version: String,
    status: String,
    bytes: String,
    referer: String,
    user_agent: String,
    line: String,
}

impl Hit {
    /// The sample has plain lines only, so that this needs none of what is tested here.
    fn of(line: &str) -> Self {
        let fields: Vec<&str> = line.split('"').collect();
        let [before, request, sizes, referer, _, user_agent, ""] = fields[..] else {
            panic!("{line}");
        };
        let words: Vec<&str> = before.split([' ', '[', ']']).collect();
        let [method, target, version] = request.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let [status, bytes] = sizes.trim().split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let time = before.split(['[', ']']).nth(1).expect("a time");
        Self {
            address: words[0].to_owned(),
            at: times::instant(time).expect("a time"),
            method: method.to_owned(),
            target: target.to_owned(),
            version: version.to_owned(),
            status: status.to_owned(),
            bytes: bytes.to_owned(),
            referer: referer.to_owned(),
            user_agent: user_agent.to_owned(),
            line: line.to_owned(),
        }
    }

    fn request(&self) -> String {
        format!("{} {} {}", self.method, self.target, self.version)
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn time(&self, format: &str) -> String {
        self.at.format(format).to_string()
    }

    fn rfc3339(&self) -> String {
        self.time("%Y-%m-%dT%H:%M:%S.000Z")
    }

    fn nanoseconds(&self) -> i64 {
        self.at.timestamp_nanos_opt().expect("a time of this century")
    }
}

fn hits() -> Vec<Hit> {
    SAMPLE.lines().filter(|line| !line.contains('\\')).map(Hit::of).collect()
}

/// The counts of the lines as they are.
fn expected(hits: &[Hit]) -> BTreeMap<(i64, String, String), usize> {
    let lines: Vec<&str> = hits.iter().map(|hit| hit.line.as_str()).collect();
    let read = read(LINES, &lines.join("\n")).expect("it is read");
    assert_eq!((read.entries.len(), read.rejected), (hits.len(), 0));
    counts(&read)
}

/// How often each minute, request and family occurs.
fn counts(read: &ReadEntries) -> BTreeMap<(i64, String, String), usize> {
    let mut counts = BTreeMap::new();
    for entry in &read.entries {
        let key = (entry.at.timestamp(), entry.request.clone(), entry.user_agent.clone());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

type Shape = (&'static str, Format, &'static str, fn(&Hit) -> String);

const LINES: Format = Format::Lines(None);

/// Each format of a line: its name, how it is read, what stands before the lines, and a line.
fn shapes() -> Vec<Shape> {
    vec![
        ("combined", LINES, "", |hit| hit.line.clone()),
        ("vhost", LINES, "", |hit| format!("www.example.com:80 {}", hit.line)),
        ("response time", LINES, "", |hit| format!("{} 0.004", hit.line)),
        ("forwarded for", LINES, "", |hit| {
            format!("{} \"203.0.113.9, 10.0.0.1\" rt=0.004 uct=\"-\"", hit.line)
        }),
        ("ingress", LINES, "", |hit| {
            format!("{} 512 0.004 [default-web-80] [] 10.0.0.1:80 5 0.004 200 0a1b", hit.line)
        }),
        ("syslog", LINES, "", |hit| format!("<134>May 17 10:05:03 web1 nginx: {}", hit.line)),
        ("syslog of RFC 5424", LINES, "", |hit| {
            format!("<134>1 2015-05-17T10:05:03Z web1 nginx 12 - [a@1 b=\"c\"] {}", hit.line)
        }),
        ("container", LINES, "", |hit| format!("2025-05-17T10:05:03.1Z stdout F {}", hit.line)),
        ("envoy", LINES, "", |hit| {
            format!(
                "[{}] \"{}\" {} - 0 {} 12 11 \"{}\" \"{}\" \"cc21\" \"x.example\" \"10.0.0.1:80\"",
                hit.rfc3339(),
                hit.request(),
                hit.status,
                hit.bytes,
                hit.address,
                hit.user_agent
            )
        }),
        ("istio", LINES, "", |hit| {
            format!(
                "[{}] \"{}\" {} - via_upstream - \"-\" 0 {} 12 11 \"-\" \"{}\" \"cc21\" \
                 \"x.example\" \"10.0.0.1:80\" inbound|80|| - 10.0.0.1:80 - - default",
                hit.rfc3339(),
                hit.request(),
                hit.status,
                hit.bytes,
                hit.user_agent
            )
        }),
        ("haproxy", LINES, "", |hit| {
            format!(
                "haproxy[7]: {}:33317 [{}] web app/s1 10/0/30/69/109 {} {} - - ---- 1/1/1/1/0 0/0 \
                 {{x.example|{}}} \"{}\"",
                hit.address,
                hit.time("%d/%b/%Y:%H:%M:%S.000"),
                hit.status,
                hit.bytes.replace('-', "0"),
                hit.user_agent,
                hit.request()
            )
        }),
        ("alb", LINES, "", |hit| {
            format!(
                "https {} app/lb/50dc {}:2817 10.0.0.1:80 0.000 0.001 0.000 {} 200 34 {} \
                 \"{} https://x.example:443{} {}\" \"{}\" - - arn:x \"Root=1\" \"-\" \"-\" 0 {} \
                 \"forward\" \"-\" \"-\"",
                hit.rfc3339(),
                hit.address,
                hit.status,
                hit.bytes,
                hit.method,
                hit.target,
                hit.version,
                hit.user_agent,
                hit.rfc3339()
            )
        }),
        ("s3", LINES, "", |hit| {
            format!(
                "79a5 bucket [{}] {} - 3E57 REST.GET.OBJECT a.png \"{}\" {} - {} - 7 - \"{}\" \
                 \"{}\" - s9lz= SigV4 - - x.example TLSv1.2 - -",
                hit.time("%d/%b/%Y:%H:%M:%S +0000"),
                hit.address,
                hit.request(),
                hit.status,
                hit.bytes,
                hit.referer,
                hit.user_agent
            )
        }),
        (
            "iis",
            LINES,
            "#Software: x\n#Version: 1.0\n#Fields: date time s-ip cs-method cs-uri-stem \
             cs-uri-query c-ip cs(User-Agent) sc-status time-taken\n",
            |hit| {
                format!(
                    "{} 10.0.0.5 {} {} - {} {} {} 15",
                    hit.time("%Y-%m-%d %H:%M:%S"),
                    hit.method,
                    hit.path(),
                    hit.address,
                    hit.user_agent.replace(' ', "+"),
                    hit.status
                )
            },
        ),
        ("cloudfront", LINES, "", |hit| {
            format!(
                "{}\tLAX1\t392\t{}\t{}\td1.cloudfront.net\t{}\t{}\t-\t{}\t-\t-\tHit",
                hit.time("%Y-%m-%d\t%H:%M:%S"),
                hit.address,
                hit.method,
                hit.path(),
                hit.status,
                hit.user_agent.replace('%', "%25").replace(' ', "%20")
            )
        }),
        ("csv", Format::Csv, "Timestamp,Method,Path,User Agent\n", |hit| {
            format!("{},{},\"{}\",\"{}\"", hit.rfc3339(), hit.method, hit.target, hit.user_agent)
        }),
        ("semicolons", Format::Csv, "time_local;request;http_user_agent\n", |hit| {
            format!(
                "{};\"{}\";\"{}\"",
                hit.time("%d/%b/%Y:%H:%M:%S +0000"),
                hit.request(),
                hit.user_agent
            )
        }),
        ("tabs", Format::Csv, "date\ttime\tcs-method\tcs-uri-stem\tcs(User-Agent)\n", |hit| {
            format!(
                "{}\t{}\t{}\t{}",
                hit.time("%Y-%m-%d\t%H:%M:%S"),
                hit.method,
                hit.target,
                hit.user_agent
            )
        }),
        ("vector", Format::Json, "", |hit| {
            json!({"timestamp": hit.rfc3339(), "method": hit.method, "path": hit.target,
                "agent": hit.user_agent})
            .to_string()
        }),
        ("fluent bit", Format::Json, "", |hit| {
            json!({"date": hit.at.timestamp() as f64, "method": hit.method, "path": hit.target,
                "agent": hit.user_agent})
            .to_string()
        }),
        ("logstash", Format::Json, "", |hit| {
            json!({"@timestamp": hit.rfc3339(), "path": "/var/log/apache2/access.log",
                "verb": hit.method, "request": hit.target, "httpversion": "1.1",
                "agent": hit.user_agent, "message": hit.line})
            .to_string()
        }),
        ("nginx", Format::Json, "", |hit| {
            json!({"time_iso8601": hit.time("%Y-%m-%dT%H:%M:%S+00:00"), "request_time": "0.004",
                "request": hit.request(), "uri": "/index.php", "status": hit.status,
                "http_user_agent": hit.user_agent})
            .to_string()
        }),
        ("ecs", Format::Json, "", |hit| {
            json!({"@timestamp": hit.rfc3339(), "http": {"request": {"method": hit.method}},
                "url": {"original": hit.target}, "event": {"duration": 4_000},
                "log": {"file": {"path": "/var/log/nginx/access.log"}},
                "user_agent": {"original": hit.user_agent, "name": "x"}})
            .to_string()
        }),
        ("ecs with dots", Format::Json, "", |hit| {
            json!({"@timestamp": hit.rfc3339(), "http.request.method": hit.method,
                "url.path": hit.path(), "user_agent.original": hit.user_agent})
            .to_string()
        }),
        ("caddy", Format::Json, "", |hit| {
            json!({"level": "info", "ts": hit.at.timestamp() as f64, "msg": "handled request",
                "request": {"method": hit.method, "uri": hit.target, "host": "x.example",
                    "headers": {"User-Agent": [hit.user_agent], "Accept": ["*/*"]}},
                "duration": 0.003, "status": 200})
            .to_string()
        }),
        ("traefik", Format::Json, "", |hit| {
            json!({"RequestMethod": hit.method, "RequestPath": hit.target, "Duration": 1_234,
                "StartUTC": hit.rfc3339(), "request_User-Agent": hit.user_agent, "msg": "",
                "time": hit.rfc3339()})
            .to_string()
        }),
        ("cloudflare", Format::Json, "", |hit| {
            json!({"EdgeStartTimestamp": hit.nanoseconds(), "ClientRequestMethod": hit.method,
                "ClientRequestURI": hit.target, "ClientRequestUserAgent": hit.user_agent,
                "EdgeResponseStatus": 200})
            .to_string()
        }),
        ("google", Format::Json, "", |hit| {
            json!({"httpRequest": {"requestMethod": hit.method,
                    "requestUrl": format!("https://x.example{}", hit.target),
                    "userAgent": hit.user_agent, "latency": "0.004s"},
                "insertId": "1", "timestamp": hit.rfc3339(), "severity": "INFO"})
            .to_string()
        }),
        ("docker", Format::Json, "", |hit| {
            json!({"log": format!("{}\n", hit.line), "stream": "stdout",
                "time": "2026-01-01T00:00:00Z"})
            .to_string()
        }),
        ("docker around json", Format::Json, "", |hit| {
            let inner = json!({"method": hit.method, "path": hit.target, "ua": hit.user_agent});
            json!({"log": format!("{inner}\n"), "time": hit.rfc3339()}).to_string()
        }),
        ("journald", Format::Json, "", |hit| {
            json!({"__REALTIME_TIMESTAMP": "1747476303000000", "_COMM": "nginx",
                "MESSAGE": format!("nginx: {}", hit.line)})
            .to_string()
        }),
        ("docker as text", LINES, "", |hit| {
            json!({"log": hit.line, "stream": "stdout"}).to_string()
        }),
    ]
}

fn body((_, _, head, line): &Shape, hits: &[Hit]) -> String {
    let lines: Vec<String> = hits.iter().map(line).collect();
    format!("{head}{}\n", lines.join("\n"))
}

#[test]
fn the_same_requests_have_the_same_counts_in_every_format() {
    let hits = hits();
    assert!(hits.len() >= 300);
    let expected = expected(&hits);
    for shape in shapes() {
        let read = read(shape.1, &body(&shape, &hits)).expect(shape.0);
        assert_eq!((read.rejected, &read.errors[..]), (0, &[][..]), "{}", shape.0);
        let counts = counts(&read);
        let differs = counts.iter().find(|(key, count)| expected.get(key) != Some(count));
        assert_eq!(differs, None, "{}", shape.0);
        assert_eq!(counts, expected, "{}", shape.0);
    }
}

#[test]
fn the_same_requests_have_the_same_counts_in_every_shape_of_json() {
    let hits = hits();
    let expected = expected(&hits);
    for (name, _, _, line) in shapes().into_iter().filter(|shape| shape.1 == Format::Json) {
        let lines: Vec<String> = hits.iter().map(line).collect();
        let bodies = [
            format!("[{}]", lines.join(",")),
            format!("[\n{}\n]\n", lines.join(",\n")),
            format!("{{\"logs\":[{}]}}", lines.join(",")),
            format!("{{\"records\": [\n{}\n]}}", lines.join(",\n")),
            format!("[{}]\n[{}]\n", lines[..9].join(","), lines[9..].join(",")),
        ];
        for body in bodies {
            let read = read(Format::Json, &body).expect(name);
            assert_eq!((read.rejected, counts(&read)), (0, expected.clone()), "{name}");
        }
    }
}

#[test]
fn a_batch_may_mix_all_formats_of_lines() {
    let hits = hits();
    let shapes = shapes();
    let lines = shapes.iter().filter(|shape| shape.1 == LINES && shape.2.is_empty());
    let bodies: Vec<String> = lines.map(|shape| body(shape, &hits[..20])).collect();
    let mixed: Vec<String> = (0..20)
        .flat_map(|at| {
            bodies.iter().map(move |body| body.lines().nth(at).expect("a line").to_owned())
        })
        .collect();
    let read = read(LINES, &mixed.join("\n")).expect("it is read");
    assert_eq!((read.entries.len(), read.rejected), (20 * bodies.len(), 0));
}

#[test]
fn a_preset_reads_its_own_lines_only() {
    let hits = hits();
    for shape in shapes().iter().filter(|shape| shape.1 == LINES) {
        for name in ["combined", "envoy", "haproxy", "alb", "s3", "w3c"] {
            let format = Format::named(name).expect("it is known");
            let read = read(format, &body(shape, &hits[..5])).expect(name);
            assert_eq!(read.entries.len() + read.rejected, 5, "{name} {}", shape.0);
            if shape.0 == name {
                assert_eq!(read.rejected, 0, "{name}");
            }
        }
    }
}

/// A change to one line, which never adds or removes a line.
#[derive(Clone, Debug)]
enum Damage {
    Cut(f64),
    Behead(f64),
    Insert(f64, &'static str),
    Delete(f64),
    /// The line is cut, and itself glued on.
    Glue(f64),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0.0..1.0;
    let piece = proptest::sample::select(vec![
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ";",
        "\t",
        "'",
        ":",
        "\u{0}",
        "é",
        "\u{1f600}",
        "#",
        "\\ud83d",
        "] \"",
        "\"\"",
        "1e999",
        "-",
    ]);
    prop_oneof![
        place().prop_map(Damage::Cut),
        place().prop_map(Damage::Behead),
        (place(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        place().prop_map(Damage::Delete),
        place().prop_map(Damage::Glue),
    ]
}

fn damaged(line: &str, damage: &Damage) -> String {
    let place =
        |at: f64| line.ceil_char_boundary(((line.len() as f64 * at) as usize).clamp(1, line.len()));
    match *damage {
        Damage::Cut(at) => line[..place(at)].to_owned(),
        Damage::Behead(at) => line[line.floor_char_boundary(place(at) - 1)..].to_owned(),
        Damage::Insert(at, piece) => {
            format!("{}{piece}{}", &line[..place(at)], &line[place(at)..])
        }
        Damage::Delete(at) => {
            let at = place(at);
            let next = line[at..].chars().next().map_or(0, char::len_utf8);
            format!("{}{}", &line[..at], &line[at + next..])
        }
        Damage::Glue(at) => format!("{}{line}", &line[..place(at)]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_line_vanishes_whatever_is_damaged(
        wanted in 0_usize..1_000,
        from in 0_usize..280,
        damages in proptest::collection::vec((0_usize..12, damage()), 0..8),
    ) {
        let (hits, shapes) = (hits(), shapes());
        let shape = &shapes[wanted % shapes.len()];
        let mut lines: Vec<String> = hits[from..from + 12].iter().map(shape.3).collect();
        for (at, damage) in &damages {
            lines[*at] = damaged(&lines[*at], damage);
        }
        // A blank line is none, and a comma between two lines of JSON is none.
        let is_json = shape.1 == Format::Json;
        let is_line = |line: &&String| {
            !trimmed(line).trim_matches(|c| is_json && c == ',').is_empty()
        };
        let count = lines.iter().filter(is_line).count();
        let check = |body: String| {
            let read = read(shape.1, &body).expect(shape.0);
            let sum = read.entries.len() + read.rejected;
            prop_assert_eq!(sum, count, "{} {}", shape.0, body);
            prop_assert!(read.rejected <= damages.len(), "{} {} {:?}", shape.0, body, read.errors);
            Ok(())
        };
        check(format!("{}{}", shape.2, lines.join("\n")))?;
        if shape.1 == Format::Json {
            check(format!("[\n{}\n]", lines.join(",\n")))?;
            check(format!("{{\"logs\": [\n{}\n]}}", lines.join(",\n")))?;
        }
    }
}
