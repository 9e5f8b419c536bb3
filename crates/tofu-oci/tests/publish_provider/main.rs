//! Publishing providers: what comes out, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod again;
mod artifact;
mod faults;
mod files;
mod fixture;
mod refused;
#[path = "../support/mod.rs"]
mod support;
mod versions;
