//! Builders and sandboxes for the tests of tofu-oci. Never published, used from `tests/` only.
//!
//! - [`Zip`] makes zips of any shape, also such as no program would make.
//! - [`ProviderRelease`] writes the files of a release, as goreleaser leaves them.
//! - [`Registry`] is the embedded registry on loopback, in this process; [`Quirks`] make it behave as real ones do,
//!   and [`TokenService`] hands out tokens for it.
//! - [`PeerServer`] is a server that is a process of its own; [`PeerRegistry`] starts registries of others.
//! - [`faults`] makes files, connections and registries fail by chance that can be repeated.
//! - [`fuzz`] has the fuzz targets.
//! - [`Sandbox`] runs a program in a directory of its own, without the environment of the machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a fixture that cannot be made fails the test that needs it"
)]

mod executable;
pub mod faults;
pub mod fuzz;
mod mutual;
mod peer_registry;
mod peer_server;
mod quirks;
mod registry;
mod release;
mod sandbox;
mod zip;

pub use axum::Router;
pub use executable::executable;
pub use mutual::{CertifiedKey, MutualTls};
pub use peer_registry::PeerRegistry;
pub use peer_server::PeerServer;
pub use quirks::{
    Canned, Created, Quirk, Quirks, Requests, Seen, TokenForm, TokenRequest, TokenService,
    password_guard,
};
pub use registry::Registry;
pub use release::ProviderRelease;
pub use sandbox::{Run, Sandbox, peer, skipped};
pub use zip::{Zip, ZipEntry};
