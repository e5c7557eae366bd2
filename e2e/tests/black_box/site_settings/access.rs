//! Who may read and change settings, and which ones there are.

use e2e::api::{Api, answer};
use e2e::books::{balanced, spillway};
use e2e::deployment::{Deployment, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::site::{Site, nothing_set};

const TOKEN: &str = "the-token-of-the-operator";
const READ_TOKEN: &str = "the-token-of-all-readers";

e2e::in_both_modes!(
    with_tokens;
    only_the_admin_token_opens_the_settings,
    settings_survive_a_crash,
);

fn with_tokens() -> Settings {
    vec![("ADMIN_TOKEN", TOKEN.to_owned()), ("READ_TOKEN", READ_TOKEN.to_owned())]
}

pub(super) async fn settings_are_read_back_as_they_were_set(deployment: &Deployment) {
    let site = Site::new(deployment);
    assert_eq!(site.settings().await, nothing_set());
    let settings = json!({
        "hosts": ["shop.example"], "dimensions": ["source", "os"], "query_parameters": ["id"],
        "keep_trailing_slash": false, "merge_index_pages": true,
        "excluded_addresses": ["192.0.2.0/24", "2001:db8::1/128"],
        "excluded_paths": ["/admin/*"], "time_zone": "Europe/Vienna",
    });
    let answer = site.put(&settings).await;
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &settings));
    assert_eq!(site.settings().await, settings);
    // What is not named is not set any more.
    site.set(json!({"hosts": null, "excluded_paths": ["/"]})).await;
    let mut expected = nothing_set();
    expected["excluded_paths"] = json!(["/"]);
    assert_eq!(site.settings().await, expected);
}

pub(super) async fn wrong_settings_are_refused_and_change_nothing(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.set(json!({"hosts": ["shop.example"]})).await;
    let before = site.settings().await;
    for (settings, code, fields) in [
        (json!({"retention_days": 40}), "unknown-setting", &["retention_days"][..]),
        (json!({"time_zone": "Vienna"}), "out-of-range", &["time_zone"]),
        (json!({"time_zone": 2}), "wrong-type", &["time_zone"]),
        (json!({"hosts": "shop.example"}), "wrong-type", &["hosts"]),
        (json!({"hosts": ["192.0.2.1"]}), "out-of-range", &["hosts"]),
        (json!({"excluded_paths": ["admin"]}), "out-of-range", &["excluded_paths"]),
        (json!({"dimensions": ["pages"]}), "out-of-range", &["dimensions"]),
        (json!({"hosts": 7, "colour": 7}), "invalid-body", &["hosts", "colour"]),
        (json!([]), "wrong-type", &[]),
    ] {
        let answer = site.put(&settings).await;
        answer.assert_problem(&settings.to_string(), 400, code);
        assert_eq!(answer.fields(), fields);
    }
    let put = |path: String| site.api.request(Method::PUT, &path).json(&json!({}));
    let with_parameter = answer(put(format!("{}?hosts=a.example", site.path()))).await;
    with_parameter.assert_problem("a parameter", 400, "invalid-query");
    answer(put("/tenants/__all__/settings".to_owned())).await.assert_problem(
        "a tenant that cannot be",
        400,
        "invalid-tenant",
    );
    let other = answer(put(site.path()).header("x-tenant-id", "other")).await;
    other.assert_problem("two tenants", 400, "tenant-mismatch");
    let post = answer(site.api.request(Method::POST, &site.path()).json(&json!({}))).await;
    post.assert_problem("POST", 405, "method-not-allowed");
    assert_eq!(post.headers["allow"], "GET, HEAD, PUT");
    assert_eq!(site.settings().await, before);
}

pub(super) async fn nobody_elsewhere_changes_settings_without_a_token(deployment: &Deployment) {
    let site = Site::new(deployment);
    for method in [Method::GET, Method::PUT] {
        for (name, value) in [
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=203.0.113.7"),
            ("host", "rebound.example"),
        ] {
            let request = site.api.request(method.clone(), &site.path()).header(name, value);
            let answer = answer(request.json(&json!({"hosts": ["evil.example"]}))).await;
            answer.assert_problem(name, 403, "forbidden");
        }
    }
    assert_eq!(site.settings().await, nothing_set());
}

/// A token opens a server to the network; without one, there is nobody to let in.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_others_reach_lets_nobody_in_without_a_token() {
    let deployment = Deployment::embedded(vec![("HOST", "0.0.0.0".to_owned())]).await;
    let site = Site::new(&deployment);
    let local = deployment.url().replace("0.0.0.0", "localhost");
    for site in [&site, &Site::at(local)] {
        let refused = site.put(&json!({"hosts": ["evil.example"]})).await;
        refused.assert_problem("PUT", 403, "forbidden");
        let detail = refused.body["detail"].as_str().expect("a detail");
        assert!(detail.contains("ADMIN_TOKEN"), "{detail}");
        site.api.get(&site.path()).await.assert_problem("GET", 403, "forbidden");
        // The rest goes on.
        assert_eq!(site.view("/", json!({})).await, None);
    }
}

async fn only_the_admin_token_opens_the_settings(deployment: Deployment) {
    let site = Site::new(&deployment);
    let send = async |method: Method, token: Option<&str>| {
        let request = site.api.request(method, &site.path()).json(&json!({"hosts": ["a.example"]}));
        answer(token.into_iter().fold(request, |request, token| request.bearer_auth(token))).await
    };
    for method in [Method::GET, Method::PUT] {
        for token in [None, Some("wrong"), Some(READ_TOKEN), Some(&TOKEN[1..])] {
            let refused = send(method.clone(), token).await;
            refused.assert_problem(&format!("{method} {token:?}"), 401, "unauthorized");
            assert_eq!(refused.headers["www-authenticate"], "Bearer");
        }
    }
    let read = send(Method::GET, Some(TOKEN)).await;
    assert_eq!((read.status, read.body), (StatusCode::OK, nothing_set()));
    let changed = send(Method::PUT, Some(TOKEN)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    // Whoever may change everything may read everything.
    let stats = format!("/stats?site_id={}", site.name);
    for (token, status) in [(TOKEN, 200), (READ_TOKEN, 200), ("wrong", 401)] {
        let read = answer(site.api.request(Method::GET, &stats).bearer_auth(token)).await;
        assert_eq!(read.status.as_u16(), status, "{token}");
    }
}

async fn settings_survive_a_crash(mut deployment: Deployment) {
    let site = Site::new(&deployment);
    let request = |method| site.api.request(method, &site.path()).bearer_auth(TOKEN);
    let settings = json!({"excluded_paths": ["/admin*"]});
    let changed = answer(request(Method::PUT).json(&settings)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    deployment.crash_gateway().await.expect("it starts again");
    assert_eq!(site.view("/admin", json!({})).await.as_deref(), Some("path"));
    let read = answer(request(Method::GET)).await;
    assert_eq!(read.body, changed.body);
}

/// The command changes what it names, and a recount counts what the events say.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_sets_and_shows_and_the_books_balance() {
    let deployment = Deployment::embedded(vec![("ADMIN_TOKEN", TOKEN.to_owned())]).await;
    let Deployment::Embedded(embedded) = &deployment else { panic!("another mode") };
    let (site, url) = (Site::new(&deployment), deployment.url());
    let run = async |words: &[&str]| {
        let place = ["--target", &url, "--token", TOKEN];
        let output = spillway(embedded.folder(), &[&["site"], words, &place].concat()).await;
        let settings = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default();
        (output.status.code(), settings, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    site.views(&["/a", "/admin"]).await;
    let hosts = ["set", &site.name, "--hosts", "shop.example,www.shop.example"];
    let (code, settings, said) = run(&hosts).await;
    assert_eq!(
        (code, &settings["hosts"]),
        (Some(0), &json!(["shop.example", "www.shop.example"])),
        "{said}"
    );
    let paths = ["set", &site.name, "--exclude-path", "/admin*", "--exclude-path", "/x"];
    let (code, settings, said) = run(&paths).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(settings["hosts"], json!(["shop.example", "www.shop.example"]), "it stays");
    assert_eq!(run(&["show", &site.name]).await.1, settings);
    let (code, _, said) = run(&["set", &site.name, "--hosts", "192.0.2.1"]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("which is not the name of a host"), "{said}");
    assert_eq!(run(&["set", &site.name]).await.0, Some(2));
    let wrong = ["site", "show", &site.name, "--target", &url, "--token", "wrong"];
    let wrong = spillway(embedded.folder(), &wrong).await;
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(wrong.status.code() == Some(1) && said.contains("ADMIN_TOKEN"), "{said}");
    assert_eq!(site.view("/admin", json!({})).await.as_deref(), Some("path"));
    site.stats("all are counted", |it| {
        it["excluded"] == json!({"path": 1}) && it["total_views"] == 2
    })
    .await;
    balanced(embedded).await;
}

/// A page of another site may not send a PUT from a browser: its preflight is not answered.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_may_change_settings_from_a_browser() {
    let deployment = Deployment::embedded(Vec::new()).await;
    let api = Api::new(deployment.url());
    let preflight = api
        .request(Method::OPTIONS, "/tenants/acme/settings")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "PUT");
    let answer = answer(preflight).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.headers.get("access-control-allow-origin").is_none());
}
