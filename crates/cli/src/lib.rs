//! The `tofu-oci` command: flags, settings, progress and diagnostics around the library
//! [`tofu_oci`].
//!
//! ```text
//! args ─► settings ─► command: options ─► tofu_oci operation ─► report ─► printer
//!                                              │ events              └──► diagnostic, exit status
//!                                              └──► printer::progress
//! ```
//!
//! This is the only crate that knows a terminal, an environment or a clock. It is a library only so
//! that the reference can be generated from it ([`mod@reference`]); Rust programs use [`tofu_oci`].

mod args;
mod cli_config;
mod commands;
mod credentials;
mod diagnostic;
mod document;
mod interrupt;
mod log;
mod log_queue;
mod manual;
mod network;
mod open_files;
mod printer;
pub mod reference;
mod remedy;
mod run;
mod settings;

pub use run::run;
