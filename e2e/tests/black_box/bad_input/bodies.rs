//! Bodies of the wrong media type, form, content or size.

use e2e::api::{Api, new_tenant};
use e2e::deployment::Deployment;
use e2e::raw;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{post, post_as_json, post_as_text};

/// The largest body that is accepted, in bytes.
pub(super) const LIMIT: usize = 4 << 20;

pub(super) async fn an_unsupported_media_type_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let types = [
        "text",
        "text/html",
        "text/*",
        "*/*",
        "application/xml",
        "application/jsonp",
        "application/json; charset=iso-8859-1",
        "text/plain; charset=utf-16",
        "text/plain; charset=\"latin1\"",
    ];
    let body = json!({"tenant_id": tenant, "text": "a text"}).to_string();
    for kind in types {
        let headers = [("content-type", kind), ("x-tenant-id", &tenant)];
        let answer = post(&api, &headers, body.clone()).await;
        answer.assert_problem(kind, 415, "unsupported-media-type");
    }
    let twice = [("content-type", "application/json"), ("content-type", "text/plain")];
    let answer = post(&api, &twice, body).await;
    answer.assert_problem("two media types", 415, "unsupported-media-type");
    api.assert_untouched(&tenant).await;
}

pub(super) async fn a_media_type_is_accepted_in_any_spelling(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let types = [
        "Application/JSON",
        "application/json;charset=UTF-8",
        "text/plain; charset=\"utf-8\"",
        "application/json;",
        "text/json",
        "application/vnd.log+json",
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ];
    let body = json!({"tenant_id": tenant, "text": "a text"}).to_string();
    for kind in types {
        let headers = [("content-type", kind), ("x-tenant-id", &tenant)];
        let answer = post(&api, &headers, body.clone()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{kind}: {}", answer.body);
    }
    let answer = post(&api, &[], body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "no media type: {}", answer.body);
}

pub(super) async fn a_lone_surrogate_is_the_replacement_character(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    for (id, text, stored) in [
        ("high", r"a\ud800", "a\u{fffd}"),
        ("low", r"\uDC00b", "\u{fffd}b"),
        ("two", r"\ud800\ud800", "\u{fffd}\u{fffd}"),
        ("whole", r"\ud83d\ude00\\ud83d", "😀\\ud83d"),
    ] {
        let body = format!(r#"{{"tenant_id":"{tenant}","log_id":"{id}","text":"{text}"}}"#);
        let answer = post_as_json(&api, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{id}: {}", answer.body);
        assert_eq!(api.processed_log(&tenant, id).await["original_text"], stored, "{id}");
    }
}

pub(super) async fn an_id_may_be_a_number_and_an_empty_one_is_none(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let named = api.post_json(&json!({"tenant_id": tenant, "log_id": 7, "text": "a"})).await;
    assert_eq!((named.status, &named.body["log_id"]), (StatusCode::ACCEPTED, &json!("7")));
    for id in ["", " "] {
        let body = json!({"tenant_id": tenant, "log_id": id, "text": "a"}).to_string();
        let headers = [("content-type", "application/json"), ("x-log-id", id)];
        let made = post(&api, &headers, body).await;
        assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.body);
        let id = made.body["log_id"].as_str().expect("an id");
        assert_eq!(id.len(), 36, "{id}");
    }
}

pub(super) async fn invalid_json_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let whole = |text: &[u8]| {
        let start = format!(r#"{{"tenant_id":"{tenant}","text":"#).into_bytes();
        [start, text.to_vec(), b"}".to_vec()].concat()
    };
    let cases: [(&str, Vec<u8>); 12] = [
        ("nothing", Vec::new()),
        ("a text", b"a text".to_vec()),
        ("single quotes", whole(b"'a'")),
        ("no number", whole(b"NaN")),
        ("a comment", whole(b"/* a */ 1")),
        ("two commas", whole(b"\"a\",,\"b\":1")),
        ("something behind", [whole(b"\"a\""), b"{}".to_vec()].concat()),
        ("a raw control character", whole(b"\"a\nb\"")),
        ("a byte that is no UTF-8", whole(b"\"\xff\"")),
        ("an overlong slash", whole(b"\"\xc0\xaf\"")),
        ("deep lists", whole(&b"[".repeat(100_000))),
        ("deep objects", whole(&br#"{"a":"#.repeat(10_000))),
    ];
    for (what, body) in cases {
        post_as_json(&api, body).await.assert_problem(what, 400, "invalid-json");
    }
    let closed = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    post_as_json(&api, whole(&closed)).await.assert_problem("closed", 400, "invalid-json");
    api.assert_untouched(&tenant).await;
}

pub(super) async fn json_that_is_cut_anywhere_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let whole = json!({"tenant_id": tenant, "log_id": "1", "text": "größe 🦀 \n"}).to_string();
    for end in 0..whole.len() {
        let answer = post_as_json(&api, &whole.as_bytes()[..end]).await;
        answer.assert_problem(&format!("{end} bytes"), 400, "invalid-json");
    }
    api.assert_untouched(&tenant).await;
}

pub(super) async fn json_that_is_not_an_object_is_refused(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for body in ["\"a\"", "1", "-0.5", "true", "null"] {
        post_as_json(&api, body).await.assert_problem(body, 400, "wrong-type");
    }
}

pub(super) async fn all_problems_of_a_body_are_named_at_once(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let all = &["tenant_id", "log_id", "text"][..];
    let cases: [(Value, &[&str], &str); 11] = [
        (json!({"tenant_id": 5.5, "log_id": [], "text": {}}), &all[..2], "wrong-type"),
        (json!({"tenant_id": true, "log_id": 0.5, "text": ["a"]}), all, "wrong-type"),
        (json!({"tenant_id": "../b", "log_id": "a/b", "text": ""}), all, "invalid-body"),
        (json!({"tenant_id": -5, "log_id": "..", "text": null}), all, "invalid-body"),
        (json!({}), &["tenant_id", "text"], "invalid-body"),
        (json!({"tenant_id": null, "text": "a"}), &["tenant_id"], "missing-tenant"),
        (json!({"tenant_id": "", "text": "a"}), &["tenant_id"], "invalid-tenant"),
        (json!({"tenant_id": tenant}), &["text"], "missing-field"),
        (json!({"tenant_id": tenant, "text": null}), &["text"], "missing-field"),
        (json!({"tenant_id": tenant, "text": ""}), &["text"], "empty-text"),
        (json!({"tenant_id": tenant, "msg": null}), &["text"], "missing-field"),
    ];
    for (body, fields, code) in cases {
        let answer = api.post_json(&body).await;
        answer.assert_problem(&body.to_string(), 400, code);
        let mut named = answer.fields();
        named.sort_unstable_by_key(|name| all.iter().position(|field| field == name));
        assert_eq!(named, fields, "{body}");
    }
    api.assert_untouched(&tenant).await;
}

pub(super) async fn text_that_is_not_utf8_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let bodies: [&[u8]; 6] = [
        b"\xff",
        b"gr\xf6\xdfe",
        b"cut \xf0\x9f\xa6",
        b"surrogate \xed\xa0\x80",
        b"overlong \xc0\xaf",
        b"\xff\xfea\0b\0",
    ];
    for body in bodies {
        let what = String::from_utf8_lossy(body);
        post_as_text(&api, &tenant, body).await.assert_problem(&what, 400, "invalid-utf8");
    }
    api.assert_untouched(&tenant).await;
}

pub(super) async fn an_empty_text_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let answer = post_as_text(&api, &tenant, "").await;
    answer.assert_problem("nothing", 400, "empty-text");
    assert_eq!(answer.fields(), ["text"]);
    api.assert_untouched(&tenant).await;
}

/// The body at the limit is refused for another reason, so it was read to its end.
pub(super) async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read(
    deployment: &Deployment,
) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let sized = |bytes: usize| {
        let body = format!(r#"{{"tenant_id":"{tenant}","text":5}}"#);
        [body.as_bytes(), &b" ".repeat(bytes - body.len())].concat()
    };
    let cases =
        [(LIMIT, 400, "wrong-type"), (LIMIT + 1, 413, "too-large"), (3 * LIMIT, 413, "too-large")];
    for (bytes, status, code) in cases {
        let what = format!("{bytes} bytes");
        post_as_json(&api, sized(bytes)).await.assert_problem(&what, status, code);
        let answer = raw::exchange(&deployment.url(), chunked(&sized(bytes))).await;
        answer.expect("an answer").assert_problem(&what, status, code);
    }
    api.assert_untouched(&tenant).await;
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut request = b"POST /ingest HTTP/1.1\r\nhost: localhost\r\n\
        content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for chunk in body.chunks(64 << 10) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}
