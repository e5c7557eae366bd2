//! The null controls: each breaks one promise, so that a test can show that the model notices.

/// A promise that is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Control {
    /// None is.
    #[default]
    None,
    /// A publish that failed is answered as if it had not.
    PublishIgnored,
    /// The last part of a record in several parts is not published.
    PartDropped,
    /// A gate is written whether it exists or not.
    GateUnguarded,
    /// A message is acknowledged before it is delivered.
    AcknowledgedEarly,
    /// An upsert that was sent once is never sent again, whether its commit succeeded or not.
    UpsertRememberedEarly,
}
