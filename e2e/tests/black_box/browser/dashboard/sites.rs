//! The days of a site, and its visits.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn today_is_the_day_that_it_is_at_the_site() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    // It is another day there than in UTC.
    let is_late = Utc::now().time() >= chrono::NaiveTime::from_hms_opt(11, 0, 0).expect("a time");
    let zone = if is_late { "Pacific/Kiritimati" } else { "Etc/GMT+12" };
    let settings = api.request(Method::PUT, &format!("/tenants/{tenant}/settings"));
    let settings = settings.json(&json!({"time_zone": zone}));
    assert_eq!(answer(settings).await.status, StatusCode::OK);
    let view = json!({"site_id": tenant, "event_type": "view", "path": "/x", "user_id": "ann"});
    let sent = answer(api.request(Method::POST, "/event").json(&view)).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED);
    let stats = format!("/stats?site_id={tenant}");
    eventually("the view is counted", async || {
        (get(&api, &stats).await["total_views"] == 1).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        for period in ["today", "7d"] {
            show(browser, &host, &tenant, period).await;
            assert_eq!(number(browser, "#views").await, 1, "{period}");
            let said = browser.text("#zone").await;
            assert!(said.contains(zone), "{said}");
            let rows = browser.rows("#series-table").await;
            assert_eq!((rows.len(), rows[0][1].as_str()), (1, "1"), "{period}: {rows:?}");
        }
        let summary =
            "document.getElementById('series-summary').textContent.startsWith('1 view in all')";
        browser.until("the chart has the view", summary).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_visits() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    let views = [
        ("ann", "1", "10:00:00"),
        ("ann", "1", "10:01:30"),
        ("bob", "1", "11:00:00"),
        ("ann", "2", "10:00:00"),
        ("ann", "2", "10:02:05"),
        ("ann", "2", "10:00:30"),
    ];
    for (user, day, time) in views {
        let at = format!("2025-05-0{day}T{time}Z");
        let view = json!({
            "site_id": tenant, "event_type": "view", "path": "/x", "user_id": user, "timestamp": at,
        });
        let sent = answer(api.request(Method::POST, "/event").json(&view)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED);
    }
    let stats = format!("/stats?site_id={tenant}");
    eventually("all views are counted", async || {
        (get(&api, &stats).await["total_views"] == 6).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        for (day, figures, change) in [
            ("2025-05-01", ["50%", "45 s", "1.5"], "none the day before"),
            ("2025-05-02", ["0%", "2 min 5 s", "3"], "+100% on the day before"),
        ] {
            let period = format!("custom&from={day}&to={day}");
            show(browser, &host, &tenant, &period).await;
            let is_there = "!document.getElementById('bounces-figure').hidden";
            browser.until("visits are shown", is_there).await;
            for (id, figure) in ["#bounces", "#duration", "#depth"].into_iter().zip(figures) {
                assert_eq!(browser.text(id).await, figure, "{id} of {day}");
            }
            assert_eq!(browser.text("#depth-change").await, change);
        }
    })
    .await;
}
