//! What the commands do: flags to options, an operation of the library, its report to the printer.

mod cache;
mod cli_config;
mod completions;
mod copy;
mod delete;
mod fsck;
mod gc;
mod install;
mod list;
mod login;
mod logout;
mod man;
mod no_source;
mod publish_module;
mod publish_provider;
mod pull;
mod requirements;
mod serve;
mod show;
mod signatures;
mod verify;

use std::io;
use std::path::Path;
use std::sync::Arc;

use tofu_oci::Progress;
use tofu_oci::inspect::Inspector;
use tofu_oci::install::Writes;
use tofu_oci::maintain::Maintainer;
use tofu_oci::store::Files;

use crate::args::{Command, PublishCommand};
use crate::diagnostic::{Code, Diagnostic, Failure};
use crate::interrupt::Stop;
use crate::settings::Settings;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is done.
    Done,
    /// Only the plan was asked for, and there is something in it.
    ToDo,
}

/// Runs a command.
///
/// # Errors
///
/// Why it ended without its result.
pub(crate) fn run(command: Command, settings: &Settings) -> Result<Ending, Stop> {
    match command {
        Command::Publish(args) => match args.command {
            PublishCommand::Provider(args) => publish_provider::run(args, settings),
            PublishCommand::Module(args) => publish_module::run(args, settings),
        },
        Command::Install(args) => install::run(args, settings),
        Command::List(args) => list::run(&args, settings),
        Command::Show(args) => show::run(&args, settings),
        Command::Pull(args) => pull::run(args, settings),
        Command::Verify(args) => verify::run(&args, settings),
        Command::Copy(args) => copy::run(&args, settings),
        Command::Delete(args) => delete::run(&args, settings),
        Command::Requirements(args) => requirements::run(&args, settings),
        Command::Login(args) => login::run(&args, settings),
        Command::Logout(args) => logout::run(&args, settings),
        Command::Serve(args) => serve::run(&args, settings),
        Command::Gc(args) => gc::run(&args, settings),
        Command::Fsck(args) => fsck::run(&args, settings),
        Command::Cache(args) => cache::run(&args, settings),
        Command::CliConfig(args) => cli_config::run(&args, settings),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Where the events of an operation go.
fn progress(settings: &Settings, writes: Writes) -> Progress {
    Progress::new(Arc::new(settings.reporter(writes)))
}

/// Who looks into repositories.
fn inspector(settings: &Settings) -> Result<Inspector, Failure> {
    let files = Files::new();
    Ok(Inspector {
        connect: settings.connect(&files)?,
        files,
        progress: progress(settings, Writes::Execute),
    })
}

/// Who keeps repositories in order.
fn maintainer(settings: &Settings) -> Result<Maintainer, Failure> {
    let files = Files::new();
    Ok(Maintainer {
        connect: settings.connect(&files)?,
        files,
    })
}

/// A directory, which may be written as in an address.
fn directory(path: &Path) -> &Path {
    let text = path.to_str().and_then(|text| text.strip_prefix("dir:"));
    text.map_or(path, Path::new)
}

/// A result that could not be written.
#[allow(
    clippy::needless_pass_by_value,
    reason = "it takes what `map_err` hands over"
)]
fn output(error: io::Error) -> Failure {
    let mut diagnostic =
        Diagnostic::new(Code::Output, "cannot write the result to standard output");
    diagnostic.causes.push(error.to_string());
    diagnostic.into()
}
