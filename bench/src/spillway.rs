//! Asks Spillway what it has stored, through its API, and what it has done, by its metrics.

use std::net::SocketAddr;

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::error::BenchError;
use crate::shape::Kind;

#[derive(Clone)]
pub(crate) struct Spillway {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
}

/// What its counters say of messages.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Messages {
    pub(crate) published: u64,
    pub(crate) delivered: u64,
}

impl Spillway {
    /// How many records of these sites are stored.
    pub(crate) async fn stored(&self, kind: Kind, sites: &[String]) -> Result<u64, BenchError> {
        let mut all = 0;
        for site in sites {
            all += match kind {
                Kind::Events => {
                    number(&self.json(&format!("/stats?site_id={site}")).await?["total_views"])?
                }
                Kind::Lines => self.lines(site).await?,
                Kind::Texts => self.texts(site).await?,
            };
        }
        Ok(all)
    }

    /// Counts the lines of a site in all windows.
    async fn lines(&self, site: &str) -> Result<u64, BenchError> {
        let period = "from=2025-06-01T00:00:00Z&to=2025-07-01T00:00:00Z&grain=day&limit=1";
        let answer = self.json(&format!("/logs/stats?tenant_id={site}&{period}")).await?;
        let windows = answer["windows"].as_array().cloned().unwrap_or_default();
        windows.iter().map(|window| number(&window["requests"])).sum()
    }

    /// Counts the stored texts of a site in their listing.
    async fn texts(&self, site: &str) -> Result<u64, BenchError> {
        let (mut all, mut token) = (0, String::new());
        loop {
            let page =
                self.json(&format!("/tenants/{site}/processed_logs?limit=100{token}")).await?;
            all += page["processed_logs"].as_array().map_or(0, |texts| texts.len() as u64);
            match page["next_page_token"].as_str() {
                Some(next) => token = format!("&page_token={next}"),
                None => return Ok(all),
            }
        }
    }

    pub(crate) async fn has_event(&self, site: &str, id: &str) -> Result<bool, BenchError> {
        let url = format!("http://{}/tenants/{site}/events/{id}", self.address);
        match self.client.get(url).send().await?.error_for_status() {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn messages(&self) -> Result<Messages, BenchError> {
        let metrics = self.metrics().await?;
        Ok(Messages {
            published: sum(&metrics, "spillway_messages_published_total{outcome=\"published\"}"),
            delivered: sum(&metrics, "spillway_messages_delivered_total{"),
        })
    }

    /// How many messages are in the queue, as it said within the last second.
    pub(crate) async fn backlog(&self) -> Result<u64, BenchError> {
        Ok(sum(&self.metrics().await?, "spillway_queue_backlog "))
    }

    async fn metrics(&self) -> Result<String, BenchError> {
        let url = format!("http://{}/metrics", self.address);
        Ok(self.client.get(url).send().await?.error_for_status()?.text().await?)
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.client.get(format!("http://{}/ready", self.address)).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    pub(crate) async fn json(&self, path: &str) -> Result<Value, BenchError> {
        let answer = self.client.get(format!("http://{}{path}", self.address)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

/// The sum of all series that begin like this.
fn sum(metrics: &str, name: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    values.sum::<f64>() as u64
}

fn number(value: &Value) -> Result<u64, BenchError> {
    value.as_u64().ok_or_else(|| BenchError::Answer(value.to_string()))
}
