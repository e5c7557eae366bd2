//! What another web analytics exported is counted once, however often it is imported.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use e2e::api::{Api, eventually, new_tenant};
use e2e::books::spillway;
use e2e::deployment::Deployment;
use serde_json::{Value, json};

e2e::on_shared_deployments!(
    exports_are_counted_once_and_as_they_say,
    the_sums_of_plausible_are_counted_once_and_as_they_say,
);

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
    let head = "event_id,session_id,hostname,browser,os,device,language,country,url_path,url_query,\
                referrer_domain,referrer_path,page_title,event_type,event_name,created_at\n";
    let rows = hits().enumerate().map(|(n, Hit { page, visitor, time, is_found })| {
        let referrer = if is_found { "www.google.com,/" } else { "," };
        let used = if n % 4 == 0 {
            "crios,iOS,mobile,de-AT,AT"
        } else {
            "edge-chromium,Mac OS,laptop,en-US,US"
        };
        format!("e-{n},{visitor},shop.example,{used},{page},,{referrer},T,1,,2025-05-01 {time}\n")
    });
    head.to_owned() + rows.collect::<String>().as_str()
}

/// The views of each value of a dimension.
type Values = (&'static str, &'static [(&'static str, u64)]);

const OF_GOATCOUNTER: [Values; 5] = [
    ("source", &[("Google", 40)]),
    ("browser", &[("Firefox", 120)]),
    ("os", &[("Linux", 120)]),
    ("device", &[("desktop", 120)]),
    ("country", &[("DE", 120)]),
];

const OF_UMAMI: [Values; 6] = [
    ("source", &[("Google", 40)]),
    ("browser", &[("Edge", 90), ("Chrome", 30)]),
    ("os", &[("macOS", 90), ("iOS", 30)]),
    ("device", &[("desktop", 90), ("mobile", 30)]),
    ("language", &[("en", 90), ("de", 30)]),
    ("country", &[("US", 90), ("AT", 30)]),
];

/// The files of Plausible's export, of one day.
const PLAUSIBLE: [(&str, &str); 8] = [
    (
        "visitors",
        "date,visitors,pageviews,bounces,visits,visit_duration\n2025-05-01,4,10,3,5,120\n",
    ),
    (
        "pages",
        "date,hostname,page,visits,visitors,pageviews\n\
         2025-05-01,shop.example,/,4,4,6\n2025-05-01,shop.example,/pricing,2,2,3\n",
    ),
    (
        "entry_pages",
        "date,entry_page,visitors,entrances\n2025-05-01,/,3,4\n2025-05-01,/pricing,1,1\n",
    ),
    (
        "sources",
        "date,source,referrer,utm_source,utm_medium,utm_campaign,utm_content,utm_term,pageviews,visits\n\
         2025-05-01,Google,google.com,,,,,,7,3\n2025-05-01,letter,,letter,email,may,,,2,1\n",
    ),
    (
        "locations",
        "date,country,region,city,visits,pageviews\n2025-05-01,AT,AT-9,1,2,4\n\
         2025-05-01,AT,AT-8,2,1,1\n2025-05-01,DE,,0,1,3\n",
    ),
    ("devices", "date,device,visits,pageviews\n2025-05-01,Desktop,3,7\n2025-05-01,Mobile,2,3\n"),
    (
        "browsers",
        "date,browser,browser_version,visits,pageviews\n\
         2025-05-01,Microsoft Edge,136,4,8\n2025-05-01,Safari,18,1,2\n",
    ),
    ("custom_events", "date,name,link_url,path,visitors,events\n2025-05-01,Signup,,,2,3\n"),
];

const OF_PLAUSIBLE: [Values; 10] = [
    ("source", &[("Google", 3), ("letter", 1)]),
    ("referrer", &[("google.com", 3)]),
    ("utm_source", &[("letter", 1)]),
    ("utm_campaign", &[("may", 1)]),
    ("entry_page", &[("/", 4), ("/pricing", 1)]),
    ("country", &[("AT", 5), ("DE", 3)]),
    ("device", &[("desktop", 7), ("mobile", 3)]),
    ("browser", &[("Edge", 8), ("Safari", 2)]),
    ("host", &[("shop.example", 9)]),
    ("event", &[("page_view", 10), ("Signup", 3)]),
];

/// The views of each page, counted by hand.
fn pages() -> BTreeMap<String, u64> {
    hits().fold(BTreeMap::new(), |mut pages, hit| {
        *pages.entry(hit.page).or_default() += 1;
        pages
    })
}

async fn import(export: &Path, product: &str, site: &str, url: &str) -> Output {
    let folder = export.parent().expect("a folder");
    let export = export.display().to_string();
    spillway(folder, &["import", product, &export, "--site", site, "--target", url]).await
}

/// Imports an export twice, each time with so many events.
async fn import_twice(export: &Path, product: &str, site: &str, url: &str, events: usize) {
    for _ in 0..2 {
        let output = import(export, product, site, url).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(said, format!("{events} events taken, 0 left out, 0 refused\n"));
    }
}

async fn exports_are_counted_once_and_as_they_say(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for (product, export, values) in
        [("goatcounter", goatcounter(), &OF_GOATCOUNTER[..]), ("umami", umami(), &OF_UMAMI[..])]
    {
        let (folder, site) = (tempfile::tempdir().expect("a folder"), new_tenant());
        let file = folder.path().join("export.csv");
        fs::write(&file, export).expect("written");
        import_twice(&file, product, &site, &deployment.url(), ROWS).await;
        let stats = stats(&api, &site, ROWS as u64).await;
        assert_counts(&stats);
        assert_values(&api, &site, values).await;
    }
}

async fn the_sums_of_plausible_are_counted_once_and_as_they_say(deployment: &Deployment) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    let folder = tempfile::tempdir().expect("a folder");
    for (table, text) in PLAUSIBLE {
        let name = format!("imported_{table}_20250501_20250501.csv");
        fs::write(folder.path().join(name), text).expect("written");
    }
    import_twice(folder.path(), "plausible", &site, &deployment.url(), 10 + 3).await;
    let stats = stats(&api, &site, 10).await;
    assert_eq!((&stats["total_views"], &stats["unique_users"]), (&json!(10), &json!(4)), "{stats}");
    assert_values(&api, &site, &OF_PLAUSIBLE).await;
    let visits = api.get(&format!("/stats/visits?site_id={site}&date=2025-05-01")).await.body;
    let figures = ["visits", "bounces", "average_seconds"].map(|name| visits[name].as_f64());
    assert_eq!(figures, [Some(5.0), Some(3.0), Some(24.0)], "{visits}");
}

/// The statistics of the day, when so many views are counted.
async fn stats(api: &Api, site: &str, views: u64) -> Value {
    let path = format!("/stats?site_id={site}&date=2025-05-01");
    eventually("all views are counted", async || {
        let stats = api.get(&path).await.body;
        (stats["total_views"].as_u64() >= Some(views)).then_some(stats)
    })
    .await
}

fn assert_counts(stats: &Value) {
    assert_eq!(stats["total_views"], ROWS, "{stats}");
    assert_eq!(stats["unique_users"], VISITORS, "{stats}");
    let paths = stats["top_paths"].as_array().expect("paths").iter().map(|it| {
        (it["path"].as_str().expect("a path").to_owned(), it["views"].as_u64().expect("a count"))
    });
    assert_eq!(paths.collect::<BTreeMap<_, _>>(), pages());
}

/// Every breakdown has the views that were exported, and no others.
async fn assert_values(api: &Api, site: &str, values: &[Values]) {
    for (dimension, expected) in values {
        let path = format!("/stats/breakdown?site_id={site}&dimension={dimension}&date=2025-05-01");
        let expected: Vec<_> =
            expected.iter().map(|(value, views)| json!([value, views])).collect();
        eventually("the breakdown is that of the export", async || {
            let body = api.get(&path).await.body;
            let rows = body["rows"].as_array().cloned().unwrap_or_default();
            let found: Vec<_> =
                rows.iter().map(|row| json!([row["value"], row["views"]])).collect();
            (found == expected).then_some(())
        })
        .await;
    }
}
