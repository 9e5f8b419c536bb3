//! How releases and modules are written as OCI artifacts, and read back.
//!
//! ```text
//! tag 1.2.3 ─→ index (provider) ─→ target linux_amd64 ─→ terraform-provider-….zip
//!               ↑                └→ target darwin_arm64 ─→ …
//!               └─ subject ── checksums file, registry manifest, SBOM …   (attachments)
//!
//! tag 1.2.3 ─→ manifest (module package) ─→ NAME-1.2.3.zip
//! ```
//!
//! The first half is what OpenTofu 1.10 and later read; the attachments and annotations are ours.

mod attachment;
mod embedded;
mod error;
mod module;
mod provider;
mod provider_index;
mod sbom;
mod timestamp;
mod user_annotations;

#[cfg(test)]
mod tests;

pub use attachment::{Attachment, AttachmentKind, AttachmentLayer};
pub use embedded::{EMBEDDED_LAYERS, EMBEDDED_LIMIT, EmbeddedDocument};
pub use error::ArtifactError;
pub use module::{ModuleArtifact, ModuleDraft, ModuleManifest};
pub use provider::{PackageDraft, Profile, ProviderArtifact, ReleaseDraft, TargetManifest};
pub use provider_index::{IndexEntry, PackageHints, ProviderIndex, package_layer};
pub use timestamp::Timestamp;
pub use user_annotations::UserAnnotations;

use crate::oci::MediaType;

/// The artifact type of a provider's index.
pub const PROVIDER: MediaType = MediaType::from_static("application/vnd.opentofu.provider");
/// The artifact type of one platform's manifest, and of its entry in the index.
pub const PROVIDER_TARGET: MediaType =
    MediaType::from_static("application/vnd.opentofu.provider-target");
/// The artifact type of a module package.
pub const MODULE_PACKAGE: MediaType = MediaType::from_static("application/vnd.opentofu.modulepkg");
/// The media type of the layer that is the package.
pub const PACKAGE_LAYER: MediaType = MediaType::from_static("archive/zip");

/// The artifact type of a checksums file with its signatures and keys.
pub const SHASUMS: MediaType = MediaType::from_static("application/vnd.tofu-oci.shasums.v1");
/// The artifact type of a provider's registry manifest.
pub const REGISTRY_MANIFEST: MediaType =
    MediaType::from_static("application/vnd.tofu-oci.registry-manifest.v1+json");
/// The artifact and layer type of package hashes.
pub const PACKAGE_HASHES: MediaType =
    MediaType::from_static("application/vnd.tofu-oci.package-hashes.v1+json");
/// The artifact and layer type of an SPDX document.
pub const SPDX: MediaType = MediaType::from_static("application/spdx+json");
/// The artifact and layer type of a CycloneDX document.
pub const CYCLONEDX: MediaType = MediaType::from_static("application/vnd.cyclonedx+json");
/// The layer type of a checksums file.
pub const TEXT: MediaType = MediaType::from_static("text/plain");
/// The layer type of a registry manifest.
pub const JSON: MediaType = MediaType::from_static("application/json");
/// The layer type of a detached OpenPGP signature.
pub const PGP_SIGNATURE: MediaType = MediaType::from_static("application/pgp-signature");
/// The layer type of OpenPGP public keys.
pub const PGP_KEYS: MediaType = MediaType::from_static("application/pgp-keys");

/// Annotation keys: the standard ones that we write, and our own.
pub mod annotation {
    /// What our own keys begin with.
    pub const PREFIX: &str = "io.tofu-oci.";
    /// What the standard keys begin with.
    pub const STANDARD_PREFIX: &str = "org.opencontainers.";
    /// `namespace/type` on an index, the file name on a layer.
    pub const TITLE: &str = "org.opencontainers.image.title";
    /// The version, without `v` and with `+`.
    pub const VERSION: &str = "org.opencontainers.image.version";
    /// When the content was made: RFC 3339, UTC, seconds.
    pub const CREATED: &str = "org.opencontainers.image.created";
    /// The provider's source address: `hostname/namespace/type` in ASCII.
    pub const PROVIDER_SOURCE: &str = "io.tofu-oci.provider.source";
    /// The plugin protocol versions: ascending, divided by commas.
    pub const PROTOCOLS: &str = "io.tofu-oci.provider.protocols";
    /// The package's file name, on an entry of the index.
    pub const PACKAGE_FILENAME: &str = "io.tofu-oci.package.filename";
    /// The package's digest, on an entry of the index.
    pub const PACKAGE_DIGEST: &str = "io.tofu-oci.package.digest";
    /// The package's length in bytes, on an entry of the index.
    pub const PACKAGE_SIZE: &str = "io.tofu-oci.package.size";
    /// The package's `h1:` hash, on an entry of the index.
    pub const PACKAGE_H1: &str = "io.tofu-oci.package.h1";
    /// The module's registry address: `hostname/namespace/name/system`.
    pub const MODULE_SOURCE: &str = "io.tofu-oci.module.source";
    /// The platform that an attachment is about.
    pub const PLATFORM: &str = "io.tofu-oci.platform";
    /// The ids of the keys that signed: upper-case hex, divided by commas.
    pub const PGP_KEY_IDS: &str = "io.tofu-oci.pgp.key-ids";
    /// The fingerprints of those keys, where the signatures name them.
    pub const PGP_FINGERPRINTS: &str = "io.tofu-oci.pgp.fingerprints";
    /// The kind of an evidence layer inside a target manifest.
    pub const ARTIFACT_TYPE: &str = "io.tofu-oci.artifact-type";
}
