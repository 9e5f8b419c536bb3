//! Words of the OCI image and distribution specifications, v1.1.1.

mod address;
mod descriptor;
mod digest;
pub mod json;
mod manifest;
mod media_type;
mod name;
mod reference;

pub use address::{Address, DirectoryAddress};
pub use descriptor::{Annotations, Descriptor, OciPlatform};
pub use digest::{Algorithm, Digest, Hasher};
pub use manifest::{Body, ImageManifest, Index, MANIFEST_LIMIT, Manifest, ManifestError};
pub use media_type::MediaType;
pub use name::{RepositoryName, Tag, TagOrDigest};
pub use reference::{Reference, RegistryHost};
