//! The objects and lines that shippers, clouds and frameworks send.

use common::access_log::Entry;

use super::read;

const JSON: &str = "application/json";
const UA: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";
const AT: &str = "[17/May/2025:10:05:03 +0000]";

fn filled(body: &str) -> String {
    body.replace("<UA>", UA).replace("<AT>", AT)
}

/// The only entry of a body.
fn entry(media_type: &str, body: &str) -> Entry {
    let batch = read(media_type, &filled(body)).expect(body);
    assert_eq!((batch.entries.len(), batch.rejected), (1, 0), "{body}: {:?}", batch.errors);
    batch.entries.into_iter().next().expect("an entry")
}

/// Checks request, family and host.
fn assert_counts(media_type: &str, cases: &[(&str, &str, &str, Option<&str>)]) {
    for (body, request, family, host) in cases {
        let entry = entry(media_type, body);
        let shown = (&*entry.request, &*entry.user_agent, entry.host.as_deref());
        assert_eq!(shown, (*request, *family, *host), "{body}");
    }
}

#[test]
fn escapes_of_bytes_are_read_in_json() {
    assert_counts(
        JSON,
        &[
            (
                r#"{"time":"2025-05-17T10:05:03+00:00","request":"GET /?a=\x22b\x22 HTTP/1.1","status":200,"http_user_agent":"curl/8"}"#,
                "GET /",
                "curl",
                None,
            ),
            (
                r#"{"time":"2025-05-17T10:05:03+00:00","method":"GET","uri":"/caf\xc3\xa9","status":200}"#,
                "GET /café",
                "Other",
                None,
            ),
            (
                r#"{"time":"2025-05-17T10:05:03+00:00","request":"\x16\x03\x01","status":400}"#,
                "unreadable",
                "Other",
                None,
            ),
        ],
    );
}

#[test]
fn a_blank_request_that_was_answered_is_unreadable() {
    let body = r#"{"time_iso8601":"2025-05-17T10:05:03+00:00","request_method":"","request_uri":"","status":"400","http_user_agent":""}"#;
    assert_eq!(entry(JSON, body).request, "unreadable");
    let named = r#"{"ts":1747476303,"method":"GET","path":"","status":400}"#;
    assert_eq!(entry(JSON, named).request, "unreadable");
    let nothing = r#"{"ts":1747476303,"method":"","path":""}"#;
    assert_eq!(read(JSON, nothing).expect(nothing).rejected, 1);
}

#[test]
fn a_shippers_own_host_is_not_that_of_the_request() {
    assert_counts(
        JSON,
        &[
            (
                r#"{"@timestamp":"2025-05-17T10:05:03Z","@version":"1","clientip":"1.2.3.4","verb":"GET","request":"/a","response":"200","bytes":"5","referrer":"\"https://r.example/x\"","agent":"\"<UA>\"","host":"web1.prod.example.com"}"#,
                "GET /a",
                "Firefox",
                None,
            ),
            (
                r#"{"host":"web1","source_type":"file","file":"/x","timestamp":1747476303,"client":"1.2.3.4","method":"GET","path":"/a","status":200,"agent":"<UA>"}"#,
                "GET /a",
                "Firefox",
                None,
            ),
            (
                r#"{"host":"www.example.com","ts":1747476303,"remote_addr":"1.2.3.4","method":"GET","path":"/a"}"#,
                "GET /a",
                "Other",
                Some("www.example.com"),
            ),
            (
                r#"{"@timestamp":"2025-05-17T10:05:03Z","json":{"request_method":"GET","request_uri":"/a","status":"200","host":"www.example.com","remote_addr":"1.2.3.4"},"log":{"file":{"path":"/x"}},"host":"web1"}"#,
                "GET /a",
                "Other",
                Some("www.example.com"),
            ),
        ],
    );
    let body =
        r#"{"ts":1747476303,"path":"/a","referrer":"\"https://r.example/x\"","agent":"\"-\""}"#;
    let entry = entry(JSON, body);
    assert_eq!((entry.referer.as_deref(), entry.agent), (Some("https://r.example/x"), None));
}

#[test]
fn frameworks_are_read() {
    assert_counts(
        JSON,
        &[
            (
                r#"{"timestamp":"2025-05-17T10:05:03Z","level":"INFO","target":"my_app::access","fields":{"method":"GET","path":"/a","status":200}}"#,
                "GET /a",
                "Other",
                None,
            ),
            (
                r#"{"timestamp":"2025-05-17T10:05:03Z","target":"tower_http","fields":{"http.method":"GET","http.target":"/a?b","http.status_code":200}}"#,
                "GET /a",
                "Other",
                None,
            ),
            (r#"{"ts":1747476303,"method":"GET","target":"/a"}"#, "GET /a", "Other", None),
            (r#"{"ts":1747476303,"method":"OPTIONS","target":"*"}"#, "OPTIONS *", "Other", None),
            (
                r#"{"ts":1747476303,"method":"GET","target":"https://x.example/a"}"#,
                "GET /a",
                "Other",
                Some("x.example"),
            ),
            (
                r#"{"timestamp":"2025-05-17T10:05:03Z","Level":"Information","Properties":{"RequestMethod":"GET","RequestPath":"/a","StatusCode":200,"Host":"www.example.com"}}"#,
                "GET /a",
                "Other",
                Some("www.example.com"),
            ),
        ],
    );
    let only_target = r#"{"timestamp":"2025-05-17T10:05:03Z","target":"my_app::access"}"#;
    assert_eq!(read(JSON, only_target).expect("it is read").rejected, 1);
}

#[test]
fn clouds_and_proxies_are_read() {
    assert_counts(
        JSON,
        &[
            (
                r#"{"start_time":"2025-05-17T10:05:03.123Z","method":"GET","x-envoy-origin-path":"/a?x=1","protocol":"HTTP/1.1","response_code":200,"bytes_sent":5,"duration":3,"user-agent":"<UA>",":authority":"www.example.com"}"#,
                "GET /a",
                "Firefox",
                Some("www.example.com"),
            ),
            (
                r#"{"records":[{"timeStamp":"2025-05-17T10:05:03+00:00","category":"ApplicationGatewayAccessLog","properties":{"httpMethod":"GET","requestUri":"/a","requestQuery":"x=1","userAgent":"<UA>","httpStatus":200,"sentBytes":5,"timeTaken":0.123,"host":"www.example.com"}}]}"#,
                "GET /a",
                "Firefox",
                Some("www.example.com"),
            ),
            (
                r#"{"time":"2025-05-17T10:05:03Z","category":"FrontDoorAccessLog","properties":{"httpMethod":"GET","requestUri":"https://www.example.com:443/a","httpStatusCode":"200","userAgent":"<UA>","responseBytes":"5","timeTaken":"0.123","hostName":"www.example.com"}}"#,
                "GET /a",
                "Firefox",
                Some("www.example.com"),
            ),
            (
                r#"{"time":"2025-05-17T10:05:03Z","properties":"{\"httpMethod\":\"GET\",\"requestUri\":\"https://www.example.com/a\",\"httpStatusCode\":\"200\"}"}"#,
                "GET /a",
                "Other",
                Some("www.example.com"),
            ),
            (
                r#"{"requestId":"x","ip":"1.2.3.4","requestTime":"17/May/2025:10:05:03 +0000","httpMethod":"GET","resourcePath":"/a","status":"200","protocol":"HTTP/1.1","responseLength":"5"}"#,
                "GET /a",
                "Other",
                None,
            ),
            (
                r#"{"requestId":"x","ip":"1.2.3.4","requestTime":"17/May/2025:10:05:03 +0000","routeKey":"GET /a","status":"200","responseLength":"5"}"#,
                "GET /a",
                "Other",
                None,
            ),
            (
                r#"{"requestTime":"17/May/2025:10:05:03 +0000","routeKey":"GET /users/{id}","path":"/users/7","httpMethod":"GET","status":"200"}"#,
                "GET /users/7",
                "Other",
                None,
            ),
            (
                r#"{"reqTimeSec":"1747476303.1","reqMethod":"GET","reqPath":"a","reqHost":"www.example.com","statusCode":"200","UA":"Mozilla%2F5.0+%28X11%3B+rv%3A121.0%29+Firefox%2F121.0"}"#,
                "GET /a",
                "Firefox",
                Some("www.example.com"),
            ),
            (
                r#"{"date":"2025-05-17","time":"10:05:03","cs-method":"GET","cs-uri-stem":"/a","cs(User-Agent)":"Mozilla/5.0%20(X11;%20Linux)%20Firefox/121.0"}"#,
                "GET /a",
                "Firefox",
                None,
            ),
            (
                r#"{"EdgeStartTimestamp":1747476303,"ClientRequestHTTPMethodName":"GET","ClientRequestPath":"/a","ClientRequestHTTPHost":"www.example.com"}"#,
                "GET /a",
                "Other",
                Some("www.example.com"),
            ),
            (
                r#"{"request":{"method":"GET","uri":"/a?b","size":"99","headers":{"host":"www.example.com","user-agent":"<UA>"}},"response":{"status":200,"size":"5"},"client_ip":"1.2.3.4","started_at":1747476303000}"#,
                "GET /a",
                "Firefox",
                Some("www.example.com"),
            ),
        ],
    );
    let athena = r#"{"time":"2025-05-17T10:05:03Z","request_verb":"GET","request_url":"https://x.example:443/a","elb_status_code":200}"#;
    assert_eq!(entry(JSON, athena).request, "GET /a");
}

#[test]
fn attributes_of_opentelemetry_are_read() {
    let body = r#"{"timestamp":1747476303,"http.request.method":"_OTHER","http.request.method_original":"FOO","url.path":"/a","http.response.status_code":200,"http.response.body.size":5,"server.address":"www.example.com","http.request.header.user-agent":["<UA>"],"http.request.header.referer":["https://r.example/x"]}"#;
    let entry = entry(JSON, body);
    assert_eq!((&*entry.request, &*entry.user_agent), ("FOO /a", "Firefox"));
    assert_eq!((entry.bytes, entry.host.as_deref()), (Some(5), Some("www.example.com")));
    assert_eq!(entry.referer.as_deref(), Some("https://r.example/x"));
    for (name, host) in [("http.response.size", "x"), ("http.response_content_length", "x")] {
        let body = format!(
            r#"{{"timestamp":1747476303,"http.method":"GET","http.target":"/a","{name}":7,"net.host.name":"{host}.example"}}"#
        );
        let entry = super::read(JSON, &body).expect("it is read").entries.remove(0);
        assert_eq!((entry.bytes, entry.host.as_deref()), (Some(7), Some("x.example")), "{name}");
    }
}

#[test]
fn a_duration_is_in_seconds_only_where_this_is_certain() {
    for (body, duration) in [
        (
            r#"{"method":"GET","path":"/a","format":"html","controller":"X","status":200,"duration":12.3,"view":1.0,"@timestamp":"2025-05-17T10:05:03Z"}"#,
            None,
        ),
        (
            r#"{"ts":1747476303.5,"request":{"method":"GET","uri":"/a"},"status":200,"duration":0.25}"#,
            Some(250_000),
        ),
        (r#"{"ts":1747476303.5,"method":"GET","path":"/a","duration":0.25}"#, None),
        (r#"{"time":1747476303.5,"path":"/a","properties":{"timeTaken":0.25}}"#, Some(250_000)),
        (r#"{"time":1747476303.5,"path":"/a","properties":{"timeTaken":2}}"#, None),
        (r#"{"time":1747476303.5,"path":"/a","TimeTaken":2}"#, Some(2_000)),
    ] {
        assert_eq!(entry(JSON, body).duration_us, duration, "{body}");
    }
}

#[test]
fn parsed_json_is_found_under_the_keys_of_shippers() {
    for body in [
        r#"{"@timestamp":"2025-05-17T10:05:03Z","json":{"request_method":"GET","request_uri":"/a","status":"200"},"log":{"file":{"path":"/x"}}}"#,
        r#"{"log_processed":{"time":"2025-05-17T10:05:03Z","method":"GET","path":"/a","status":200},"kubernetes":{}}"#,
        r#"{"time":"1747476303.1","event":{"line":{"method":"GET","path":"/a","status":200},"tag":"x"}}"#,
        r#"{"_index":"a","_id":"1","_source":{"@timestamp":"2025-05-17T10:05:03Z","method":"GET","path":"/a","status":200}}"#,
        r#"{"result":{"_raw":"1.2.3.4 - - <AT> \"GET /a HTTP/1.1\" 200 5"}}"#,
        r#"{"__REALTIME_TIMESTAMP":"1747476303000000","MESSAGE":[49,46,50,46,51,46,52,32,45,32,45,32,91,49,55,47,77,97,121,47,50,48,50,53,58,49,48,58,48,53,58,48,51,32,43,48,48,48,48,93,32,34,71,69,84,32,47,97,34,32,50,48,48,32,53]}"#,
    ] {
        assert_eq!(entry(JSON, body).request, "GET /a", "{body}");
    }
}

#[test]
fn columns_of_clouds_are_read() {
    for body in [
        "@timestamp,method,path,status\n\"May 17, 2025 @ 10:05:03.000\",GET,/a,200\n",
        "TimeGenerated [UTC],CsMethod,CsUriStem,ScStatus\n2025-05-17 10:05:03,GET,/a,200\n",
        "requestdatetime,request_uri,httpstatus,bytessent,useragent\n17/May/2025:10:05:03 +0000,GET /a HTTP/1.1,200,5,<UA>\n",
        "time_micros,cs_method,cs_uri,sc_status,sc_bytes,cs_user_agent\n1747476303000000,GET,/a,200,5,<UA>\n",
    ] {
        let entry = entry("text/csv", body);
        assert_eq!((&*entry.request, entry.at.timestamp()), ("GET /a", 1_747_476_303), "{body}");
        assert_eq!(entry.status, Some(200), "{body}");
    }
}

#[test]
fn lines_of_frameworks_are_read() {
    assert_counts(
        "text/plain",
        &[
            (
                "1.2.3.4 - - [17/May/2025:10:05:03 +0000]\"GET /a HTTP/1.1\" 200 5 req-id",
                "GET /a",
                "Other",
                None,
            ),
            (
                "1.2.3.4 - - [17/May/2025:10:05:03 +0000]\"GET /a HTTP/1.1\" 200 5 req-id ext=",
                "GET /a",
                "Other",
                None,
            ),
            (
                "127.0.0.1 <AT> \"GET /a HTTP/1.1\" 200 170 \"-\" \"<UA>\"",
                "GET /a",
                "Firefox",
                None,
            ),
            ("::1 <AT> \"GET /a HTTP/1.1\" 200 170 \"-\" \"<UA>\"", "GET /a", "Firefox", None),
            ("[17/May/2025 10:05:03] \"GET /a HTTP/1.1\" 200 5", "GET /a", "Other", None),
            ("1.2.3.4 - - <AT> \"GET /a 1.1\" 200 5 \"-\" \"<UA>\"", "GET /a", "Firefox", None),
            ("1.2.3.4 - - <AT> \"GET /a ws\" 101 5", "GET /a", "Other", None),
            ("nginx: 1.2.3.4 - - <AT> \"GET /a HTTP/1.1\" 200 5", "GET /a", "Other", None),
            ("web1 1.2.3.4 - - <AT> \"GET /a HTTP/1.1\" 200 5", "GET /a", "Other", None),
            (
                "localhost:80 1.2.3.4 - - <AT> \"GET /a HTTP/1.1\" 200 5",
                "GET /a",
                "Other",
                Some("localhost"),
            ),
            (
                "1.2.3.4 www.example.com - <AT> \"GET /a HTTP/1.1\" 200 5",
                "GET /a",
                "Other",
                Some("www.example.com"),
            ),
            (
                "1.2.3.4 - - <AT> \"GET //cms.old/wp-includes/x.xml HTTP/1.1\" 404 5",
                "GET /cms.old/wp-includes/x.xml",
                "Other",
                None,
            ),
            ("1.2.3.4 - - <AT> \"GET // HTTP/1.1\" 404 5", "GET /", "Other", None),
        ],
    );
    for line in [
        "pc-frank <AT> \"GET /a HTTP/1.1\" 200 5",
        "<AT> \"GET /a HTTP/1.1\" 200 5",
        "- 1.2.3.4 <AT> \"GET /a HTTP/1.1\" 200 5",
        "1.2.3.4 - - <AT>\"GET /a HTTP/1.1\" 200 5 a b c",
        "1.2.3.4 - - <AT>\"GET /a HTTP/1.1\" 200 5 \"-\" \"<UA>\"",
    ] {
        assert_eq!(read("text/plain", &filled(line)).expect(line).rejected, 1, "{line}");
    }
}
