//! What the pages and the tracker do in a real browser.

mod dashboard;
mod demo;
mod docs;
mod tracker;
