//! What the black-box tests stand on: Google's emulators, and the contract that every adapter of
//! a port keeps.

pub mod contract;
pub mod emulators;
pub mod pubsub_admin;
