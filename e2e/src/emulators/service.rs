//! The two emulators there are.

/// One of the emulators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The broker.
    Pubsub,
    /// The store.
    Firestore,
}
