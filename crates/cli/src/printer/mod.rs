//! Everything that is printed: results to standard output, the rest to standard error.

mod escape;
pub(crate) mod json;
mod progress;
mod size;
mod table;
mod tree;

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub(crate) use escape::{escape, shown};
pub(crate) use progress::{ProgressMode, TerminalReporter, WarningForm};
pub(crate) use size::{count, size};
pub(crate) use table::{Align, Table};
pub(crate) use tree::{Glyphs, Tree};

/// In which form results and errors are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Tables, trees and sentences.
    Human,
    /// One JSON document.
    Json,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors, and results that were asked for.
    Quiet,
    /// Warnings, progress and a summary too.
    Normal,
    /// Every piece of work as it begins and ends, too.
    Verbose,
    /// Every request, too.
    Everything,
}

/// Whether a stream gets colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// It does.
    On,
    /// It does not.
    Off,
}

impl Colour {
    /// `text` in `style`, or as it is.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        match self {
            Self::On => format!("{style}{text}{style:#}"),
            Self::Off => text.to_owned(),
        }
    }
}

/// The style of `error`.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The style of `warning`.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// The style of `hint` and `cause`.
pub(crate) const LABEL: Style = AnsiColor::Cyan.on_default();

/// Prints. What cannot be written because nobody reads any more is not missed.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    /// The form of results and errors.
    pub(crate) format: Format,
    /// How much is said.
    pub(crate) verbosity: Verbosity,
    /// Whether standard error gets colours.
    pub(crate) colour: Colour,
    /// How trees are drawn.
    pub(crate) glyphs: Glyphs,
}

impl Printer {
    /// Prints a result: `document` as JSON, or what `human` makes.
    ///
    /// # Errors
    ///
    /// Those of standard output, but for a pipe that nobody reads.
    pub(crate) fn result<T: Serialize>(
        &self,
        document: &T,
        human: impl FnOnce() -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Json => write_out(json::pretty(document)?.as_bytes()),
            Format::Human => write_out(human().as_bytes()),
        }
    }

    /// Prints a result that only tells what was done, which nobody wants to hear who asked for quiet.
    ///
    /// # Errors
    ///
    /// As [`result`](Self::result).
    pub(crate) fn summary<T: Serialize>(
        &self,
        document: &T,
        human: impl FnOnce() -> String,
    ) -> io::Result<()> {
        match (self.format, self.verbosity) {
            (Format::Human, Verbosity::Quiet) => Ok(()),
            _ => self.result(document, human),
        }
    }

    /// Prints a remark for people, which is no result and no warning.
    pub(crate) fn note(&self, text: impl Display) {
        if self.format == Format::Human && self.verbosity > Verbosity::Quiet {
            write_err(&format!("{}\n", shown(text)));
        }
    }
}

impl Printer {
    /// Prints a remark for those who want to know so much.
    pub(crate) fn detail(&self, from: Verbosity, text: impl Display) {
        if self.format == Format::Human && self.verbosity >= from {
            write_err(&format!("{}\n", shown(text)));
        }
    }

    /// Prints a warning that no operation gave.
    pub(crate) fn warning(&self, code: &'static str, message: &str) {
        match (self.verbosity, self.format) {
            (Verbosity::Quiet, _) => {}
            (_, Format::Json) => write_err(&crate::diagnostic::warning_line(code, message)),
            (_, Format::Human) => {
                let head = self.colour.paint(WARNING, &format!("warning[{code}]"));
                write_err(&format!("{head}: {}\n", shown(message)));
            }
        }
    }
}

/// Writes a result to standard output, all at once.
///
/// # Errors
///
/// Those of the stream; a closed pipe is none, because whoever closed it has read enough.
pub(crate) fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Writes to standard error. There is nobody to tell when that fails.
pub(crate) fn write_err(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
