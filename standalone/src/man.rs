//! `spillway man`: the manual pages, made from what `--help` says.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;
use common::program;
use thiserror::Error;

/// Print the manual page, or write those of all commands into a folder.
///
/// To read it: `spillway man | man -l -`. The Debian package includes all pages.
///
/// Exit code 0: done. 1: a page cannot be written. 2: an option is not valid.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// The folder for the pages of all commands; created if it is missing [default: the page of the
    /// program, on standard output]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Error)]
enum ManError {
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    #[error("cannot write the pages to {0}")]
    Folder(PathBuf, #[source] io::Error),
}

/// Writes, and returns the exit code that the command's help promises.
pub(crate) fn run(args: &ManArgs, command: Command) -> ExitCode {
    program::ended(match &args.out {
        Some(folder) => {
            pages(command, folder).map_err(|error| ManError::Folder(folder.clone(), error))
        }
        None => Man::new(command).render(&mut io::stdout()).map_err(ManError::Stdout),
    })
}

fn pages(command: Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}
