//! Requests that name their tenant or record twice, or not at all.

use e2e::api::{Answer, Api, answer, new_tenant};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The headers, the query and the body of a request.
type Said<'a> = (&'a [(&'a str, &'a str)], &'a str, Value);

pub(super) async fn a_request_that_names_two_tenants_is_refused(deployment: &Deployment) {
    let (api, one, other) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    let (in_one, in_other) = (("x-tenant-id", &*one), ("x-tenant-id", &*other));
    let query = format!("?tenant_id={other}");
    let queries = format!("?tenant_id={one}&tenant_id={other}");
    let upper = one.to_uppercase();
    let cases: [Said<'_>; 7] = [
        (&[in_one], "", json!({"tenant_id": other, "text": "a"})),
        (&[in_one], &query, json!({"text": "a"})),
        (&[], &query, json!({"tenant_id": one, "text": "a"})),
        (&[in_one, in_other], "", json!({"text": "a"})),
        (&[in_one, in_one, in_other], "", json!({"tenant_id": one, "text": "a"})),
        (&[], &queries, json!({"text": "a"})),
        (&[in_one], "", json!({"tenant_id": upper, "text": "a"})),
    ];
    for said in cases {
        ingest(&api, &said).await.assert_problem(&format!("{said:?}"), 400, "tenant-mismatch");
    }
    for tenant in [one, other, upper] {
        api.assert_untouched(&tenant).await;
    }
}

pub(super) async fn a_request_that_names_one_tenant_everywhere_is_accepted(
    deployment: &Deployment,
) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let header = ("x-tenant-id", &*tenant);
    let query = format!("?tenant_id={tenant}&tenant_id={tenant}");
    let said: Said<'_> = (&[header, header], &query, json!({"tenant_id": tenant, "text": "a"}));
    let answer = ingest(&api, &said).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    assert_eq!(answer.body["tenant_id"], tenant);
}

pub(super) async fn a_request_that_names_two_records_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let body = |id: Option<&str>| json!({"tenant_id": tenant, "log_id": id, "text": "a"});
    let (one, other) = (("x-log-id", "one"), ("x-log-id", "other"));
    let cases: [Said<'_>; 3] = [
        (&[one], "", body(Some("other"))),
        (&[one, other], "", body(None)),
        (&[one, one, other], "", body(Some("one"))),
    ];
    for said in cases {
        ingest(&api, &said).await.assert_problem(&format!("{said:?}"), 400, "id-mismatch");
    }
    api.assert_untouched(&tenant).await;
    let same: Said<'_> = (&[one, one], "", body(Some("one")));
    assert_eq!(ingest(&api, &same).await.status, StatusCode::ACCEPTED);
}

pub(super) async fn a_request_without_a_tenant_is_refused(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let cases: [Said<'_>; 3] = [
        (&[], "", json!({"text": "a"})),
        (&[("x-customer-id", "acme")], "?tenant=acme", json!({"text": "a"})),
        (&[], "", json!({"site_id": "acme", "Tenant_id": "acme", "text": "a"})),
    ];
    for said in cases {
        let answer = ingest(&api, &said).await;
        answer.assert_problem(&format!("{said:?}"), 400, "missing-tenant");
        assert_eq!(answer.fields(), ["tenant_id"]);
    }
}

async fn ingest(api: &Api, (headers, query, body): &Said<'_>) -> Answer {
    let request = api.request(Method::POST, &format!("/ingest{query}")).json(body);
    let add = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    answer(headers.iter().fold(request, add)).await
}
