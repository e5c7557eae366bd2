//! The raw archive: every message as a line of JSON under `archive/{tenant}/{day}/`.

mod archiver;
mod line;
mod place;
mod progress;
mod reader;
mod writer;

pub(crate) use archiver::Archiver;
pub(crate) use line::Line;
pub(crate) use place::day;
pub(crate) use reader::{Bookmark, Corrupt, Input, inputs};
pub(crate) use writer::prepare;
