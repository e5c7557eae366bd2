//! Load for a deployment, through its public API: a flood of texts that is read back and checked, and
//! a realistic sample of events.

mod answer;
pub mod count;
pub mod flood;
pub mod generate;
mod http;
mod pace;
pub mod progress;
