//! What pages, examples and workflows show can be done: commands are understood, guides and examples run against
//! registries on loopback, links lead somewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod commands;
#[cfg(unix)]
mod examples;
#[cfg(unix)]
mod guides;
mod messages;
mod pages;
mod release;
#[cfg(unix)]
mod runner;
mod shell;
#[cfg(unix)]
#[path = "../../../tofu-oci/tests/support/signing.rs"]
#[allow(dead_code)]
mod signing;
mod workflows;
