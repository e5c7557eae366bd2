//! What another web analytics exported is counted once, however often it is imported.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use e2e::api::{Api, eventually, new_tenant};
use e2e::books::spillway;
use e2e::deployment::Deployment;
use serde_json::{Value, json};

e2e::on_shared_deployments!(exports_are_counted_once_and_as_they_say);

const VISITORS: usize = 7;
const ROWS: usize = 120;

/// Row `n` of an export: its page, visitor, second of the day, and whether a search engine led to it.
struct Hit {
    page: String,
    visitor: String,
    time: String,
    is_found: bool,
}

fn hits() -> impl Iterator<Item = Hit> {
    (0..ROWS).map(|n| Hit {
        page: format!("/page-{}", n % 5),
        visitor: format!("visitor-{}", n % VISITORS),
        time: format!("10:{:02}:{:02}", n / 60, n % 60),
        is_found: n % 3 == 0,
    })
}

fn goatcounter() -> String {
    let head = "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,\
                Screen size,Location,FirstVisit,Date\n";
    let rows = hits().map(|Hit { page, visitor, time, is_found }| {
        let referrer = if is_found { "www.google.com,h" } else { "," };
        format!(
            "{page},T,false,,Firefox,Linux,{visitor},0,{referrer},,DE,true,2025-05-01T{time}Z\n"
        )
    });
    head.to_owned() + rows.collect::<String>().as_str()
}

fn umami() -> String {
    let head = "event_id,session_id,hostname,url_path,url_query,referrer_domain,referrer_path,\
                page_title,event_type,event_name,created_at\n";
    let rows = hits().enumerate().map(|(n, Hit { page, visitor, time, is_found })| {
        let referrer = if is_found { "www.google.com,/" } else { "," };
        format!("e-{n},{visitor},shop.example,{page},,{referrer},T,1,,2025-05-01 {time}\n")
    });
    head.to_owned() + rows.collect::<String>().as_str()
}

/// The views of each page, counted by hand.
fn pages() -> BTreeMap<String, u64> {
    hits().fold(BTreeMap::new(), |mut pages, hit| {
        *pages.entry(hit.page).or_default() += 1;
        pages
    })
}

async fn import(folder: &Path, product: &str, site: &str, url: &str) -> Output {
    let export = folder.join("export.csv").display().to_string();
    spillway(folder, &["import", product, &export, "--site", site, "--target", url]).await
}

async fn exports_are_counted_once_and_as_they_say(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for (product, export) in [("goatcounter", goatcounter()), ("umami", umami())] {
        let (folder, site) = (tempfile::tempdir().expect("a folder"), new_tenant());
        fs::write(folder.path().join("export.csv"), export).expect("written");
        for _ in 0..2 {
            let output = import(folder.path(), product, &site, &deployment.url()).await;
            let said = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert_eq!(said, format!("{ROWS} events taken, 0 left out, 0 refused\n"));
        }
        let path = format!("/stats?site_id={site}&date=2025-05-01");
        let stats = eventually("all views are counted", async || {
            let stats = api.get(&path).await.body;
            (stats["total_views"].as_u64() >= Some(ROWS as u64)).then_some(stats)
        })
        .await;
        assert_counts(&api, &site, &stats).await;
    }
}

async fn assert_counts(api: &Api, site: &str, stats: &Value) {
    assert_eq!(stats["total_views"], ROWS, "{stats}");
    assert_eq!(stats["unique_users"], VISITORS, "{stats}");
    let paths = stats["top_paths"].as_array().expect("paths").iter().map(|it| {
        (it["path"].as_str().expect("a path").to_owned(), it["views"].as_u64().expect("a count"))
    });
    assert_eq!(paths.collect::<BTreeMap<_, _>>(), pages());
    let path = format!("/stats/breakdown?site_id={site}&dimension=source&date=2025-05-01");
    let sources = api.get(&path).await.body;
    assert_eq!(sources["rows"][0]["value"], "Google", "{sources}");
    assert_eq!(sources["rows"][0]["views"], json!(ROWS / 3), "{sources}");
}
