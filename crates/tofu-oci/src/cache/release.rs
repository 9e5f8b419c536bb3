//! The memory of which zip each package of a release is.
//!
//! A lock file has the hashes of all platforms and does not say which is which. This memory does, so that whoever has
//! a lock file and the package need not ask a registry. What it says is believed when the lock file has the hash.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tofu_oci_store::files::AtomicFile;
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::{ProviderAddr, Version};

use super::meta::PackageName;
use super::{CachedPackage, PackageCache};

/// How large one memory may be, in bytes.
const LIMIT: u64 = 4096;
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Remembered {
    form: u32,
    zip: String,
}

impl PackageCache {
    /// `KIND/HOST/NAMESPACE/TYPE/VERSION`. A host is written as on the wire, with `_` before its port: no host has
    /// one, and a colon is no part of a file name everywhere.
    pub(super) fn release_path(
        &self,
        kind: &str,
        provider: &ProviderAddr,
        version: &Version,
    ) -> PathBuf {
        self.root
            .join(kind)
            .join(provider.hostname().as_str().replace(':', "_"))
            .join(provider.namespace())
            .join(provider.kind())
            .join(version.to_string())
    }

    /// `releases/HOST/NAMESPACE/TYPE/VERSION/OS_ARCH`
    fn memory_path(&self, name: &PackageName) -> PathBuf {
        self.release_path("releases", &name.provider, &name.version)
            .join(name.platform.to_string())
    }

    /// The zip that the package is said to be.
    pub(crate) fn recall(&self, name: &PackageName) -> Option<Digest> {
        self.read_memory(&self.memory_path(name))
    }

    pub(super) fn read_memory(&self, path: &Path) -> Option<Digest> {
        let bytes = self.files.read(path, LIMIT).ok()?;
        let remembered: Remembered = serde_json::from_slice(&bytes).ok()?;
        let known = (remembered.form == FORM).then_some(remembered.zip)?;
        known.parse().ok()
    }

    /// Remembers which zip the package is. Whoever cannot remember asks again next time.
    pub(crate) fn remember(&self, name: &PackageName, package: &CachedPackage) {
        if self.recall(name).as_ref() == Some(&package.digest) {
            return;
        }
        let path = self.memory_path(name);
        let remembered = Remembered {
            form: FORM,
            zip: package.digest.to_string(),
        };
        let Ok(bytes) = serde_json::to_vec(&remembered) else {
            return;
        };
        let made = path
            .parent()
            .is_some_and(|dir| self.files.create_dirs(dir).is_ok());
        if made {
            let _ = AtomicFile::write(&self.files, &path, &bytes);
        }
    }
}
