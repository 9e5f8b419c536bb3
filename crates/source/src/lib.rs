//! Where packages are found ([`Source`]), and how they are fetched, verified and unpacked in one
//! step ([`fetch_provider`], [`fetch_module`]). What lies beside a release is read by [`evidence`].
//!
//! A package that has not been verified cannot be installed, because what installs takes a
//! [`Fetched`], and only fetching makes one.

mod connect;
mod content;
mod error;
pub mod evidence;
mod fetch;
mod meta;
mod multi;
mod oci_mirror;
mod spool;
mod unpack;

pub use connect::{Connect, Reach};
pub use content::{Reading, Sought};
pub use error::SourceError;
pub use fetch::{FetchOptions, FetchProgress, Fetched, fetch_module, fetch_provider};
pub use meta::{Location, PackageMeta, Release, VersionList};
pub use multi::MultiSource;
pub use oci_mirror::OciMirror;

use async_trait::async_trait;
use tofu_oci_types::tofu::{Platform, ProviderAddr, Version};

/// A place that has providers.
#[async_trait]
pub trait Source: Send + Sync {
    /// Whether these providers can be told apart here; asked once, before anything moves.
    ///
    /// # Errors
    ///
    /// [`SourceError::Collision`] where two of them are one to this source.
    fn distinguish(&self, providers: &[ProviderAddr]) -> Result<(), SourceError>;

    /// The versions that there are.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; [`SourceError::is_absent`] where this place does not know the provider.
    async fn versions(&self, provider: &ProviderAddr) -> Result<VersionList, SourceError>;

    /// One version with its packages for `platforms`, all from one answer.
    ///
    /// # Errors
    ///
    /// [`SourceError`]; also where one of the platforms is missing.
    async fn release(
        &self,
        provider: &ProviderAddr,
        version: &Version,
        platforms: &[Platform],
    ) -> Result<Release, SourceError>;
}
