//! The host of the page that an event is from: what tells own pages from others.

use common::host::authority_of;
use serde_json::{Map, Value};

use crate::extractors::client::Client;

/// The authority of the page: of its address, or as the payload says it, or of the page that the
/// browser names.
pub(crate) fn authority<'a>(
    payload: &'a Map<String, Value>,
    client: &'a Client,
) -> Option<&'a str> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let said = || ["host", "hostname"].into_iter().find_map(text).filter(|host| !host.is_empty());
    let of_browser = || client.origin.as_deref().and_then(authority_of);
    text("url").and_then(authority_of).or_else(said).or_else(of_browser)
}
