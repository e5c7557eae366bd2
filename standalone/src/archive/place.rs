//! The folder of the archive that a message belongs in.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use common::broker::Attributes;
use common::message::{self, attribute};

/// The folder of messages without a readable tenant; no tenant's id starts with `_`.
const STRAY: &str = "_stray";
/// The folder of messages without a readable time.
const UNDATED: &str = "undated";

/// `{tenant}/{day}`.
pub(super) fn folder(attributes: &Attributes) -> PathBuf {
    let tenant = message::tenant(attributes);
    let tenant = tenant.as_ref().map_or(STRAY, |tenant| tenant.as_str());
    let day = day(attributes).map_or_else(|| UNDATED.to_owned(), |day| day.to_string());
    PathBuf::from(tenant).join(day)
}

/// The day (UTC) on which the message was received.
pub(crate) fn day(attributes: &Attributes) -> Option<NaiveDate> {
    let received_at = attributes.get(attribute::RECEIVED_AT)?;
    let received_at = DateTime::parse_from_rfc3339(received_at).ok()?;
    Some(received_at.with_timezone(&Utc).date_naive())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(tenant: &str, received_at: &str) -> String {
        let attributes = [("tenant_id", tenant), ("received_at", received_at)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        folder(&attributes.into()).display().to_string()
    }

    #[test]
    fn a_message_is_filed_under_its_tenant_and_its_day_in_utc() {
        assert_eq!(place("acme", "2026-03-01T23:30:00.000Z"), "acme/2026-03-01");
        assert_eq!(place("acme", "2026-03-01T23:30:00-02:00"), "acme/2026-03-02");
    }

    #[test]
    fn messages_without_a_readable_tenant_or_day_are_filed_apart() {
        for tenant in ["", "..", "../beta", "a/b", "_stray", "\0"] {
            assert_eq!(place(tenant, "2026-03-01T00:00:00Z"), "_stray/2026-03-01", "{tenant:?}");
        }
        for time in ["", "yesterday", "../../x"] {
            assert_eq!(place("acme", time), "acme/undated", "{time:?}");
        }
    }
}
