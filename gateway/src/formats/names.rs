//! Finds out from its name what a field of an entry means.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::slot::Slot;
use super::spellings::NAMES;

/// Objects around an entry or a part of it; the name of a field counts without them.
const WRAPPERS: [&str; 25] = [
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
    "headers",
    "http",
    "httprequest",
    "jsonpayload",
    "log",
    "message",
    "msg",
    "nginx",
    "payload",
    "proxy",
    "req",
    "request",
    "requestcontext",
    "requestheaders",
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

/// What a dotted name means, and how far it is from the preferred name of that slot.
pub(super) fn known(name: &str) -> Option<(Slot, usize)> {
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

/// Whether a name is `host` alone, which most shippers use for the machine that wrote the log or
/// for the client.
pub(super) fn is_any_host(name: &str) -> bool {
    let plain = plain(name);
    let (outer, last) = plain.rsplit_once('.').unwrap_or(("", plain.as_str()));
    let outer = outer.rsplit('.').next().unwrap_or_default();
    let is_of_request = matches!(outer, "headers" | "http" | "httprequest" | "requestheaders")
        || REQUESTS.contains(&outer);
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
    const SPELLINGS: [(Slot, &str); 13] = [
        (
            Slot::Time,
            "@timestamp receivedAt received_at EdgeStartTimestamp time_iso8601 time_local \
             StartUTC start_time ts httpRequest.ts requestContext.requestTimeEpoch \
             __REALTIME_TIMESTAMP",
        ),
        (
            Slot::Method,
            "METHOD verb request_method ClientRequestMethod RequestMethod http.request.method \
             httpRequest.requestMethod request.method req.method cs-method proxy.method \
             http.method",
        ),
        (
            Slot::Path,
            "url URI request_uri path ClientRequestURI RequestPath url.original url.path \
             httpRequest.requestUrl request.uri request.url cs-uri-stem http.url_details.path \
             req.url",
        ),
        (Slot::Line, "request Request request_line"),
        (
            Slot::UserAgent,
            "agent http_user_agent user_agent.original userAgent request_User-Agent \
             request.headers.User-Agent cs(User-Agent) httpRequest.userAgent http.useragent \
             http.user_agent ClientRequestUserAgent",
        ),
        (Slot::Text, "log message MESSAGE event.original textPayload short_message"),
        (
            Slot::Status,
            "status Status status_code sc-status EdgeResponseStatus DownstreamStatus \
             http.response.status_code httpRequest.status response res.statusCode code",
        ),
        (
            Slot::Bytes,
            "bytes size body_bytes_sent sc-bytes EdgeResponseBytes DownstreamContentSize \
             http.response.body.bytes http.response.bytes httpRequest.responseSize",
        ),
        (
            Slot::Referer,
            "referer referrer http_referer cs(Referer) ClientRequestReferer http.request.referrer \
             request.headers.Referer request_Referer httpRequest.referer",
        ),
        (Slot::Query, "query url.query cs-uri-query args query_string"),
        (
            Slot::Host,
            "host http_host request.host request.headers.Host ClientRequestHost RequestHost \
             x-host-header cs(Host) :authority url.domain server_name",
        ),
        (Slot::Duration, "duration Duration event.duration httpRequest.latency time-taken"),
        (Slot::Client, "remote_addr remote client_ip httpRequest.remoteIp c-ip source.ip"),
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
        for name in "log.file.path file.path user_agent.name agent.type response.time \
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
        for name in ["request.host", "http_host", "request.headers.Host", "http.host", "vhost"] {
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
