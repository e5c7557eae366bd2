//! Statuses, bytes, referers, hosts, queries and user agents are the same in every format that has
//! them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use common::access_log::Entry;
use proptest::prelude::*;
use serde_json::json;

use super::{Format, read};

const LINES: Format = Format::Lines(None);

/// A request as a client sent it, and what the log says of its answer.
#[derive(Clone, Debug)]
struct Hit {
    at: DateTime<Utc>,
    method: &'static str,
    path: String,
    query: Option<String>,
    status: u16,
    bytes: Option<u64>,
    milliseconds: u32,
    referer: Option<String>,
    agent: Option<String>,
    host: &'static str,
}

impl Hit {
    fn target(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}"));
        format!("{}{}", self.path, query.unwrap_or_default())
    }

    fn request(&self) -> String {
        format!("{} {} HTTP/1.1", self.method, self.target())
    }

    fn clock(&self) -> String {
        self.at.format("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    fn rfc3339(&self) -> String {
        self.at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    }

    fn seconds(&self) -> String {
        format!("{}.{:03}", self.milliseconds / 1_000, self.milliseconds % 1_000)
    }

    fn bytes(&self) -> String {
        or_hyphen(self.bytes)
    }

    fn referer(&self) -> String {
        or_hyphen(self.referer.as_ref())
    }

    fn agent(&self) -> String {
        or_hyphen(self.agent.as_ref())
    }
}

fn or_hyphen(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// What a format has of a request.
#[derive(Clone, Copy)]
enum Has {
    Bytes,
    Referer,
    Host,
    Duration,
}

use Has::{Bytes, Duration, Host, Referer};

/// The name of a format, how it is read, what stands before its lines, what it has, and a line.
type Shape = (&'static str, Format, &'static str, &'static [Has], fn(&Hit) -> String);

const ALL: &[Has] = &[Bytes, Referer, Host, Duration];

const IIS: &str = "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) \
    cs(Referer) cs-host sc-status sc-bytes time-taken\n";
const CLOUDFRONT: &str = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) \
    cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query x-host-header time-taken\n";
const CSV: &str = "time,method,url,status,bytes,referer,user_agent,vhost,duration_ms\n";

fn lines() -> Vec<Shape> {
    vec![
        ("common", LINES, "", &[Bytes], |hit| {
            format!(
                "203.0.113.7 - - [{}] \"{}\" {} {}",
                hit.clock(),
                hit.request(),
                hit.status,
                hit.bytes()
            )
        }),
        ("combined", LINES, "", &[Bytes, Referer], combined),
        ("vhost", LINES, "", ALL, |hit| {
            format!("{}:443 {} {}", hit.host, combined(hit), hit.seconds())
        }),
        ("named duration", LINES, "", &[Bytes, Referer, Duration], |hit| {
            format!("{} \"203.0.113.9\" rt={} uct=\"-\"", combined(hit), hit.seconds())
        }),
        ("traefik", LINES, "", &[Bytes, Referer, Duration], |hit| {
            let behind = "1 \"router@docker\" \"http://10.0.0.1:80\"";
            format!("{} {behind} {}ms", combined(hit), hit.milliseconds)
        }),
        ("envoy", LINES, "", &[Bytes, Host, Duration], |hit| {
            format!(
                "[{}] \"{}\" {} - 7 {} {} 2 \"203.0.113.7\" \"{}\" \"id\" \"{}\" \"10.0.0.1:80\"",
                hit.rfc3339(),
                hit.request(),
                hit.status,
                hit.bytes(),
                hit.milliseconds,
                hit.agent(),
                hit.host
            )
        }),
        ("haproxy", LINES, "", &[Bytes, Referer, Host, Duration], |hit| {
            format!(
                "haproxy[7]: 203.0.113.7:33317 [{}] web app/s1 10/0/30/69/{} {} {} - - ---- \
                 1/1/1/1/0 0/0 {{203.0.113.7|{}|{}|{}}} \"{}\"",
                hit.at.format("%d/%b/%Y:%H:%M:%S.000"),
                hit.milliseconds,
                hit.status,
                hit.bytes.unwrap_or(0),
                hit.host,
                hit.referer.as_deref().unwrap_or_default(),
                hit.agent.as_deref().unwrap_or_default(),
                hit.request()
            )
        }),
        ("s3", LINES, "", ALL, |hit| {
            format!(
                "79a5 bucket [{}] 203.0.113.7 - 3E57 REST.GET.OBJECT a.png \"{}\" {} - {} 7 {} 7 \
                 \"{}\" \"{}\" - s9lz= SigV4 ECDHE AuthHeader {} TLSv1.2 - -",
                hit.clock(),
                hit.request(),
                hit.status,
                hit.bytes(),
                hit.milliseconds,
                hit.referer(),
                hit.agent(),
                hit.host
            )
        }),
        ("alb", LINES, "", &[Bytes, Host, Duration], |hit| {
            format!(
                "https {} app/lb/50dc 203.0.113.7:2817 10.0.0.1:80 0.000 {} 0.000 {} 200 34 {} \
                 \"{} https://{}:443{} HTTP/1.1\" \"{}\" - - arn:x \"Root=1\" \"-\" \"-\" 0 {} \
                 \"forward\" \"-\" \"-\"",
                hit.rfc3339(),
                hit.seconds(),
                hit.status,
                hit.bytes(),
                hit.method,
                hit.host,
                hit.target(),
                hit.agent(),
                hit.rfc3339()
            )
        }),
        ("iis", LINES, IIS, ALL, |hit| {
            format!(
                "{} {} {} {} 203.0.113.7 {} {} {} {} {} {}",
                hit.at.format("%Y-%m-%d %H:%M:%S"),
                hit.method,
                hit.path,
                or_hyphen(hit.query.as_ref()),
                hit.agent().replace(' ', "+"),
                hit.referer(),
                hit.host,
                hit.status,
                hit.bytes(),
                hit.milliseconds
            )
        }),
        ("cloudfront", LINES, CLOUDFRONT, ALL, |hit| {
            format!(
                "{}\tLAX1\t{}\t203.0.113.7\t{}\td1.cloudfront.net\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                hit.at.format("%Y-%m-%d\t%H:%M:%S"),
                hit.bytes(),
                hit.method,
                hit.path,
                hit.status,
                hit.referer(),
                hit.agent().replace(' ', "%20"),
                or_hyphen(hit.query.as_ref()),
                hit.host,
                hit.seconds()
            )
        }),
        ("csv", Format::Csv, CSV, ALL, |hit| {
            format!(
                "{},{},\"{}\",{},{},\"{}\",\"{}\",{},{}",
                hit.rfc3339(),
                hit.method,
                hit.target(),
                hit.status,
                hit.bytes(),
                hit.referer(),
                hit.agent(),
                hit.host,
                hit.milliseconds
            )
        }),
    ]
}

fn combined(hit: &Hit) -> String {
    format!(
        "203.0.113.7 - - [{}] \"{}\" {} {} \"{}\" \"{}\"",
        hit.clock(),
        hit.request(),
        hit.status,
        hit.bytes(),
        hit.referer(),
        hit.agent()
    )
}

fn objects() -> Vec<Shape> {
    vec![
        ("nginx", Format::Json, "", ALL, |hit| {
            json!({"time_iso8601": hit.rfc3339(), "remote_addr": "203.0.113.7", "host": hit.host,
                "request": hit.request(), "status": hit.status.to_string(),
                "body_bytes_sent": hit.bytes.map(|it| it.to_string()), "bytes_sent": hit.bytes.map(|_| "999999"),
                "http_referer": hit.referer(), "http_user_agent": hit.agent(),
                "request_time": hit.seconds(), "upstream_status": "599"})
            .to_string()
        }),
        ("logstash", Format::Json, "", &[Bytes, Referer], |hit| {
            json!({"@timestamp": hit.rfc3339(), "verb": hit.method, "request": hit.target(),
                "response": hit.status.to_string(), "bytes": hit.bytes.map(|it| it.to_string()),
                "referrer": hit.referer, "agent": hit.agent, "host": "logs1.example.net"})
            .to_string()
        }),
        ("fluent bit", Format::Json, "", &[Bytes, Referer], |hit| {
            json!({"date": hit.at.timestamp(), "host": "client.example.net", "user": "-",
                "method": hit.method, "path": hit.target(), "code": hit.status.to_string(),
                "size": hit.bytes.map(|it| it.to_string()), "referer": hit.referer,
                "agent": hit.agent})
            .to_string()
        }),
        ("ecs", Format::Json, "", ALL, |hit| {
            json!({"@timestamp": hit.rfc3339(), "host": {"name": "web1.example.net"},
                "http": {"request": {"method": hit.method, "bytes": 77, "referrer": hit.referer},
                    "response": {"status_code": hit.status, "body": {"bytes": hit.bytes}}},
                "url": {"path": hit.path, "query": hit.query, "domain": hit.host},
                "user_agent": {"original": hit.agent},
                "event": {"duration": u64::from(hit.milliseconds) * 1_000_000}})
            .to_string()
        }),
        ("caddy", Format::Json, "", ALL, |hit| {
            json!({"ts": hit.at.timestamp() as f64, "msg": "handled request",
                "request": {"method": hit.method, "uri": hit.target(), "host": hit.host,
                    "remote_ip": "203.0.113.7",
                    "headers": {"User-Agent": [hit.agent], "Referer": [hit.referer]}},
                "bytes_read": 7, "status": hit.status, "size": hit.bytes,
                "duration": f64::from(hit.milliseconds) / 1_000.0})
            .to_string()
        }),
        ("traefik's json", Format::Json, "", ALL, |hit| {
            json!({"StartUTC": hit.rfc3339(), "RequestMethod": hit.method, "time": hit.rfc3339(),
                "RequestPath": hit.target(), "RequestHost": hit.host, "ClientHost": "203.0.113.7",
                "DownstreamStatus": hit.status, "OriginStatus": 599, "request_Referer": hit.referer,
                "DownstreamContentSize": hit.bytes, "OriginContentSize": 7,
                "Duration": u64::from(hit.milliseconds) * 1_000_000,
                "request_User-Agent": hit.agent})
            .to_string()
        }),
        ("cloudflare", Format::Json, "", &[Bytes, Referer, Host], |hit| {
            json!({"EdgeStartTimestamp": hit.rfc3339(), "ClientRequestMethod": hit.method,
                "ClientRequestURI": hit.target(), "ClientRequestHost": hit.host,
                "ClientRequestReferer": hit.referer, "ClientRequestUserAgent": hit.agent,
                "EdgeResponseStatus": hit.status, "EdgeResponseBytes": hit.bytes,
                "OriginResponseStatus": 599, "ClientIP": "203.0.113.7"})
            .to_string()
        }),
        ("google", Format::Json, "", ALL, |hit| {
            let url = format!("https://{}{}", hit.host, hit.target());
            json!({"timestamp": hit.rfc3339(), "severity": "INFO",
                "httpRequest": {"requestMethod": hit.method, "requestUrl": url,
                    "status": hit.status, "responseSize": hit.bytes.map(|it| it.to_string()),
                    "requestSize": "77", "referer": hit.referer, "userAgent": hit.agent,
                    "remoteIp": "203.0.113.7", "latency": format!("{}s", hit.seconds())}})
            .to_string()
        }),
        ("docker", Format::Json, "", &[Bytes, Referer], |hit| {
            json!({"log": format!("{}\n", combined(hit)), "stream": "stdout"}).to_string()
        }),
    ]
}

/// The entry that a format makes of a hit.
fn expected(hit: &Hit, has: &[Has], name: &str) -> Entry {
    let mut entry = Entry {
        at: hit.at,
        request: format!("{} {}", hit.method, hit.path),
        agent: hit.agent.clone().filter(|_| name != "common"),
        status: Some(hit.status),
        query: hit.query.clone(),
        ..Entry::default()
    };
    for has in has {
        match has {
            Bytes if name == "haproxy" => entry.bytes = Some(hit.bytes.unwrap_or(0)),
            Bytes => entry.bytes = hit.bytes,
            Referer => entry.referer.clone_from(&hit.referer),
            Host => entry.host = Some(hit.host.to_owned()),
            Duration => entry.duration_us = Some(u64::from(hit.milliseconds) * 1_000),
        }
    }
    entry
}

/// Checks a format against the hits, apart from the families.
fn check(shape: &Shape, hits: &[Hit]) {
    let (name, format, head, has, line) = shape;
    let body: Vec<String> = hits.iter().map(line).collect();
    let read = read(*format, &format!("{head}{}\n", body.join("\n"))).expect(name);
    assert_eq!((read.rejected, &read.errors[..]), (0, &[][..]), "{name}: {body:?}");
    let bare = |entry: &Entry| Entry { user_agent: String::new(), ..entry.clone() };
    let entries: Vec<Entry> = read.entries.iter().map(bare).collect();
    let expected: Vec<Entry> = hits.iter().map(|hit| expected(hit, has, name)).collect();
    assert_eq!(entries, expected, "{name}");
    let classes = entries.iter().fold(BTreeMap::<_, usize>::new(), |mut classes, entry| {
        *classes.entry(entry.status_class()).or_default() += 1;
        classes
    });
    assert_eq!(classes.values().sum::<usize>(), hits.len(), "{name}: each has one class or none");
    assert!(!body.is_empty() && !format!("{entries:?}").contains("203.0.113"), "{name}");
}

fn hit() -> impl Strategy<Value = Hit> {
    let status = (100_u16..600, proptest::option::of(0_u64..1 << 40), 0_u32..100_000);
    let texts = (
        "/[a-z]{1,8}(/[a-z]{1,8})?",
        proptest::option::of("[a-z]{1,5}=[a-z0-9]{1,5}(&[a-z]{1,3}=[0-9]{1,3})?"),
        proptest::option::of("https://[a-z]{1,8}\\.example/[a-z]{0,5}"),
        proptest::option::of("(curl/8\\.4\\.[0-9]|Mozilla/5\\.0 \\(X11\\) Firefox/12[0-9]\\.0)"),
    );
    let place = (0_i64..86_400, proptest::sample::select(vec!["GET", "POST", "HEAD"]));
    let host = proptest::sample::select(vec!["www.example.com", "shop.example.org"]);
    (status, texts, place, host).prop_map(|(answer, texts, (second, method), host)| {
        let (status, bytes, milliseconds) = answer;
        let (path, query, referer, agent) = texts;
        let at = "2025-05-01T00:00:00Z".parse::<DateTime<Utc>>().expect("a time");
        let at = at + TimeDelta::seconds(second);
        Hit { at, method, path, query, status, bytes, milliseconds, referer, agent, host }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_a_format_has_is_the_same_in_all(hits in proptest::collection::vec(hit(), 1..20)) {
        for shape in lines().iter().chain(&objects()) {
            check(shape, &hits);
        }
    }
}

proptest! {
    #[test]
    fn every_rejected_entry_is_kept_with_its_reason_or_counted(
        hits in proptest::collection::vec(hit(), 1..6),
        which in 0_usize..100,
        damage in 0_usize..40,
    ) {
        let (lines, objects) = (lines(), objects());
        let all: Vec<_> = lines.iter().chain(&objects).collect();
        let (_, format, head, _, line) = all[which % all.len()];
        let torn = |hit: &Hit| {
            let line = line(hit);
            line[..line.floor_char_boundary(line.len().saturating_sub(damage))].to_owned()
        };
        let body: Vec<String> = hits.iter().map(torn).collect();
        let read = read(*format, &format!("{head}{}\n", body.join("\n"))).expect("it is read");
        prop_assert_eq!(read.rejects.kept.len() + read.rejects.left_out, read.rejected);
        let told: Vec<_> = read.errors.iter().map(|error| error.index).collect();
        for kept in &read.rejects.kept {
            prop_assert!(!kept.text.is_empty() && !kept.reason.is_empty());
            prop_assert!(told.contains(&kept.index) || read.errors.len() == 20);
            let is_end = |c: char| c.is_whitespace() || c == ',';
            let sent = body.iter().any(|line| kept.text.contains(line.trim_matches(is_end)));
            prop_assert!(sent, "{}", kept.text);
        }
    }
}

#[test]
fn what_is_of_no_use_costs_nothing() {
    let body = json!({"ts": 1_431_857_103, "path": "/a", "status": "ok", "bytes": -1,
        "referer": 5, "query": {"a": 1}, "host": true, "duration": "soon", "agent": false});
    let read = read(Format::Json, &body.to_string()).expect("it is read");
    let bare = Entry {
        at: DateTime::from_timestamp(1_431_857_103, 0).expect("a time"),
        request: "/a".to_owned(),
        user_agent: "Other".to_owned(),
        ..Entry::default()
    };
    assert_eq!(read.entries, [bare]);
}

#[test]
fn an_address_is_never_kept_as_a_host() {
    let lines = [
        r#"{"ts": 1431857103, "path": "/", "host": "203.0.113.7", "client": "x"}"#,
        r#"{"ts": 1431857103, "path": "/", "http_host": "203.0.113.7:80"}"#,
        r#"{"ts": 1431857103, "path": "/", "host": "client.example.net"}"#,
        r#"203.0.113.7 - a b [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"client.example.net - a b [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"[2001:db8::1]:443 2001:db8::2 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"203.0.113.7 10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
    ];
    for line in lines {
        let read = read(LINES, line).expect("it is read");
        assert_eq!((read.entries.len(), read.entries[0].host.as_deref()), (1, None), "{line}");
    }
}
