//! Settings of a deployment.

/// Environment variables for every program of a deployment.
pub type Settings = Vec<(&'static str, String)>;
