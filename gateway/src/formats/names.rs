//! Finds out from its name what a field of an entry means.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::slot::Slot;
use super::spellings::NAMES;

/// Objects around an entry or a part of it; the name of a field counts without them.
const WRAPPERS: [&str; 31] = [
    "access",
    "apache",
    "apache2",
    "attributes",
    "body",
    "context",
    "data",
    "entry",
    "event",
    "fields",
    "header",
    "headers",
    "http",
    "httprequest",
    "json",
    "jsonpayload",
    "line",
    "log",
    "logprocessed",
    "message",
    "msg",
    "nginx",
    "payload",
    "properties",
    "proxy",
    "req",
    "request",
    "requestcontext",
    "requestheaders",
    "result",
    "traefik",
];

static KNOWN: LazyLock<HashMap<&str, (Slot, usize)>> = LazyLock::new(|| {
    let ranked = |(slot, names): (Slot, &'static [&'static str])| {
        names.iter().enumerate().map(move |(rank, name)| (*name, (slot, rank)))
    };
    NAMES.into_iter().flat_map(ranked).collect()
});

/// Objects that hold what the client sent: a size in one of them is not that of the answer.
const REQUESTS: [&str; 2] = ["req", "request"];

/// Elasticsearch's name of the document. Without its underscore it is ECS's name of a client.
const DOCUMENT: &str = "_source.";
/// A field that every event of Logstash has. Without its sign it is the version of something else.
const LOGSTASH: &str = "@version";

/// What a dotted name means, and how far it is from the preferred name of that slot.
pub(super) fn known(name: &str) -> Option<(Slot, usize)> {
    let name = within_document(name);
    if name == LOGSTASH {
        return Some((Slot::Shipper, 0));
    }
    let plain = plain(name);
    let mut rest = plain.as_str();
    let (mut depth, mut is_sent) = (0, false);
    loop {
        if let Some((slot, rank)) = KNOWN.get(rest) {
            let is_answer = matches!(slot, Slot::Status | Slot::Bytes);
            return (!is_answer || !is_sent).then_some((*slot, rank + 100 * depth));
        }
        let (first, inner) = rest.split_once('.')?;
        if !WRAPPERS.contains(&first) {
            return None;
        }
        is_sent |= REQUESTS.contains(&first);
        rest = inner;
        depth += 1;
    }
}

/// The name within a document of Elasticsearch.
fn within_document(name: &str) -> &str {
    name.strip_prefix(DOCUMENT).unwrap_or(name)
}

/// Whether a field is one that a shipper adds to an entry, and not a part of what it ships.
pub(super) fn is_outermost(name: &str) -> bool {
    !within_document(name).contains('.')
}

/// Whether the last part of a dotted name is this one, in any case.
pub(super) fn ends_as(name: &str, last: &str) -> bool {
    name.rsplit('.').next().is_some_and(|own| own.eq_ignore_ascii_case(last))
}

/// Whether a name is `host` alone, which most shippers use for the machine that wrote the log or
/// for the client.
pub(super) fn is_any_host(name: &str) -> bool {
    let plain = plain(name);
    let (outer, last) = plain.rsplit_once('.').unwrap_or(("", plain.as_str()));
    let outer = outer.rsplit('.').next().unwrap_or_default();
    let is_of_request = matches!(
        outer,
        "header" | "headers" | "http" | "httprequest" | "properties" | "requestheaders"
    ) || REQUESTS.contains(&outer);
    last == "host" && !is_of_request
}

/// Lower case, without anything but letters, digits and dots.
fn plain(name: &str) -> String {
    let is_kept = |c: &char| c.is_alphanumeric() || *c == '.';
    name.chars().filter(is_kept).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(name: &str) -> Option<Slot> {
        known(name).map(|(slot, _)| slot)
    }

    #[test]
    fn every_name_is_listed_once_and_in_its_plain_form() {
        let all: Vec<_> = NAMES.iter().flat_map(|(_, names)| *names).collect();
        assert_eq!(KNOWN.len(), all.len());
        for name in all {
            assert_eq!(plain(name), *name);
        }
        assert!(WRAPPERS.is_sorted());
    }

    /// What names mean, in the spellings of many programs.
    const SPELLINGS: [(Slot, &str); 14] = [
        (
            Slot::Time,
            "@timestamp receivedAt received_at EdgeStartTimestamp time_iso8601 time_local \
             StartUTC start_time ts httpRequest.ts requestContext.requestTimeEpoch \
             __REALTIME_TIMESTAMP started_at TimeGenerated _source.@timestamp",
        ),
        (
            Slot::Method,
            "METHOD verb request_method ClientRequestMethod RequestMethod http.request.method \
             httpRequest.requestMethod request.method req.method cs-method proxy.method \
             http.method http.request.method_original request_verb ClientRequestHTTPMethodName \
             json.request_method log_processed.method event.line.method",
        ),
        (
            Slot::Path,
            "url URI request_uri path ClientRequestURI RequestPath url.original url.path \
             httpRequest.requestUrl request.uri request.url cs-uri-stem http.url_details.path \
             req.url x-envoy-origin-path properties.requestUri resourcePath",
        ),
        (Slot::Line, "request Request request_line routeKey"),
        (
            Slot::UserAgent,
            "agent http_user_agent user_agent.original userAgent request_User-Agent \
             request.headers.User-Agent cs(User-Agent) httpRequest.userAgent http.useragent \
             http.user_agent ClientRequestUserAgent http.request.header.user-agent \
             Properties.UserAgent",
        ),
        (Slot::Text, "log message MESSAGE event.original textPayload short_message result._raw"),
        (
            Slot::Status,
            "status Status status_code sc-status EdgeResponseStatus DownstreamStatus \
             http.response.status_code httpRequest.status response res.statusCode code",
        ),
        (
            Slot::Bytes,
            "bytes size body_bytes_sent sc-bytes EdgeResponseBytes DownstreamContentSize \
             http.response.body.bytes http.response.bytes httpRequest.responseSize \
             http.response.body.size http.response.size http.response_content_length",
        ),
        (
            Slot::Referer,
            "referer referrer http_referer cs(Referer) ClientRequestReferer http.request.referrer \
             request.headers.Referer request_Referer httpRequest.referer http.request.header.referer",
        ),
        (Slot::Query, "query url.query cs-uri-query args query_string requestQuery"),
        (
            Slot::Host,
            "host http_host request.host request.headers.Host ClientRequestHost RequestHost \
             x-host-header cs(Host) :authority url.domain server_name \
             server.address net.host.name properties.hostName properties.originalHost",
        ),
        (Slot::Duration, "duration Duration event.duration httpRequest.latency time-taken"),
        (Slot::Client, "remote_addr remote client_ip httpRequest.remoteIp c-ip source.ip"),
        (Slot::Shipper, "@version source_type file log.file.path _source.@version"),
    ];

    #[test]
    fn spelling_case_and_nesting_do_not_matter() {
        for (expected, names) in SPELLINGS {
            for name in names.split(' ') {
                assert_eq!(slot(name), Some(expected), "{name}");
            }
        }
    }

    #[test]
    fn a_name_of_something_else_is_unknown() {
        for name in
            "file.path version hostname source.bytes user_agent.name agent.type response.time \
            upstream.path tls.method host.name error.message http.request.bytes \
            http.request.body.bytes request.size upstream.status request.status"
                .split_ascii_whitespace()
        {
            assert_eq!(slot(name), None, "{name}");
        }
    }

    #[test]
    fn a_host_that_may_be_any_machine_is_told_from_that_of_the_request() {
        for name in ["host", "Host", "fields.host", "event.host", "log.host"] {
            assert!(is_any_host(name), "{name}");
        }
        for name in [
            "request.host",
            "http_host",
            "request.headers.Host",
            "http.host",
            "vhost",
            "properties.host",
        ] {
            assert!(!is_any_host(name), "{name}");
        }
    }

    #[test]
    fn a_name_is_preferred_to_the_same_in_an_object() {
        let rank = |name| known(name).map(|(_, rank)| rank);
        assert!(rank("method") < rank("request.method"));
        assert!(rank("receivedAt") < rank("timestamp"));
    }
}
