//! The address at which a browser shows the events.

use chrono::{Datelike as _, Days, NaiveDate};

/// The most days that the dashboard shows at once, besides the first.
const MOST_MORE_DAYS: Days = Days::new(365);

/// The dashboard of the deployment at `base`, with the tenant's events from the first to the last
/// day: that month if they are all from one, or else their last year.
pub(super) fn dashboard(base: &str, tenant: &str, first: NaiveDate, last: NaiveDate) -> String {
    let days = if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("period=month&month={}", first.format("%Y-%m"))
    } else {
        let first = last.checked_sub_days(MOST_MORE_DAYS).map_or(first, |year| first.max(year));
        format!("period=custom&from={first}&to={last}")
    };
    format!("{base}/dashboard?tenant={tenant}&{days}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(first: &str, last: &str) -> String {
        let day = |text: &str| text.parse().expect("a day");
        let link = dashboard("http://127.0.0.1:8080", "acme", day(first), day(last));
        let (_, days) = link.split_once("/dashboard?tenant=acme&period=").expect("a dashboard");
        days.to_owned()
    }

    #[test]
    fn the_link_shows_the_month_of_the_events_or_at_most_a_year() {
        assert_eq!(link("2025-05-01", "2025-05-29"), "month&month=2025-05");
        assert_eq!(link("2025-05-07", "2025-05-07"), "month&month=2025-05");
        assert_eq!(link("2025-05-20", "2025-06-01"), "custom&from=2025-05-20&to=2025-06-01");
        assert_eq!(link("2024-05-01", "2025-05-01"), "custom&from=2024-05-01&to=2025-05-01");
        assert_eq!(link("2001-01-01", "2025-12-31"), "custom&from=2024-12-31&to=2025-12-31");
    }
}
