//! The `source` of a module call.
//!
//! ```text
//! ./child                                 local       a directory beside the calling module
//! [HOST/]NAMESPACE/NAME/SYSTEM[//SUBDIR]  registry    found through a module registry
//! oci://HOST/REPOSITORY[//SUBDIR][?tag=…] oci         a repository of an OCI registry
//! git::https://…, github.com/…            remote      fetched by other means
//! ```
//!
//! The first form that fits wins, in this order. What a source says is put into one spelling, the
//! one that `modules.json` records, so that two spellings of a source compare equal.
//!
//! OpenTofu documentation, "Module Sources".

mod oci;
mod package;

pub use oci::OciModule;
pub use package::RemoteModule;

use std::fmt;
use std::str::FromStr;

use super::user_information::mask;
use super::{Hostname, ModuleAddr, go_path};
use crate::{Noun, ParseError};

/// The source of a module call, in its normal spelling.
///
/// `Display` is the spelling `modules.json` records; reading it again gives the same source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModuleSource {
    /// A directory, relative to the directory of the calling module: begins with `./` or `../`,
    /// has forward slashes, and is as short as possible.
    Local(String),
    /// A module of a module registry.
    Registry {
        /// The module.
        address: ModuleAddr,
        /// The directory inside the package, clean and relative; it may be a glob.
        subdir: Option<String>,
    },
    /// A module package in an OCI registry.
    Oci(OciModule),
    /// A package that is fetched by other means than this project has.
    Remote(RemoteModule),
}

impl ModuleSource {
    /// Reads a source; a registry address without a host is on `default_host`.
    ///
    /// # Errors
    ///
    /// If the text is none of the four forms, a subdirectory leads out of its package, or an
    /// `oci` source has a mistake (see [`OciModule`]). User information of a URL is masked in the
    /// error.
    pub fn parse_on(text: &str, default_host: &Hostname) -> Result<Self, ParseError> {
        if ["./", "../", ".\\", "..\\"]
            .iter()
            .any(|p| text.starts_with(p))
        {
            return Ok(Self::Local(local(text)));
        }
        match Self::parse_registry_on(text, default_host) {
            Ok(source) => Ok(source),
            Err(_) if oci::is_oci(text) => OciModule::parse(text).map(Self::Oci),
            Err(_) => RemoteModule::parse(text).map(Self::Remote),
        }
    }

    /// Reads a source that must be a registry address, because a version was asked for.
    ///
    /// # Errors
    ///
    /// If it is another form of source, or not a source at all. User information of a URL is
    /// masked in the error.
    pub fn parse_registry_on(text: &str, default_host: &Hostname) -> Result<Self, ParseError> {
        let (package, subdir) = package::split(text)?;
        let address = ModuleAddr::parse_on(&package, default_host)
            .map_err(|error| ParseError::new(Noun::ModuleAddr, &mask(text), error.reason))?;
        Ok(Self::Registry { address, subdir })
    }

    /// The directory inside the package, clean and relative; it may be a glob. Local sources have
    /// none.
    pub fn subdir(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Registry { subdir, .. } => subdir.as_deref(),
            Self::Oci(module) => module.subdir(),
            Self::Remote(module) => module.subdir(),
        }
    }

    /// The source without its subdirectory: two calls with the same package need one fetch. `None`
    /// for local sources.
    pub fn package(&self) -> Option<String> {
        match self {
            Self::Local(_) => None,
            Self::Registry { address, .. } => Some(address.to_string()),
            Self::Oci(module) => Some(module.package().to_owned()),
            Self::Remote(module) => Some(mask(module.package())),
        }
    }
}

/// The normal spelling of a local path.
fn local(text: &str) -> String {
    match go_path::clean(&text.replace('\\', "/")).as_str() {
        ".." => "../".to_owned(),
        "." => "./".to_owned(),
        clean if clean.starts_with("../") => clean.to_owned(),
        clean => format!("./{clean}"),
    }
}

impl FromStr for ModuleSource {
    type Err = ParseError;

    /// Reads a source; a registry address without a host is on the default host of OpenTofu.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse_on(text, &Hostname::opentofu())
    }
}

impl fmt::Display for ModuleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => f.write_str(path),
            Self::Registry {
                address,
                subdir: None,
            } => fmt::Display::fmt(address, f),
            Self::Registry {
                address,
                subdir: Some(subdir),
            } => write!(f, "{address}//{subdir}"),
            Self::Oci(module) => fmt::Display::fmt(module, f),
            Self::Remote(module) => fmt::Display::fmt(module, f),
        }
    }
}

#[cfg(test)]
mod tests;
