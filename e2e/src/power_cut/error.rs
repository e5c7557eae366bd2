//! Why a trace cannot be used.

use thiserror::Error;

/// Why a trace cannot be used. Lines are counted from 1.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The file cannot be read.
    #[error("the trace cannot be read")]
    File(#[from] std::io::Error),
    /// A line is not as `strace` writes it.
    #[error("line {0} of the trace cannot be read")]
    Line(usize),
    /// `strace` left out the end of a string.
    #[error("line {0} of the trace lacks bytes")]
    CutShort(usize),
    /// An answer does not say which record it is for.
    #[error("the 202 on line {0} of the trace has no id")]
    Answer(usize),
    /// A file is used whose opening was not seen.
    #[error("line {0} of the trace uses a file that was not opened")]
    NotOpen(usize),
    /// The program does something to its files that nothing here follows yet.
    #[error("line {0} of the trace has a call that cannot be followed: {1}")]
    Unknown(usize, String),
}
