//! Each format that has details of a request, and a line or an object of it.

use serde_json::json;

use super::super::Format;
use super::detail_hits::Hit;
use super::shapes::LINES;

/// What a format has of a request.
#[derive(Clone, Copy)]
pub(super) enum Has {
    Bytes,
    Referer,
    Host,
    Duration,
}

use Has::{Bytes, Duration, Host, Referer};

const ALL: &[Has] = &[Bytes, Referer, Host, Duration];

/// A format of a request.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) format: Format,
    /// What stands before the lines.
    pub(super) head: &'static str,
    pub(super) has: &'static [Has],
    /// Writes a request.
    pub(super) line: fn(&Hit) -> String,
}

/// All of them.
pub(super) const SHAPES: [Shape; 21] = [
    lines("common", &[Bytes], common),
    lines("combined", &[Bytes, Referer], combined),
    lines("vhost", ALL, vhost),
    lines("named duration", &[Bytes, Referer, Duration], named_duration),
    lines("traefik", &[Bytes, Referer, Duration], traefik),
    lines("envoy", &[Bytes, Host, Duration], envoy),
    lines("haproxy", ALL, haproxy),
    lines("s3", ALL, s3),
    lines("alb", &[Bytes, Host, Duration], alb),
    Shape { head: IIS, ..lines("iis", ALL, iis) },
    Shape { head: CLOUDFRONT, ..lines("cloudfront", ALL, cloudfront) },
    Shape { name: "csv", format: Format::Csv, head: CSV, has: ALL, line: csv },
    objects("nginx", ALL, nginx),
    objects("logstash", &[Bytes, Referer], logstash),
    objects("fluent bit", &[Bytes, Referer], fluent_bit),
    objects("ecs", ALL, ecs),
    objects("caddy", ALL, caddy),
    objects("traefik's json", ALL, traefik_json),
    objects("cloudflare", &[Bytes, Referer, Host], cloudflare),
    objects("google", ALL, google),
    objects("docker", &[Bytes, Referer], docker),
];

const IIS: &str = "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) \
    cs(Referer) cs-host sc-status sc-bytes time-taken\n";
const CLOUDFRONT: &str = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) \
    cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query x-host-header time-taken\n";
const CSV: &str = "time,method,url,status,bytes,referer,user_agent,vhost,duration_ms\n";

const fn lines(name: &'static str, has: &'static [Has], line: fn(&Hit) -> String) -> Shape {
    Shape { name, format: LINES, head: "", has, line }
}

const fn objects(name: &'static str, has: &'static [Has], line: fn(&Hit) -> String) -> Shape {
    Shape { name, format: Format::Json, head: "", has, line }
}

fn common(hit: &Hit) -> String {
    let (clock, request, status) = (hit.clock(), hit.request(), hit.status);
    format!("203.0.113.7 - - [{clock}] \"{request}\" {status} {}", hit.bytes())
}

fn combined(hit: &Hit) -> String {
    format!("{} \"{}\" \"{}\"", common(hit), hit.referer(), hit.agent())
}

fn vhost(hit: &Hit) -> String {
    format!("{}:443 {} {}", hit.host, combined(hit), hit.seconds())
}

fn named_duration(hit: &Hit) -> String {
    format!("{} \"203.0.113.9\" rt={} uct=\"-\"", combined(hit), hit.seconds())
}

fn traefik(hit: &Hit) -> String {
    let behind = "1 \"router@docker\" \"http://10.0.0.1:80\"";
    format!("{} {behind} {}ms", combined(hit), hit.milliseconds)
}

fn envoy(hit: &Hit) -> String {
    let Hit { status, milliseconds, host, .. } = hit;
    let (at, request, bytes, agent) = (hit.rfc3339(), hit.request(), hit.bytes(), hit.agent());
    format!(
        "[{at}] \"{request}\" {status} - 7 {bytes} {milliseconds} 2 \"203.0.113.7\" \"{agent}\" \
         \"id\" \"{host}\" \"10.0.0.1:80\""
    )
}

fn haproxy(hit: &Hit) -> String {
    let Hit { status, milliseconds, host, .. } = hit;
    let (at, request) = (hit.at.format("%d/%b/%Y:%H:%M:%S.000"), hit.request());
    let bytes = hit.bytes.unwrap_or(0);
    let referer = hit.referer.as_deref().unwrap_or_default();
    let agent = hit.agent.as_deref().unwrap_or_default();
    format!(
        "haproxy[7]: 203.0.113.7:33317 [{at}] web app/s1 10/0/30/69/{milliseconds} {status} \
         {bytes} - - ---- 1/1/1/1/0 0/0 {{203.0.113.7|{host}|{referer}|{agent}}} \"{request}\""
    )
}

fn s3(hit: &Hit) -> String {
    let Hit { status, milliseconds, host, .. } = hit;
    let (clock, request, bytes) = (hit.clock(), hit.request(), hit.bytes());
    let (referer, agent) = (hit.referer(), hit.agent());
    format!(
        "79a5 bucket [{clock}] 203.0.113.7 - 3E57 REST.GET.OBJECT a.png \"{request}\" {status} - \
         {bytes} 7 {milliseconds} 7 \"{referer}\" \"{agent}\" - s9lz= SigV4 ECDHE AuthHeader \
         {host} TLSv1.2 - -"
    )
}

fn alb(hit: &Hit) -> String {
    let Hit { status, method, host, .. } = hit;
    let (at, seconds, bytes) = (hit.rfc3339(), hit.seconds(), hit.bytes());
    let (target, agent) = (hit.target(), hit.agent());
    format!(
        "https {at} app/lb/50dc 203.0.113.7:2817 10.0.0.1:80 0.000 {seconds} 0.000 {status} 200 \
         34 {bytes} \"{method} https://{host}:443{target} HTTP/1.1\" \"{agent}\" - - arn:x \
         \"Root=1\" \"-\" \"-\" 0 {at} \"forward\" \"-\" \"-\""
    )
}

fn iis(hit: &Hit) -> String {
    let Hit { method, path, host, status, milliseconds, .. } = hit;
    let (at, query, bytes) = (hit.at.format("%Y-%m-%d %H:%M:%S"), hit.query(), hit.bytes());
    let (agent, referer) = (hit.agent().replace(' ', "+"), hit.referer());
    format!(
        "{at} {method} {path} {query} 203.0.113.7 {agent} {referer} {host} {status} {bytes} \
         {milliseconds}"
    )
}

fn cloudfront(hit: &Hit) -> String {
    let Hit { method, path, status, host, .. } = hit;
    let (at, query, bytes) = (hit.at.format("%Y-%m-%d\t%H:%M:%S"), hit.query(), hit.bytes());
    let (agent, referer, seconds) = (hit.agent().replace(' ', "%20"), hit.referer(), hit.seconds());
    format!(
        "{at}\tLAX1\t{bytes}\t203.0.113.7\t{method}\td1.cloudfront.net\t{path}\t{status}\t\
         {referer}\t{agent}\t{query}\t{host}\t{seconds}"
    )
}

fn csv(hit: &Hit) -> String {
    let Hit { method, status, host, milliseconds, .. } = hit;
    let (at, target, bytes) = (hit.rfc3339(), hit.target(), hit.bytes());
    let (referer, agent) = (hit.referer(), hit.agent());
    format!(
        "{at},{method},\"{target}\",{status},{bytes},\"{referer}\",\"{agent}\",{host},\
         {milliseconds}"
    )
}

fn nginx(hit: &Hit) -> String {
    json!({"time_iso8601": hit.rfc3339(), "remote_addr": "203.0.113.7", "host": hit.host,
        "request": hit.request(), "status": hit.status.to_string(),
        "body_bytes_sent": hit.byte_digits(), "bytes_sent": hit.bytes.map(|_| "999999"),
        "http_referer": hit.referer(), "http_user_agent": hit.agent(),
        "request_time": hit.seconds(), "upstream_status": "599"})
    .to_string()
}

fn logstash(hit: &Hit) -> String {
    json!({"@timestamp": hit.rfc3339(), "verb": hit.method, "request": hit.target(),
        "response": hit.status.to_string(), "bytes": hit.byte_digits(),
        "referrer": hit.referer, "agent": hit.agent, "host": "logs1.example.net"})
    .to_string()
}

fn fluent_bit(hit: &Hit) -> String {
    json!({"date": hit.at.timestamp(), "host": "client.example.net", "user": "-",
        "method": hit.method, "path": hit.target(), "code": hit.status.to_string(),
        "size": hit.byte_digits(), "referer": hit.referer, "agent": hit.agent})
    .to_string()
}

fn ecs(hit: &Hit) -> String {
    json!({"@timestamp": hit.rfc3339(), "host": {"name": "web1.example.net"},
        "http": {"request": {"method": hit.method, "bytes": 77, "referrer": hit.referer},
            "response": {"status_code": hit.status, "body": {"bytes": hit.bytes}}},
        "url": {"path": hit.path, "query": hit.query, "domain": hit.host},
        "user_agent": {"original": hit.agent}, "event": {"duration": hit.nanoseconds()}})
    .to_string()
}

fn caddy(hit: &Hit) -> String {
    json!({"ts": hit.at.timestamp() as f64, "msg": "handled request",
        "request": {"method": hit.method, "uri": hit.target(), "host": hit.host,
            "remote_ip": "203.0.113.7",
            "headers": {"User-Agent": [hit.agent], "Referer": [hit.referer]}},
        "bytes_read": 7, "status": hit.status, "size": hit.bytes,
        "duration": f64::from(hit.milliseconds) / 1_000.0})
    .to_string()
}

fn traefik_json(hit: &Hit) -> String {
    json!({"StartUTC": hit.rfc3339(), "RequestMethod": hit.method, "time": hit.rfc3339(),
        "RequestPath": hit.target(), "RequestHost": hit.host, "ClientHost": "203.0.113.7",
        "DownstreamStatus": hit.status, "OriginStatus": 599, "request_Referer": hit.referer,
        "DownstreamContentSize": hit.bytes, "OriginContentSize": 7,
        "Duration": hit.nanoseconds(), "request_User-Agent": hit.agent})
    .to_string()
}

fn cloudflare(hit: &Hit) -> String {
    json!({"EdgeStartTimestamp": hit.rfc3339(), "ClientRequestMethod": hit.method,
        "ClientRequestURI": hit.target(), "ClientRequestHost": hit.host,
        "ClientRequestReferer": hit.referer, "ClientRequestUserAgent": hit.agent,
        "EdgeResponseStatus": hit.status, "EdgeResponseBytes": hit.bytes,
        "OriginResponseStatus": 599, "ClientIP": "203.0.113.7"})
    .to_string()
}

fn google(hit: &Hit) -> String {
    let url = format!("https://{}{}", hit.host, hit.target());
    json!({"timestamp": hit.rfc3339(), "severity": "INFO",
        "httpRequest": {"requestMethod": hit.method, "requestUrl": url,
            "status": hit.status, "responseSize": hit.byte_digits(), "requestSize": "77",
            "referer": hit.referer, "userAgent": hit.agent, "remoteIp": "203.0.113.7",
            "latency": format!("{}s", hit.seconds())}})
    .to_string()
}

fn docker(hit: &Hit) -> String {
    json!({"log": format!("{}\n", combined(hit)), "stream": "stdout"}).to_string()
}
