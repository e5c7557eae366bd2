//! `spillway completions`: what a shell needs to complete the commands and options of the program.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::{Shell, generate};
use common::program;
use thiserror::Error;

/// Print the completions for a shell.
///
/// Bash: `spillway completions bash > ~/.local/share/bash-completion/completions/spillway`. The
/// Debian package has those for Bash, Zsh and fish.
///
/// Exit code 0: they are printed. 1: standard output cannot be written. 2: the shell is not known.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Error)]
#[error("cannot write to standard output")]
struct Stdout(#[source] io::Error);

/// Prints, and returns the exit code that the command's help promises.
pub(crate) fn run(args: &CompletionsArgs, mut command: Command) -> ExitCode {
    let name = command.get_name().to_owned();
    // The generator panics if it cannot write, which it always can to memory.
    let mut script = Vec::new();
    generate(args.shell, &mut command, name, &mut script);
    program::ended(io::stdout().write_all(&script).map_err(Stdout))
}
