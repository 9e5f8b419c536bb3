//! Directories as other tools write them, and as nobody should.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod check;
mod damage;
mod directory;
mod fixture;
mod foreign;
#[path = "../support/mod.rs"]
mod support;
