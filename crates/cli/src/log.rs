//! What a long-running command tells while it runs: lines on standard error.

#![allow(
    clippy::disallowed_methods,
    reason = "the filter of traces comes from the environment"
)]

use std::{env, io};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::log_queue::LogQueue;
use crate::printer::{Format, Printer, Verbosity};

/// The variable that filters traces.
pub(crate) const VARIABLE: &str = "TOFU_OCI_LOG";

/// Begins to tell. What is told never waits for whoever reads it.
///
/// # Errors
///
/// No thread can be had.
pub(crate) fn start(printer: &Printer) -> io::Result<LogQueue> {
    let queue = LogQueue::start(io::stderr(), |lost| {
        tracing::warn!(
            lost,
            "lines were left out: nobody took them from standard error"
        );
    })?;
    let usual = match printer.verbosity {
        Verbosity::Quiet => "error",
        Verbosity::Normal => "info",
        Verbosity::Verbose | Verbosity::Everything => {
            "info,tofu_oci_gateway=debug,tofu_oci_store=debug"
        }
    };
    let asked = env::var(VARIABLE).ok().filter(|filter| !filter.is_empty());
    let filter = EnvFilter::try_new(asked.as_deref().unwrap_or(usual));
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(usual));
    let writer = queue.clone();
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(move || writer.clone());
    // Somebody may have begun before.
    let _ = match printer.format {
        Format::Json => lines.json().flatten_event(true).try_init(),
        Format::Human => lines.with_ansi(false).try_init(),
    };
    Ok(queue)
}
