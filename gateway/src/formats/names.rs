//! The names that shippers, servers and clouds use for the fields of an entry.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// When the request came.
    Time,
    /// The method.
    Method,
    /// A path or a URL.
    Path,
    /// A whole request line, or a path.
    Line,
    /// The user agent.
    UserAgent,
    /// The line of the log as the server wrote it.
    Text,
}

impl Slot {
    /// The number of slots.
    pub(super) const COUNT: usize = 6;

    /// The name of a field that is missing.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "receivedAt",
            Self::Method => "method",
            Self::Path => "path",
            Self::Line => "request",
            Self::UserAgent => "userAgent",
            Self::Text => "message",
        }
    }
}

/// The names of each slot, the preferred one first, in lower case and without `_`, `-`, `@` and
/// the like: `userAgent`, `user_agent` and `User-Agent` are one. A dot is a step into an object.
const NAMES: [(Slot, &[&str]); Slot::COUNT] = [
    (
        Slot::Time,
        &[
            "receivedat",
            "timestamp",
            "edgestarttimestamp",
            "startutc",
            "starttime",
            "timestart",
            "starttimestamp",
            "eventtime",
            "event.start",
            "event.created",
            "timeiso8601",
            "timelocal",
            "datetime",
            "timestampms",
            "date",
            "time",
            "ts",
            "t",
            "msec",
            "timemsec",
            "timemillis",
            "epoch",
            "epochms",
            "unixtime",
            "reqtimesec",
            "requesttimeepoch",
            "requesttime",
            "requesttimestamp",
            "requestreceivedat",
            "requeststarttime",
            "accesstime",
            "logtime",
            "createdat",
            "occurredat",
            "loggedat",
            "startlocal",
            "edgeendtimestamp",
            "receivetimestamp",
            "observedtimestamp",
            "timeunixnano",
            "sourcerealtimetimestamp",
            "realtimetimestamp",
        ],
    ),
    (
        Slot::Method,
        &[
            "method",
            "requestmethod",
            "httpmethod",
            "verb",
            "httpverb",
            "httprequestmethod",
            "clientrequestmethod",
            "csmethod",
            "reqmethod",
        ],
    ),
    (
        Slot::Path,
        &[
            "path",
            "requesturi",
            "requesturl",
            "originalurl",
            "originalpath",
            "originaluri",
            "clientrequesturi",
            "clientrequestpath",
            "url",
            "uri",
            "url.original",
            "url.full",
            "url.path",
            "uri.path",
            "requestpath",
            "urlpath",
            "uripath",
            "httppath",
            "httpurl",
            "httpuri",
            "httptarget",
            "httprequesturl",
            "httprequestpath",
            "httprequesturi",
            "requesttarget",
            "target",
            "urldetails.path",
            "csuristem",
            "csuri",
            "uristem",
            "requri",
            "requrl",
            "reqpath",
            "rawpath",
            "xenvoyoriginalpath",
        ],
    ),
    (Slot::Line, &["request", "requestline", "httprequestline", "firstline"]),
    (
        Slot::UserAgent,
        &[
            "useragent",
            "useragent.original",
            "useragent.string",
            "agent",
            "httpuseragent",
            "clientrequestuseragent",
            "requestuseragent",
            "httprequestuseragent",
            "requestheaderuseragent",
            "requesthttpuseragent",
            "csuseragent",
            "requseragent",
            "useragentstring",
            "uastring",
            "ua",
        ],
    ),
    (
        Slot::Text,
        &[
            "message",
            "log",
            "msg",
            "line",
            "event.original",
            "log.original",
            "original",
            "textpayload",
            "body",
            "raw",
            "rawmessage",
            "rawlog",
            "content",
        ],
    ),
];

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

/// What a dotted name means, and how far it is from the preferred name of that slot.
pub(super) fn known(name: &str) -> Option<(Slot, usize)> {
    let plain = plain(name);
    let mut rest = plain.as_str();
    let mut depth = 0;
    loop {
        if let Some((slot, rank)) = KNOWN.get(rest) {
            return Some((*slot, rank + 100 * depth));
        }
        let (first, inner) = rest.split_once('.')?;
        if !WRAPPERS.contains(&first) {
            return None;
        }
        rest = inner;
        depth += 1;
    }
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

    #[test]
    fn spelling_case_and_nesting_do_not_matter() {
        let cases = [
            (
                Slot::Time,
                "@timestamp receivedAt received_at EdgeStartTimestamp time_iso8601 time_local StartUTC start_time ts httpRequest.ts requestContext.requestTimeEpoch __REALTIME_TIMESTAMP",
            ),
            (
                Slot::Method,
                "METHOD verb request_method ClientRequestMethod RequestMethod http.request.method httpRequest.requestMethod request.method req.method cs-method proxy.method http.method",
            ),
            (
                Slot::Path,
                "url URI request_uri path ClientRequestURI RequestPath url.original url.path httpRequest.requestUrl request.uri request.url cs-uri-stem http.url_details.path req.url",
            ),
            (Slot::Line, "request Request request_line"),
            (
                Slot::UserAgent,
                "agent http_user_agent user_agent.original userAgent request_User-Agent request.headers.User-Agent cs(User-Agent) httpRequest.userAgent http.useragent http.user_agent ClientRequestUserAgent",
            ),
            (Slot::Text, "log message MESSAGE event.original textPayload"),
        ];
        for (expected, names) in cases {
            for name in names.split(' ') {
                assert_eq!(slot(name), Some(expected), "{name}");
            }
        }
    }

    #[test]
    fn a_name_of_something_else_is_unknown() {
        for name in "log.file.path file.path user_agent.name agent.type response.time \
            event.duration upstream.path tls.method status host.name error.message"
            .split_ascii_whitespace()
        {
            assert_eq!(slot(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_is_preferred_to_the_same_in_an_object() {
        let rank = |name| known(name).map(|(_, rank)| rank);
        assert!(rank("method") < rank("request.method"));
        assert!(rank("receivedAt") < rank("timestamp"));
    }
}
