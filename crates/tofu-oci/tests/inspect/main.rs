//! Listing, showing and pulling what was published.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod fixture;
mod hostile;
mod list_show;
mod pull;
#[path = "../support/mod.rs"]
mod support;
