//! The public half of Spillway: reads one request, validates and normalizes it, publishes, and
//! answers 202 when every message is durable. It also serves every read.

pub mod app;
mod assets;
mod batch;
mod edge;
mod extractors;
mod openapi;
mod page;
mod pages;
mod parts;
mod probes;
mod problem;
mod publish;
mod render;
mod routes;

pub use app::{Application, Gateway, GatewaySettings};
pub use openapi::document;
