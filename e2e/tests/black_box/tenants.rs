//! The list of tenants: for the operator, and for nobody else.

use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

e2e::on_shared_deployments!(
    a_tenant_is_listed_as_soon_as_it_has_data,
    only_clients_on_the_same_machine_see_the_list_without_a_token,
);

async fn a_tenant_is_listed_as_soon_as_it_has_data(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let is_listed = async || {
        let answer = api.get("/tenants?limit=1000").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body["tenants"].as_array().expect("a list").contains(&json!(tenant))
    };
    assert!(!is_listed().await);
    let event = json!({"site_id": tenant, "event_type": "view", "path": "/"});
    let taken = answer(api.request(Method::POST, "/event").json(&event)).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    eventually("the tenant is listed", async || is_listed().await.then_some(())).await;
}

async fn only_clients_on_the_same_machine_see_the_list_without_a_token(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("host", "rebound.example"),
    ] {
        let answer = answer(api.request(Method::GET, "/tenants").header(name, value)).await;
        answer.assert_problem(name, 403, "forbidden");
        assert_eq!(answer.body.get("tenants"), None);
    }
    api.get("/tenants?limit=0").await.assert_problem("limit", 400, "invalid-query");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_a_token_its_holder_sees_the_list_from_anywhere() {
    let deployment = Deployment::embedded(vec![("READ_TOKEN", "open sesame".to_owned())]).await;
    let api = Api::new(deployment.url());
    api.get("/tenants").await.assert_problem("no token", 401, "unauthorized");
    let request = api.request(Method::GET, "/tenants").header("x-forwarded-for", "203.0.113.7");
    let listed = answer(request.bearer_auth("open sesame")).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    assert_eq!(listed.body, json!({"tenants": Vec::<Value>::new()}));
}
