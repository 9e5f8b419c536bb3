//! Installing from a registry on disk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod cache;
mod cache_damage;
mod cache_faults;
mod cache_meddled;
mod cache_parallel;
mod cache_upkeep;
mod faults;
mod lock;
mod modules;
mod providers;
mod support;
