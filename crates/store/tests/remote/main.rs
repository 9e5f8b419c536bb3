//! Registries that are not what the specification describes, and what the client does about it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod auth;
mod bench;
mod caches;
mod download;
mod given_up;
mod limits;
mod manifests;
mod pages;
mod realms;
mod redirects;
mod referrers;
mod retries;
mod slow;
mod stream;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod upload;
