//! Tenants are isolated: no name, anywhere and in any encoding, reaches another tenant's records.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use e2e::api::{Answer, Api, answer, new_tenant};
use e2e::deployment::Deployment;
use e2e::raw;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

e2e::on_shared_deployments!(
    a_hostile_tenant_is_refused_everywhere,
    a_hostile_id_is_refused_everywhere,
    a_hostile_idempotency_key_is_hashed,
    no_path_leads_out_of_a_tenant,
    a_read_that_names_two_tenants_is_refused,
    names_that_differ_only_in_case_are_different,
    one_id_in_two_tenants_is_two_records,
    only_its_own_tenant_sees_a_conflict,
    a_tenant_whose_name_is_a_prefix_of_another_sees_nothing_of_it,
    a_page_token_is_valid_for_its_own_listing_only,
);

/// Names that neither a tenant nor a record may have.
fn hostile(victim: &str) -> Vec<String> {
    let around = ["../{}", "{}/", "/{}", "{}/processed_logs", "a/../{}", "./{}", "{}/.", "..\\{}"]
        .into_iter()
        .chain(["%2e%2e%2f{}", "..%2f{}", "%2F", "%2e", "%00", "%{}", "%252e"])
        .chain(["{}\0", "\0{}", "\0", "{}\n", "{}\r\nx-tenant-id: a", "{}\t", " {}", "{} ", "{} a"])
        .chain([
            "{},a", "{};a", "{}?a", "{}#a", "{}&a=b", "{}=", "\"{}\"", "'{}'", "{{}}", "*", "$",
        ])
        // Letters that look like others, become others in lower case, or are invisible.
        .chain(["\u{430}cme", "\u{ff41}cme", "acm\u{435}", "\u{212a}", "\u{17f}", "\u{130}"])
        .chain([
            "{}\u{200b}",
            "\u{202e}{}",
            "{}\u{ad}",
            "{}\u{301}",
            "\u{ff0e}\u{ff0e}",
            "\u{2215}",
        ])
        .chain(["\u{feff}{}", "\u{1f980}", "\u{fffd}", "\u{85}"]);
    around.map(|name| name.replace("{}", victim)).collect()
}

fn hostile_tenants(victim: &str) -> Vec<String> {
    let start = [".", "..", "...", "__x__", "_a", "-a", ".a"].map(str::to_owned);
    let (too_long, colon) = ("x".repeat(129), format!("{victim}:a"));
    hostile(victim).into_iter().chain(start).chain([too_long, colon]).collect()
}

fn hostile_ids(victim: &str) -> Vec<String> {
    let reserved = [".", "..", "__", "__x__", "__x"].map(str::to_owned);
    hostile(victim).into_iter().chain(reserved).chain(["x".repeat(129)]).collect()
}

async fn a_hostile_tenant_is_refused_everywhere(deployment: &Deployment) {
    let (api, victim) = (Api::new(deployment.url()), new_tenant());
    for name in hostile_tenants(&victim) {
        let body = api.post_json(&json!({"tenant_id": name, "text": "a"})).await;
        assert_refused(&body, "invalid-tenant", ("tenant_id", &name));
        let query = format!("/ingest?tenant_id={}", encoded(&name));
        let query = answer(api.request(Method::POST, &query).json(&json!({"text": "a"}))).await;
        assert_refused(&query, "invalid-tenant", ("tenant_id", &name));
        let event = json!({"site_id": name, "event_type": "page_view", "path": "/"});
        let event = answer(api.request(Method::POST, "/event").json(&event)).await;
        assert_refused(&event, "invalid-tenant", ("site_id", &name));
        let stats = api.get(&format!("/stats?site_id={}", encoded(&name))).await;
        assert_refused(&stats, "invalid-tenant", ("site_id", &name));
        if let Some(name) = in_header(&name) {
            let request =
                api.request(Method::POST, "/ingest").header("x-tenant-id", name.as_bytes());
            let header = answer(request.json(&json!({"text": "a"}))).await;
            assert_refused(&header, "invalid-tenant", ("X-Tenant-ID", name));
        }
        for rest in ["processed_logs", "processed_logs/1", "quarantine"] {
            let path = format!("/tenants/{}/{rest}", encoded(&name));
            let path = raw::get(&deployment.url(), &path).await.expect("an answer");
            assert_refused(&path, "invalid-tenant", ("tenant", &name));
        }
    }
    api.assert_untouched(&victim).await;
}

async fn a_hostile_id_is_refused_everywhere(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    for name in hostile_ids(&tenant) {
        let body = api.ingest_json(&tenant, &name, "a").await;
        assert_refused(&body, "invalid-id", ("log_id", &name));
        if let Some(name) = in_header(&name) {
            let header = api.ingest_text(&tenant, name, "a").await;
            assert_refused(&header, "invalid-id", ("X-Log-ID", name));
        }
        let event = json!({"site_id": tenant, "event_type": "page_view", "event_id": name});
        let event = answer(api.request(Method::POST, "/event").json(&event)).await;
        assert_refused(&event, "invalid-id", ("event_id", &name));
        let path = format!("/tenants/{tenant}/processed_logs/{}", encoded(&name));
        let path = raw::get(&deployment.url(), &path).await.expect("an answer");
        assert_refused(&path, "invalid-id", ("log_id", &name));
    }
    api.assert_untouched(&tenant).await;
}

/// A key is any text that a client chooses, and no text is refused.
async fn a_hostile_idempotency_key_is_hashed(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let mut ids = std::collections::BTreeSet::new();
    for name in hostile_ids(&tenant) {
        let Some(key) = in_header(&name) else { continue };
        let request =
            api.request(Method::POST, "/ingest").header("idempotency-key", key.as_bytes());
        let answer = answer(request.json(&json!({"tenant_id": tenant, "text": "a"}))).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{name:?}: {}", answer.body);
        let id = answer.body["log_id"].as_str().expect("an id").to_owned();
        assert!(id.len() == 64 || name.contains(&id), "{name:?}: {id}");
        ids.insert(id);
    }
    let logs = api.listed(&tenant, "processed_logs", ids.len()).await;
    assert!(logs.iter().all(|log| log["log_id"].as_str().is_some_and(|id| ids.contains(id))));
}

async fn no_path_leads_out_of_a_tenant(deployment: &Deployment) {
    let (api, own, other) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    api.ingest_json(&other, "1", "secret").await;
    api.processed_log(&other, "1").await;
    let cases = [
        ("/tenants/OWN/../OTHER/processed_logs", 404, "not-found"),
        ("/tenants/OWN/../OTHER/processed_logs/1", 404, "not-found"),
        ("/tenants/OWN/./../OTHER/processed_logs/1", 404, "not-found"),
        ("/tenants/OWN/processed_logs/../../OTHER/processed_logs/1", 404, "not-found"),
        ("/tenants/../tenants/OTHER/processed_logs/1", 404, "not-found"),
        ("/./tenants/OTHER/processed_logs/1", 404, "not-found"),
        ("//tenants/OTHER/processed_logs/1", 404, "not-found"),
        ("/tenants//OTHER/processed_logs/1", 404, "not-found"),
        ("/tenants//processed_logs/1", 404, "not-found"),
        ("/tenants/OTHER/processed_logs/1/parts/0001", 404, "not-found"),
        ("/tenants/OTHER%2fprocessed_logs/1", 404, "not-found"),
        ("/tenants%2fOTHER%2fprocessed_logs%2f1", 404, "not-found"),
        ("/tenants/OTHER/processed_logs%2f1", 404, "not-found"),
        ("/tenants/OWN%2f..%2fOTHER/processed_logs", 400, "invalid-tenant"),
        ("/tenants/OWN%2F..%2FOTHER/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OWN%252f..%252fOTHER/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OWN%5c..%5cOTHER/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/%2e%2e%2fOTHER/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/%2e/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/../processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER%00/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER%20/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER%0d%0a/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER;a=b/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER+/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/%2574/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER%/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER%2/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OTHER%zz/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/{tenant}/processed_logs/1", 400, "invalid-tenant"),
        ("/tenants/OWN/processed_logs/..%2f..%2fOTHER%2fprocessed_logs%2f1", 400, "invalid-id"),
        ("/tenants/OTHER/processed_logs/1%2fparts%2f0001", 400, "invalid-id"),
        ("/tenants/OTHER/processed_logs/..", 400, "invalid-id"),
        ("/tenants/OTHER/processed_logs/%2e", 400, "invalid-id"),
        ("/tenants/OTHER/processed_logs/1%00", 400, "invalid-id"),
        ("/tenants/OTHER/processed_logs/%2531", 400, "invalid-id"),
    ];
    for (path, status, code) in cases {
        let path = path.replace("OWN", &own).replace("OTHER", &other);
        let answer = raw::get(&deployment.url(), &path).await.expect("an answer");
        answer.assert_problem(&path, status, code);
    }
    // Bytes that are not UTF-8 cannot be a name.
    for path in ["/tenants/%c0%ae%c0%ae/processed_logs/1", "/tenants/%ff/processed_logs/1"] {
        let answer = raw::get(&deployment.url(), path).await.expect("an answer");
        assert!([400, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.body);
    }
    assert_eq!(api.all(&own, "processed_logs").await, [] as [Value; 0]);
}

async fn a_read_that_names_two_tenants_is_refused(deployment: &Deployment) {
    let (api, own, other) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    for rest in ["processed_logs", "processed_logs/1", "quarantine"] {
        let path = format!("/tenants/{own}/{rest}");
        let request = api.request(Method::GET, &path).header("x-tenant-id", &other);
        answer(request).await.assert_problem(&path, 400, "tenant-mismatch");
        let path = format!("{path}?tenant_id={other}");
        api.get(&path).await.assert_problem(&path, 400, "tenant-mismatch");
    }
    for path in [
        format!("/stats?site_id={own}&site_id={other}"),
        format!("/stats?site_id={own}&tenant_id={other}"),
        format!("/analytics/event-counts?tenant_id={own}&tenant_id={other}"),
    ] {
        api.get(&path).await.assert_problem(&path, 400, "tenant-mismatch");
    }
}

async fn names_that_differ_only_in_case_are_different(deployment: &Deployment) {
    let (api, lower) = (Api::new(deployment.url()), new_tenant());
    let upper = lower.to_uppercase();
    let names = [(&*lower, "id"), (&*lower, "ID"), (&*upper, "id"), (&*upper, "ID")];
    for (tenant, id) in names {
        let taken = api.ingest_json(tenant, id, &format!("{tenant} {id}")).await;
        assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    }
    for (tenant, id) in names {
        let log = api.processed_log(tenant, id).await;
        assert_eq!(log["original_text"], format!("{tenant} {id}"));
    }
    for tenant in [&lower, &upper] {
        assert_eq!(ids(&api.all(tenant, "processed_logs").await), ["ID", "id"]);
        assert_eq!(api.all(tenant, "quarantine").await, [] as [Value; 0]);
    }
}

async fn one_id_in_two_tenants_is_two_records(deployment: &Deployment) {
    let (api, own, other) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    // The second text has several parts, which are stored below its own record.
    let long = "a line of the other's text\n".repeat(400);
    for (tenant, text) in [(&own, "own"), (&other, &long)] {
        assert_eq!(api.ingest_json(tenant, "1", text).await.status, StatusCode::ACCEPTED);
    }
    for (tenant, text) in [(&own, "own"), (&other, &long)] {
        let log = api.processed_log(tenant, "1").await;
        assert_eq!((&log["tenant_id"], &log["original_text"]), (&json!(tenant), &json!(text)));
        assert_eq!(ids(&api.all(tenant, "processed_logs").await), ["1"]);
        assert_eq!(api.all(tenant, "quarantine").await, [] as [Value; 0]);
    }
}

async fn only_its_own_tenant_sees_a_conflict(deployment: &Deployment) {
    let (api, own, other) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    for (tenant, text) in [(&own, "first"), (&other, "second")] {
        assert_eq!(api.ingest_json(tenant, "1", text).await.status, StatusCode::ACCEPTED);
        api.processed_log(tenant, "1").await;
    }
    assert_eq!(api.ingest_json(&own, "1", "second").await.status, StatusCode::ACCEPTED);
    let quarantined = api.listed(&own, "quarantine", 1).await;
    assert_eq!(quarantined[0]["reason"], "conflict");
    assert_eq!(quarantined[0]["attributes"]["tenant_id"], json!(own));
    assert_eq!(api.all(&other, "quarantine").await, [] as [Value; 0]);
    assert_eq!(api.processed_log(&own, "1").await["original_text"], "first");
    assert_eq!(api.processed_log(&other, "1").await["original_text"], "second");
}

async fn a_tenant_whose_name_is_a_prefix_of_another_sees_nothing_of_it(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let names = ["", ".", "-", "_", "0", ".processed_logs", "processed_logs"];
    let names = names.map(|end| format!("{tenant}{end}"));
    for name in &names {
        assert_eq!(api.ingest_json(name, name, name).await.status, StatusCode::ACCEPTED);
    }
    for name in &names {
        assert_eq!(ids(&api.listed(name, "processed_logs", 1).await), [name]);
        assert_eq!(api.processed_log(name, name).await["original_text"], json!(name));
    }
    assert_eq!(api.all(&tenant[..tenant.len() - 1], "processed_logs").await, [] as [Value; 0]);
}

async fn a_page_token_is_valid_for_its_own_listing_only(deployment: &Deployment) {
    let (api, own, other) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    for id in ["1", "2"] {
        for tenant in [&own, &other] {
            assert_eq!(api.ingest_json(tenant, id, "a").await.status, StatusCode::ACCEPTED);
            api.processed_log(tenant, id).await;
        }
    }
    let first = api.get(&format!("/tenants/{own}/processed_logs?limit=1")).await;
    let token =
        first.body["next_page_token"].as_str().expect("a token of the second page").to_owned();
    let path =
        |tenant: &str, listing, token| format!("/tenants/{tenant}/{listing}?page_token={token}");
    let second = api.get(&path(&own, "processed_logs", &token)).await;
    assert_eq!(ids(second.body["processed_logs"].as_array().expect("a list")), ["2"]);
    let upper = own.to_uppercase();
    for (tenant, listing) in [
        (&other, "processed_logs"),
        (&upper, "processed_logs"),
        (&own, "quarantine"),
        (&other, "quarantine"),
    ] {
        let path = path(tenant, listing, &token);
        api.get(&path).await.assert_problem(&path, 400, "invalid-page-token");
    }
    let forged =
        BASE64.encode(format!("tenants/{own}/processed_logs\n../../{other}/processed_logs/1"));
    let path = path(&own, "processed_logs", &forged);
    api.get(&path).await.assert_problem(&path, 400, "invalid-page-token");
}

fn assert_refused(answer: &Answer, code: &str, (field, name): (&str, &str)) {
    answer.assert_problem(&format!("{field} {name:?}"), 400, code);
    assert_eq!(answer.fields(), [field], "{name:?}");
}

/// The name, if a header can carry it unchanged.
fn in_header(name: &str) -> Option<&str> {
    let is_kept = name.trim_matches([' ', '\t']) == name && !name.is_empty();
    (is_kept && HeaderValue::from_bytes(name.as_bytes()).is_ok()).then_some(name)
}

/// Every byte as `%xx`.
fn encoded(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn ids(logs: &[Value]) -> Vec<&str> {
    logs.iter().filter_map(|log| log["log_id"].as_str()).collect()
}
