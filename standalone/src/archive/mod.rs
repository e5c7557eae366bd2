//! The raw archive: every message as a line of JSON under `archive/{tenant}/{day}/`. A file is compressed
//! when it is full, or when its day is over.

mod archiver;
mod folders;
mod line;
mod pack;
mod packer;
mod place;
mod progress;
mod reader;
mod repair;
mod writer;

pub(crate) use archiver::Archiver;
pub(crate) use folders::prepare;
pub(crate) use line::Line;
#[cfg(test)]
pub(crate) use pack::pack;
pub(crate) use place::day;
pub(crate) use reader::{Bookmark, Corrupt, Input, inputs};
