//! Names of the files of a provider release.
//!
//! ```text
//! terraform-provider-demo_1.2.3_linux_amd64.zip            a package
//! terraform-provider-demo_1.2.3_linux_amd64.spdx.json      its SBOM
//! terraform-provider-demo_1.2.3_SHA256SUMS                 the checksums file
//! terraform-provider-demo_1.2.3_SHA256SUMS.sig             its signature
//! terraform-provider-demo_1.2.3_SHA256SUMS.0F1E….sig       its signature by one of several keys
//! terraform-provider-demo_1.2.3_manifest.json              the registry manifest
//! ```

use std::fmt;
use std::str::FromStr;

use super::{Platform, Version, normalize_part};
use crate::{Noun, ParseError};

mod release_file;

pub use release_file::{ReleaseFile, ReleaseName, SbomFormat};

const PREFIX: &str = "terraform-provider-";
const ZIP: &str = ".zip";

/// The name of a package: `terraform-provider-TYPE_VERSION_OS_ARCH.zip`.
///
/// `FromStr` is strict, as publishing needs it: the type is normalised and the version canonical.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageFilename {
    kind: String,
    version: Version,
    platform: Platform,
}

impl PackageFilename {
    /// The name of the package of a provider of type `kind`.
    ///
    /// # Errors
    /// When `kind` is no valid type.
    pub fn new(kind: &str, version: Version, platform: Platform) -> Result<Self, ParseError> {
        Ok(Self {
            kind: normalize_part(kind)?,
            version,
            platform,
        })
    }

    /// Reads the name of a file in a filesystem mirror, below the directory of type `kind`, as
    /// leniently as OpenTofu does: case does not count (also not in the version), the version need
    /// not be canonical, and further words after the platform are ignored.
    ///
    /// # Errors
    /// When OpenTofu would skip the file.
    pub fn parse_mirror(name: &str, kind: &str) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::PackageFilename, name, reason);
        let lower = name.to_lowercase();
        let middle = lower
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_prefix(kind)?.strip_prefix('_'))
            .ok_or_else(|| refuse(format!("it must begin with \"{PREFIX}{kind}_\"")))?
            .strip_suffix(ZIP)
            .ok_or_else(|| refuse(format!("it must end with {ZIP:?}")))?;
        let mut words = middle.split('_');
        let (Some(version), Some(os), Some(arch)) = (words.next(), words.next(), words.next())
        else {
            return Err(refuse(
                "version, system and architecture must follow the type".into(),
            ));
        };
        Ok(Self {
            kind: kind.to_owned(),
            version: version
                .parse()
                .map_err(|e: ParseError| refuse(e.to_string()))?,
            platform: format!("{os}_{arch}")
                .parse()
                .map_err(|e: ParseError| refuse(e.to_string()))?,
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

    /// The platform.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The type and version, which all files of the release share.
    pub fn release(&self) -> ReleaseName {
        ReleaseName {
            kind: self.kind.clone(),
            version: self.version.clone(),
        }
    }
}

impl FromStr for PackageFilename {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        let refuse = |reason: String| ParseError::new(Noun::PackageFilename, name, reason);
        let form = || refuse(format!("the form is {PREFIX}TYPE_VERSION_OS_ARCH{ZIP}"));
        let stem = name.strip_suffix(ZIP).ok_or_else(form)?;
        // Neither a type nor a version has an underscore, so the first two are the dividers.
        let (release, platform) = split_release(stem).ok_or_else(form)?;
        Ok(ReleaseName::read(name, release)?.package(
            platform
                .parse()
                .map_err(|e: ParseError| refuse(e.to_string()))?,
        ))
    }
}

/// Splits `terraform-provider-TYPE_VERSION_REST` before `_REST`.
fn split_release(name: &str) -> Option<(&str, &str)> {
    let (kind, rest) = name.strip_prefix(PREFIX)?.split_once('_')?;
    let (version, rest) = rest.split_once('_')?;
    let length = PREFIX.len() + kind.len() + 1 + version.len();
    Some((name.get(..length)?, rest))
}

impl fmt::Display for PackageFilename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            version,
            platform,
        } = self;
        write!(f, "{PREFIX}{kind}_{version}_{platform}{ZIP}")
    }
}

#[cfg(test)]
mod tests;
