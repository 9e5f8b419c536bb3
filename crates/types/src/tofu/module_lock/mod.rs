//! `.terraform.modules.lock.json`: which package each module call stands for.
//!
//! ```json
//! {
//!   "version": 1,
//!   "modules": [
//!     {
//!       "path": "module.network.module.label",
//!       "source": "oci://oci.example.com/modules/label?tag=1.2.0",
//!       "tag": "1.2.0",
//!       "manifest": "sha256:…",
//!       "h1": "h1:…"
//!     }
//!   ]
//! }
//! ```
//!
//! OpenTofu locks providers and no modules, so this file is ours alone. Its words are those of
//! `docs/concepts/module-lock.md`. An unknown version is refused, and so is an unknown member: what
//! somebody wrote down to be checked is not to be passed over.

mod error;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use error::ModuleLockError;

use std::collections::BTreeMap;

use super::{OciModule, PackageHash};
use crate::oci::{Digest, Tag, TagOrDigest};

/// The packages of a configuration's module calls, by the names of the calls that lead to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModuleLock {
    modules: BTreeMap<Vec<String>, LockedModule>,
}

/// The package that one module call stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedModule {
    /// What the call asks for.
    pub source: OciModule,
    /// The manifest that this was, when it was locked.
    pub manifest: Digest,
    /// The hash of the unpacked package, the subdirectory of the source being a part of it.
    pub h1: PackageHash,
}

impl LockedModule {
    /// The tag that the source asks for; `None` where it names a digest, which cannot move.
    pub fn tag(&self) -> Option<Tag> {
        tag(&self.source)
    }
}

/// The tag that a source asks for: `latest` where it names nothing.
fn tag(source: &OciModule) -> Option<Tag> {
    match source.at() {
        None => Some(Tag::latest()),
        Some(TagOrDigest::Tag(tag)) => Some(tag.clone()),
        Some(TagOrDigest::Digest(_)) => None,
    }
}

impl ModuleLock {
    /// No modules.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entry of the call with this path.
    pub fn get(&self, path: &[String]) -> Option<&LockedModule> {
        self.modules.get(path)
    }

    /// Puts an entry, in place of an older one.
    pub fn set(&mut self, path: Vec<String>, module: LockedModule) {
        self.modules.insert(path, module);
    }

    /// All entries, sorted by path: bytewise, name by name, a module before those it calls.
    pub fn iter(&self) -> impl Iterator<Item = (&[String], &LockedModule)> {
        self.modules
            .iter()
            .map(|(path, module)| (path.as_slice(), module))
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }
}

/// `module.network.module.label`, as the clients name a module.
fn shown(path: &[String]) -> String {
    let parts: Vec<String> = path.iter().map(|name| format!("module.{name}")).collect();
    parts.join(".")
}
