//! Settings of a deployment.

/// Environment variables for all programs of a deployment.
pub type Settings = Vec<(&'static str, String)>;
