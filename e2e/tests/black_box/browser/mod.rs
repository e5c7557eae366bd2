//! The pages and the tracker in a real browser.

mod dashboard;
mod demo;
mod docs;
mod tracker;
