//! Wrong paths, methods and parameters, and the headers of every answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use e2e::api::{Api, answer, new_tenant};
use e2e::deployment::Deployment;
use e2e::raw::Raw;
use reqwest::{Method, StatusCode};

pub(super) async fn an_unknown_path_is_a_problem(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let paths = [
        "/nothing",
        "/nothing/",
        "/ingest//",
        "//ingest",
        "/INGEST",
        "/tenant",
        "/tenants/acme/nothing",
        "/tenants//processed_logs",
        "/tenants/acme/processed_logs/1/parts",
        "/tenants/acme/event/%0a",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = answer(api.request(method.clone(), path)).await;
            answer.assert_problem(&format!("{method} {path}"), 404, "not-found");
        }
    }
}

pub(super) async fn a_wrong_method_is_refused_with_the_allowed_ones(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let reads = [
        "/health",
        "/ready",
        "/metrics",
        "/tenants/acme/processed_logs",
        "/tenants/acme/processed_logs/1",
        "/tenants/acme/quarantine",
        "/tenants/acme/events",
        "/",
        "/robots.txt",
    ];
    let mut cases: Vec<_> = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]
        .iter()
        .flat_map(|method| reads.map(|path| (*method, path, "GET, HEAD")))
        .collect();
    cases.extend(["GET", "PUT", "PATCH", "DELETE", "OPTIONS"].map(|m| (m, "/ingest", "POST")));
    for (method, path, allow) in cases {
        let request = api.request(method.parse().expect("a method"), path).body("a body");
        let answer = answer(request).await;
        answer.assert_problem(&format!("{method} {path}"), 405, "method-not-allowed");
        assert_eq!(answer.headers["allow"], allow, "{method} {path}");
    }
    let head = answer(api.request(Method::HEAD, "/ingest")).await;
    assert_eq!(
        (head.status, &head.headers["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().expect("a value"))
    );
}

pub(super) async fn head_answers_like_get_without_a_body(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    api.assert_untouched(&tenant).await;
    let paths = [
        "/health",
        "/ready",
        "/metrics",
        "/nothing",
        &format!("/tenants/{tenant}/processed_logs"),
        &format!("/tenants/{tenant}/processed_logs/later"),
        &format!("/tenants/{tenant}/processed_logs/none"),
        &format!("/tenants/{tenant}/quarantine?limit=0"),
    ];
    for path in paths {
        let mut raw = Raw::connect(&deployment.url()).await;
        let head = format!("HEAD {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        raw.send(head).await.expect("the server listens");
        let answer = String::from_utf8(raw.rest().await).expect("text");
        let get = api.get(path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {} ", get.status.as_u16())), "{answer}");
        assert!(
            answer.ends_with("\r\n\r\n") && answer.matches("\r\n\r\n").count() == 1,
            "{answer}"
        );
        let kind = get.headers["content-type"].to_str().expect("text");
        assert!(answer.contains(&format!("content-type: {kind}\r\n")), "{answer}");
    }
}

pub(super) async fn a_limit_out_of_range_is_refused(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for limit in
        ["", "0", "-1", "101", "1.5", "1e1", "ten", "0x10", "99999999999999999999", "%00", "%ff"]
    {
        for listing in ["processed_logs", "quarantine"] {
            let path = format!("/tenants/acme/{listing}?limit={limit}");
            let answer = api.get(&path).await;
            answer.assert_problem(&path, 400, "invalid-query");
            assert_eq!(answer.fields(), ["limit"], "{path}");
        }
    }
    for limit in ["1", "100"] {
        let answer = api.get(&format!("/tenants/acme/processed_logs?limit={limit}")).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

pub(super) async fn a_forged_page_token_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let own = format!("tenants/{tenant}/processed_logs");
    let long = "x".repeat(2_000);
    let forged = ["", "\n", &own, "tenants/beta/processed_logs\n1", "quarantine\n1", "\n\n"];
    let ids =
        ["", "..", "../x", "a/b", "a/b/c", "__x__", "\0", "\u{202e}", "a\nb", "' OR 1=1", &long];
    let tokens = ["", "%", "none", "AAAA", "%00", "=="].map(str::to_owned).into_iter();
    let tokens = tokens
        .chain(forged.iter().map(|text| BASE64.encode(text)))
        .chain(ids.iter().map(|id| BASE64.encode(format!("{own}\n{id}"))))
        .chain([BASE64.encode(b"\xff\n\xff")]);
    for token in tokens {
        let path = format!("/{own}?page_token={token}");
        let answer = api.get(&path).await;
        answer.assert_problem(&path, 400, "invalid-page-token");
        assert_eq!(answer.fields(), ["page_token"], "{path}");
    }
}

pub(super) async fn a_request_id_is_echoed_or_generated(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let long = "x".repeat(128);
    let get = async |id: &str| {
        let request = api.request(Method::GET, "/nothing").header("x-request-id", id.as_bytes());
        let answer = answer(request).await;
        answer.assert_problem(id, 404, "not-found");
        answer.body["request_id"].as_str().expect("a text").to_owned()
    };
    for id in ["a", "A.b_c-9", &long] {
        assert_eq!(get(id).await, id);
    }
    let mut made = std::collections::HashSet::new();
    for id in ["", "a b", "a/b", "a\"b", "<script>", "größe", "a,b", "{}", &format!("{long}x")] {
        let instead = get(id).await;
        assert!(instead.len() >= 16 && instead != id, "{id:?}: {instead:?}");
        assert!(made.insert(instead), "the same id was generated twice");
    }
}

pub(super) async fn no_answer_may_be_sniffed(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    api.assert_untouched(&tenant).await;
    let reads = ["health", "ready", "metrics", "nothing", "ingest"].map(str::to_owned);
    let of_tenant = ["processed_logs", "processed_logs/later", "processed_logs/__x", "quarantine"]
        .map(|path| format!("tenants/{tenant}/{path}"));
    for path in reads.iter().chain(&of_tenant) {
        let answer = api.get(&format!("/{path}")).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
    }
    let taken = api.ingest_text(&tenant, "1", "<script>").await;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
    assert_eq!(taken.headers["x-content-type-options"], "nosniff");
}
