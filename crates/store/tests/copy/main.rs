//! Copying graphs between repositories of every kind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod fixture;
mod graph;
mod refused;
mod requests;
#[path = "../support/mod.rs"]
mod support;
