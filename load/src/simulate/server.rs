//! The server that a simulation starts for itself, kills, and ends.

use std::path::PathBuf;

use common::broker::Cause;
pub use reqwest::Url;

/// A server that belongs to the simulation. Dropping it ends it and removes its data.
pub trait Server: Sized {
    /// Starts a server on a free port, with a fresh folder for its data. Returns when it listens.
    fn start() -> impl Future<Output = Result<Self, Cause>>;

    /// Its base URL, which never changes.
    fn url(&self) -> &Url;

    /// Kills it so that it cannot clean up, and starts it again with the same address and data.
    fn crash(&mut self) -> impl Future<Output = Result<(), Cause>>;

    /// Ends it, and keeps its data. Returns where they are.
    fn keep(self) -> PathBuf;
}
