//! The other files of a release, told apart by their names.

use std::fmt;

use super::{PREFIX, PackageFilename, ZIP, split_release};
use crate::tofu::{Platform, Version, normalize_part};
use crate::{Noun, ParseError};

/// What the names of all files of a release begin with: `terraform-provider-TYPE_VERSION`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReleaseName {
    pub(super) kind: String,
    pub(super) version: Version,
}

impl ReleaseName {
    /// The release `version` of a provider of type `kind`.
    ///
    /// # Errors
    /// When `kind` is no valid type.
    pub fn new(kind: &str, version: Version) -> Result<Self, ParseError> {
        Ok(Self {
            kind: normalize_part(kind)?,
            version,
        })
    }

    /// Reads `terraform-provider-TYPE_VERSION`, strictly; `name` is the whole name, for errors.
    pub(super) fn read(name: &str, release: &str) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::PackageFilename, name, reason);
        let (kind, version) = release
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or_else(|| refuse(format!("it must begin with {PREFIX}TYPE_VERSION")))?;
        match normalize_part(kind) {
            Ok(normal) if normal == kind => {}
            Ok(normal) => {
                return Err(refuse(format!(
                    "the type {kind:?} is not normalised; write {normal:?}"
                )));
            }
            Err(error) => return Err(refuse(format!("the type {kind:?}: {}", error.reason))),
        }
        let version = Version::canonical(version)
            .map_err(|error| refuse(format!("the version {version:?}: {}", error.reason)))?;
        Ok(Self {
            kind: kind.to_owned(),
            version,
        })
    }

    /// The provider's type.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The name of the package of one platform.
    pub fn package(&self, platform: Platform) -> PackageFilename {
        PackageFilename {
            kind: self.kind.clone(),
            version: self.version.clone(),
            platform,
        }
    }

    /// The name of the checksums file.
    pub fn checksums(&self) -> String {
        format!("{self}_{CHECKSUMS}")
    }

    /// The name of the registry manifest.
    pub fn registry_manifest(&self) -> String {
        format!("{self}_{MANIFEST}")
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_{}", self.kind, self.version)
    }
}

const CHECKSUMS: &str = "SHA256SUMS";
const MANIFEST: &str = "manifest.json";

/// The format of an SBOM, as its file name tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SbomFormat {
    /// `.spdx.json`
    Spdx,
    /// `.cdx.json`
    CycloneDx,
    /// `.sbom.json`: the content tells.
    Unsaid,
}

/// A file beside the packages of a release, as its name tells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReleaseFile {
    /// A package.
    Package(PackageFilename),
    /// The checksums file.
    Checksums(ReleaseName),
    /// A signature of the checksums file.
    Signature {
        /// Whose checksums file.
        release: ReleaseName,
        /// The id of the key in the name, as written: hex digits.
        key_id: Option<String>,
    },
    /// The registry manifest, which holds the protocol versions.
    RegistryManifest(ReleaseName),
    /// A software bill of materials.
    Sbom {
        /// The release that the name names.
        release: Option<ReleaseName>,
        /// The platform that it is about; all of them when the name names none.
        platform: Option<Platform>,
        /// The format.
        format: SbomFormat,
    },
    /// Anything else.
    Other,
}

impl ReleaseFile {
    /// Tells by its name what a file is. `name` has no directory.
    ///
    /// # Errors
    /// When the name has the shape of a package, checksums file, signature or registry manifest,
    /// but its type, version or platform is not as publishing needs it.
    pub fn classify(name: &str) -> Result<Self, ParseError> {
        for (suffix, format) in [
            (".spdx.json", SbomFormat::Spdx),
            (".cdx.json", SbomFormat::CycloneDx),
            (".sbom.json", SbomFormat::Unsaid),
        ] {
            if let Some(stem) = name.strip_suffix(suffix) {
                return Ok(sbom(stem, format));
            }
        }
        if name.starts_with(PREFIX) && name.ends_with(ZIP) {
            return name.parse().map(Self::Package);
        }
        let Some((release, rest)) = split_release(name) else {
            return Ok(Self::Other);
        };
        let release = || ReleaseName::read(name, release);
        Ok(match rest {
            CHECKSUMS => Self::Checksums(release()?),
            MANIFEST => Self::RegistryManifest(release()?),
            rest => match rest.strip_prefix(CHECKSUMS).and_then(key_id) {
                Some(key_id) => Self::Signature {
                    release: release()?,
                    key_id: key_id.map(str::to_owned),
                },
                None => Self::Other,
            },
        })
    }

    /// The release that the name names.
    pub fn release(&self) -> Option<ReleaseName> {
        match self {
            Self::Package(package) => Some(package.release()),
            Self::Checksums(release)
            | Self::Signature { release, .. }
            | Self::RegistryManifest(release) => Some(release.clone()),
            Self::Sbom { release, .. } => release.clone(),
            Self::Other => None,
        }
    }

    /// Whether the file may belong to `release`: its name names that one, or none.
    pub fn may_belong_to(&self, release: &ReleaseName) -> bool {
        self.release().is_none_or(|named| named == *release)
    }
}

/// Reads `.sig` (no key) or `.KEYID.sig`; `None` for what is no signature.
fn key_id(rest: &str) -> Option<Option<&str>> {
    let stem = rest.strip_suffix(".sig")?;
    if stem.is_empty() {
        return Some(None);
    }
    let id = stem.strip_prefix('.')?;
    let is_id = matches!(id.len(), 8 | 16 | 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
    is_id.then_some(Some(id))
}

/// An SBOM is about a platform only where its name is that of a package; every other name is legal.
fn sbom(stem: &str, format: SbomFormat) -> ReleaseFile {
    let stem = stem.strip_suffix(ZIP).unwrap_or(stem);
    let (release, platform) = match format!("{stem}{ZIP}").parse::<PackageFilename>() {
        Ok(package) => (Some(package.release()), Some(package.platform)),
        Err(_) => {
            let release = split_release(stem).map_or(stem, |(release, _)| release);
            (ReleaseName::read(stem, release).ok(), None)
        }
    };
    ReleaseFile::Sbom {
        release,
        platform,
        format,
    }
}
