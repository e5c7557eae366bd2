//! In which folder of the archive a message belongs.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use common::broker::Attributes;
use common::message::{self, attribute};

/// Where messages go whose tenant cannot be read: no tenant's id begins with `_`.
const STRAY: &str = "_stray";
/// Where messages go whose time cannot be read.
const UNDATED: &str = "undated";

/// `{tenant}/{day}`.
pub(super) fn folder(attributes: &Attributes) -> PathBuf {
    let tenant = message::tenant(attributes);
    let tenant = tenant.as_ref().map_or(STRAY, |tenant| tenant.as_str());
    let day = day(attributes).map_or_else(|| UNDATED.to_owned(), |day| day.to_string());
    PathBuf::from(tenant).join(day)
}

/// The day on which the message was received, UTC.
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
    fn a_message_lies_under_its_tenant_and_day_in_utc() {
        assert_eq!(place("acme", "2026-03-01T23:30:00.000Z"), "acme/2026-03-01");
        assert_eq!(place("acme", "2026-03-01T23:30:00-02:00"), "acme/2026-03-02");
    }

    #[test]
    fn nothing_that_cannot_be_read_lies_among_tenants() {
        for tenant in ["", "..", "../beta", "a/b", "_stray", "\0"] {
            assert_eq!(place(tenant, "2026-03-01T00:00:00Z"), "_stray/2026-03-01", "{tenant:?}");
        }
        for time in ["", "yesterday", "../../x"] {
            assert_eq!(place("acme", time), "acme/undated", "{time:?}");
        }
    }
}
