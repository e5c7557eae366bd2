//! The dashboard that compose.yaml starts shows what `/metrics` has, and Prometheus is told where it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use e2e::deployment::{Embedded, Settings};
use regex::Regex;
use serde_json::Value;

/// Labels that Prometheus adds by itself.
const ADDED: [&str; 2] = ["job", "instance"];

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The queries of the dashboard.
fn queries() -> Vec<String> {
    let dashboard = read("packaging/grafana/dashboards/spillway.json");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let queries: Vec<_> =
        targets.map(|it| it["expr"].as_str().expect("a query").to_owned()).collect();
    assert!(queries.len() > 20, "the dashboard was not read");
    queries
}

/// The labels of each series, by its name.
fn served(metrics: &str) -> BTreeMap<String, BTreeSet<String>> {
    let series = Regex::new(r"(?m)^([a-z_]+)(?:\{(.*)\})? ").expect("a pattern");
    let label = Regex::new(r#"([a-z_]+)=""#).expect("a pattern");
    let mut served: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for found in series.captures_iter(metrics) {
        let labels = found.get(2).map_or("", |labels| labels.as_str());
        let labels = label.captures_iter(labels).map(|label| label[1].to_owned());
        served.entry(found[1].to_owned()).or_default().extend(labels);
    }
    served
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_the_dashboard_asks_for_a_series_and_for_labels_that_are_served() {
    let embedded = Embedded::start(Settings::new()).await.unwrap_or_else(|error| panic!("{error}"));
    let metrics = reqwest::get(format!("{}/metrics", embedded.service().url())).await;
    let served = served(&metrics.expect("an answer").text().await.expect("a body"));
    let name = Regex::new(r"\b(?:spillway|process)_[a-z_]+").expect("a pattern");
    let labels = Regex::new(r#"by \(([a-z_, ]+)\)|\{([a-z_]+)="#).expect("a pattern");
    for query in queries() {
        let names: BTreeSet<_> = name.find_iter(&query).map(|name| name.as_str()).collect();
        assert!(!names.is_empty(), "{query} asks for nothing of ours");
        for name in names {
            let has = served.get(name).unwrap_or_else(|| panic!("{query}: {name} is not served"));
            for found in labels.captures_iter(&query) {
                let named = found.get(1).or_else(|| found.get(2)).expect("a label").as_str();
                for label in named.split(", ").filter(|label| !ADDED.contains(label)) {
                    assert!(has.contains(label), "{query}: {name} has no label {label}");
                }
            }
        }
    }
}

/// The names and ports by which the containers know each other.
#[test]
fn the_containers_find_each_other() {
    let (compose, prometheus) = (read("compose.yaml"), read("packaging/prometheus/prometheus.yml"));
    let source = read("packaging/grafana/provisioning/datasources/prometheus.yaml");
    for service in ["spillway", "prometheus", "grafana"] {
        assert!(compose.contains(&format!("\n  {service}:\n")), "there is no {service}");
    }
    assert!(read("Dockerfile").contains("\nEXPOSE 8080\n"));
    assert!(prometheus.contains("targets: [\"spillway:8080\"]"));
    assert!(source.contains("url: http://prometheus:9090"));
    let token = "/etc/prometheus/read-token";
    assert!(prometheus.contains(&format!("credentials_file: {token}\n")));
    assert!(compose.contains(&format!("target: {token}\n")));
    let mounted = "./packaging/grafana/dashboards:/etc/spillway/dashboards:ro";
    let provider = read("packaging/grafana/provisioning/dashboards/spillway.yaml");
    assert!(compose.contains(mounted) && provider.contains("path: /etc/spillway/dashboards\n"));
    let uid = Regex::new(r"(?m)^    uid: (\w+)$").expect("a pattern");
    let uid = uid.captures(&source).expect("a uid")[1].to_owned();
    let asked = format!("\"uid\": \"{uid}\"");
    assert!(read("packaging/grafana/dashboards/spillway.json").contains(&asked));
}
