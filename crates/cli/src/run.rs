//! From the command line to the exit status.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::{AddressError, Cli};
use crate::commands::{self, Ending};
use crate::diagnostic::{Code, Diagnostic, Failure, report};
use crate::interrupt::{self, Stop};
use crate::printer::{Colour, Format, Glyphs, Printer, Verbosity, escape, write_err};
use crate::settings::Settings;

/// The exit status of a `--dry-run` that found something to do.
pub(crate) const TO_DO: u8 = 4;

/// Runs the program with the arguments `args`, the first of which is its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    match Cli::read(&args) {
        Ok(cli) => {
            let settings = Settings::resolve(&cli.global);
            let result = interrupt::listen().and_then(|()| commands::run(cli.command, &settings));
            ended(&settings.printer, result)
        }
        Err(error) => declined(error, &args),
    }
}

fn ended(printer: &Printer, result: Result<Ending, Stop>) -> ExitCode {
    match result {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::ToDo) => ExitCode::from(TO_DO),
        Err(Stop::Interrupted) => ExitCode::from(interrupt::STATUS),
        Err(Stop::Failed(failure)) => {
            report(printer, &failure);
            ExitCode::from(failure.status())
        }
    }
}

/// Help and version that were asked for, and command lines that are none.
fn declined(mut error: clap::Error, args: &[OsString]) -> ExitCode {
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let json = args.iter().any(|arg| arg == "--json");
    name_variable(&mut error, args);
    let path = (&error as &dyn std::error::Error)
        .source()
        .and_then(|source| source.downcast_ref::<AddressError>())
        .and_then(|problem| path_given(problem, &error));
    let failure = match path {
        Some(diagnostic) => Failure::from(diagnostic),
        None if help || !json => {
            print(&error, args);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        None => Failure::usage(message(&error)),
    };
    let printer = Printer {
        format: if json { Format::Json } else { Format::Human },
        verbosity: Verbosity::Normal,
        colour: Colour::Off,
        glyphs: Glyphs::Ascii,
    };
    report(&printer, &failure);
    ExitCode::from(failure.status())
}

/// What to say of a path where an address is wanted.
fn path_given(problem: &AddressError, error: &clap::Error) -> Option<Diagnostic> {
    match problem {
        AddressError::Path(hint) => {
            Some(Diagnostic::new(Code::Usage, message(error)).hint(hint.as_str()))
        }
        AddressError::Invalid(_) => None,
    }
}

/// A mistake on one line.
fn message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let message = text.lines().next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        // One a line below the first.
        (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(names))) => {
            format!("{message} {}", names.join(", "))
        }
        _ => message.to_owned(),
    }
}

/// Names the variable where a wrong value came from the environment.
fn name_variable(error: &mut clap::Error, args: &[OsString]) {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else {
        return;
    };
    let flag = shown.split(' ').next().unwrap_or_default();
    let Some(long) = flag.strip_prefix("--") else {
        return;
    };
    let command = Cli::command();
    let Some((short, variable)) = variable(&command, long) else {
        return;
    };
    let written = args.iter().any(|arg| {
        let arg = arg.to_string_lossy();
        let short = short
            .is_some_and(|c| !arg.starts_with("--") && arg.starts_with('-') && arg.contains(c));
        short
            || arg == flag
            || arg
                .strip_prefix(flag)
                .is_some_and(|rest| rest.starts_with('='))
    });
    if !written {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
}

/// The short form and the variable of a flag, here or in the commands below.
fn variable(command: &clap::Command, long: &str) -> Option<(Option<char>, String)> {
    let mut here = command.get_arguments();
    let found = here.find(|arg| arg.get_long() == Some(long) && arg.get_env().is_some());
    match found {
        Some(arg) => {
            let name = arg.get_env()?.to_string_lossy().into_owned();
            Some((arg.get_short(), name))
        }
        None => command
            .get_subcommands()
            .find_map(|below| variable(below, long)),
    }
}

/// Prints what the parser says.
fn print(error: &clap::Error, args: &[OsString]) {
    let text = error.render().to_string();
    // Values of variables are repeated as well as arguments.
    if args.iter().any(|arg| is_hostile(arg)) || text.lines().any(|line| *line != *escape(line)) {
        // Colours are not worth telling whose they are.
        let lines: Vec<_> = text.lines().map(escape).collect();
        write_err(&format!("{}\n", lines.join("\n")));
    } else {
        // A reader that went away has read enough.
        let _ = error.print();
    }
}

/// Whether an argument must not reach the terminal as it is.
fn is_hostile(arg: &OsStr) -> bool {
    let text = arg.to_string_lossy();
    *text != *escape(&text)
}
