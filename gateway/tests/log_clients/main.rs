//! The doors for log clients, with the payloads that the clients send: what is taken, what is refused
//! and in which form, and what the broker has afterwards.

mod elasticsearch;
mod journald;
mod loki;
mod otlp;
mod records;
mod running;
mod splunk;
