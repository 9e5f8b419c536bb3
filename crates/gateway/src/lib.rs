//! HTTP protocols over storages: the embedded registry.
//!
//! - [`distribution`] answers the OCI distribution API over any [`Storage`](tofu_oci_store::Storage).
//! - [`access`] decides who may read and who may write.
//! - [`server`] accepts connections, plain or encrypted, for any router.
//!
//! Nothing here reads a clock, the environment or the command line; what is needed comes as values.

pub mod access;
pub mod access_log;
pub mod distribution;
pub mod server;

pub use access::{Access, AccessError, AccessOptions, Anonymous, Exposure};
pub use access_log::{AccessLog, AccessRecord, MemoryLog};
pub use distribution::{Distribution, VersionTags};
pub use server::{
    Limits, LocalAuthority, Server, ServerError, ServerOptions, Tls, TlsError, TlsName,
};
