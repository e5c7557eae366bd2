//! Load for a deployment, through its public API: a flood of texts that is read back and checked, a
//! realistic sample of events, the events that another web analytics exported, and a simulation of customers' access logs whose counts are checked.

pub mod answer;
pub mod count;
mod duration;
pub mod flood;
pub mod generate;
pub mod http;
pub mod import;
pub mod progress;
mod retry_wait;
mod sender;
mod setup;
pub mod simulate;
#[cfg(test)]
mod test_server;
pub mod token;
