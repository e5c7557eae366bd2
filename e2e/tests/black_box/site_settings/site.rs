//! A site whose settings are changed.

use e2e::api::{Answer, Api, answer, eventually, new_tenant};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What a site has that has set nothing.
pub(super) fn nothing_set() -> Value {
    json!({
        "hosts": [], "dimensions": null, "query_parameters": [], "keep_trailing_slash": null,
        "merge_index_pages": null, "excluded_addresses": [], "excluded_paths": [], "time_zone": null,
    })
}

/// A new site.
pub(super) struct Site {
    pub(super) api: Api,
    pub(super) name: String,
}

impl Site {
    pub(super) fn new(deployment: &Deployment) -> Self {
        Self::at(deployment.url())
    }

    pub(super) fn at(url: String) -> Self {
        Self { api: Api::new(url), name: new_tenant() }
    }

    pub(super) fn path(&self) -> String {
        format!("/tenants/{}/settings", self.name)
    }

    pub(super) async fn put(&self, settings: &Value) -> Answer {
        answer(self.api.request(Method::PUT, &self.path()).json(settings)).await
    }

    /// Changes the settings, and asserts that they were changed.
    pub(super) async fn set(&self, settings: Value) {
        let answer = self.put(&settings).await;
        assert_eq!(answer.status, StatusCode::OK, "{settings}: {}", answer.body);
    }

    pub(super) async fn settings(&self) -> Value {
        let answer = self.api.get(&self.path()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// Sends a view, and returns the reason for which it is not counted.
    pub(super) async fn view(&self, path: &str, payload: Value) -> Option<String> {
        let view = json!({
            "site_id": self.name, "event_type": "view", "path": path, "payload": payload,
        });
        let answer = answer(self.api.request(Method::POST, "/event").json(&view)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{path}: {}", answer.body);
        assert_eq!(answer.body.get("counted").is_some(), answer.body.get("reason").is_some());
        answer.body["reason"].as_str().map(str::to_owned)
    }

    /// Sends each, of which none is left out.
    pub(super) async fn views(&self, paths: &[&str]) {
        for path in paths {
            assert_eq!(self.view(path, json!({})).await, None, "{path}");
        }
    }

    /// `GET /stats`, once it has these paths with their views.
    pub(super) async fn has_paths(&self, paths: Value) -> Value {
        self.stats(&format!("{} has {paths}", self.name), |stats| stats["top_paths"] == paths).await
    }

    /// `GET /stats`, once it is as expected.
    pub(super) async fn stats(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || {
            let stats = self.api.get(&format!("/stats?site_id={}", self.name)).await.body;
            is_it(&stats).then_some(stats)
        })
        .await
    }
}
