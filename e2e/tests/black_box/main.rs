//! Spillway from outside, in both modes: real binaries, real emulators, faults. All of it is one
//! program, so that the tests share the emulators, and those that wait leave the cores to others.

mod archive;
#[cfg(target_os = "linux")]
mod attacks;
mod auth;
mod bad_input;
mod breakdown;
mod broker_contract;
mod browser;
mod cloud_shape;
mod crash;
mod data_folder;
mod dead_letters;
mod deployment;
mod docs;
mod documents;
mod events;
mod fair_shares;
mod faults;
mod first_contact;
mod forget;
#[cfg(target_os = "linux")]
mod fsync;
mod google_cloud;
mod http_rules;
mod images;
mod import;
mod isolation;
mod lifecycle;
mod log_details;
mod logs;
mod metrics;
mod monitoring;
mod pages;
mod push;
mod rates;
mod reads;
mod redact_paths;
mod redrive;
mod simulate;
mod site_settings;
mod store_contract;
mod tenant_data;
mod tenants;
mod text_batches;
mod texts;
mod time_zones;
mod visits;
