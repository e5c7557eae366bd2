//! The time budget of an answer: a request with data gets 202 or 503 within [`ANSWER`] of the last
//! byte of its body.

use std::time::Duration;

/// The longest time until the answer.
pub const ANSWER: Duration = Duration::from_secs(10);

/// How long the gateway waits at most for the salt that a visitor's id needs.
pub const SALT: Duration = Duration::from_secs(1);

/// How long the gateway waits at most for the settings of a site. It reads them at the same time as
/// the salt, so both take no longer than one.
pub const SITE_SETTINGS: Duration = SALT;

/// How long the gateway waits at most for [`Broker::publish`](crate::broker::Broker::publish).
pub const PUBLISH: Duration = Duration::from_millis(8_500);

/// What is left for the gateway's own work: parsing, cutting and rendering.
pub const OWN_WORK: Duration = Duration::from_millis(500);

/// How long a broker's adapter takes at most: less than [`PUBLISH`], so that its error arrives
/// before the gateway gives up.
pub const ADAPTER: Duration = Duration::from_secs(8);

/// The part of [`ADAPTER`] for which a message may wait for room among those in flight.
pub const ADMISSION: Duration = Duration::from_secs(1);

/// The part of [`ADAPTER`] that an admitted message may take.
pub const SEND: Duration = Duration::from_secs(7);

/// The part of [`SEND`] after which no attempt is repeated; the rest is for the answer to the last
/// one.
pub const RETRIES: Duration = Duration::from_secs(6);

const _: () = {
    let parts = SALT.as_millis() + PUBLISH.as_millis() + OWN_WORK.as_millis();
    assert!(parts == ANSWER.as_millis(), "the parts of an answer add up");
    let adapter = ADMISSION.as_millis() + SEND.as_millis();
    assert!(adapter == ADAPTER.as_millis(), "the parts of a publish add up");
    assert!(ADAPTER.as_millis() < PUBLISH.as_millis(), "an adapter's error comes in time");
    assert!(RETRIES.as_millis() < SEND.as_millis(), "the last attempt has time for its answer");
};
