//! One validated noun of a request in each file. What a body holds is extracted whole: a handler
//! takes a `Body<TextUpload>`, `Body<SiteEvent>`, `Body<Interaction>` or `Body<LogBatch>`, and one
//! answer has everything that is wrong with the request.

pub(crate) mod body;
mod bots;
pub(crate) mod breakdown;
pub(crate) mod browser;
pub(crate) mod buffer;
pub(crate) mod byte_escapes;
pub(crate) mod client;
pub(crate) mod comparison;
pub(crate) mod compression;
mod content_type;
mod exclusion;
pub(crate) mod filter;
mod fit;
mod form;
pub(crate) mod interaction;
pub(crate) mod json;
mod json_fault;
pub(crate) mod json_items;
pub(crate) mod limits;
pub(crate) mod log_batch;
pub(crate) mod log_media;
pub(crate) mod media;
pub(crate) mod new_event;
pub(crate) mod one_text;
mod payload;
pub(crate) mod period;
pub(crate) mod query;
pub(crate) mod record_id;
pub(crate) mod removal_part;
pub(crate) mod said_text;
pub(crate) mod site_event;
pub(crate) mod site_settings;
pub(crate) mod stated;
pub(crate) mod surrogates;
pub(crate) mod tenant;
pub(crate) mod text_batch;
pub(crate) mod text_upload;
pub(crate) mod traceparent;
mod unique_keys;
pub(crate) mod windows;

#[cfg(test)]
mod fuzz;
