//! The ground of the black-box tests: Google's emulators, and Spillway itself as real processes in
//! both modes.

pub mod api;
pub mod binaries;
pub mod books;
mod both;
pub mod browser;
pub mod chaos;
pub mod deployment;
pub mod emulators;
pub mod exactness;
pub mod google;
pub mod grpc;
pub mod issuer;
pub mod key_server;
pub mod last_will;
pub mod line;
pub mod needs;
pub mod power_cut;
pub mod pubsub_admin;
pub mod raw;
pub mod relay;
pub mod service;
pub mod terraform;
