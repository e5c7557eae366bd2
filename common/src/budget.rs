//! The time budget of an answer: a request with data is answered, with 202 or 503, within [`ANSWER`]
//! of the last byte of its body.

use std::time::Duration;

/// Longest until the answer.
pub const ANSWER: Duration = Duration::from_secs(10);

/// Longest that the gateway waits for the salt that a visitor's id needs.
pub const SALT: Duration = Duration::from_secs(1);

/// Longest that the gateway waits for the settings of a site. It reads them at the same time as the
/// salt, so both take no longer than one.
pub const SITE_SETTINGS: Duration = SALT;

/// Longest that the gateway waits for [`Broker::publish`](crate::broker::Broker::publish).
pub const PUBLISH: Duration = Duration::from_millis(8_500);

/// What is left for the gateway's own work: parsing, cutting and rendering.
pub const OWN_WORK: Duration = Duration::from_millis(500);

/// Longest that a broker's adapter takes: less than [`PUBLISH`], so that its error comes before the
/// gateway gives up.
pub const ADAPTER: Duration = Duration::from_secs(8);

/// Of [`ADAPTER`]: longest that a message waits for room among those in flight.
pub const ADMISSION: Duration = Duration::from_secs(1);

/// Of [`ADAPTER`]: longest that an admitted message takes.
pub const SEND: Duration = Duration::from_secs(7);

/// Of [`SEND`]: after this, no attempt is repeated; what is left is for the answer to the last one.
pub const RETRIES: Duration = Duration::from_secs(6);

const _: () = {
    let parts = SALT.as_millis() + PUBLISH.as_millis() + OWN_WORK.as_millis();
    assert!(parts == ANSWER.as_millis(), "the parts of an answer add up");
    let adapter = ADMISSION.as_millis() + SEND.as_millis();
    assert!(adapter == ADAPTER.as_millis(), "the parts of a publish add up");
    assert!(ADAPTER.as_millis() < PUBLISH.as_millis(), "an adapter's error comes in time");
    assert!(RETRIES.as_millis() < SEND.as_millis(), "the last attempt has time for its answer");
};
