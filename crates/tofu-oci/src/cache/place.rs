//! Package directories of working directories: whether they are still what was put there.

use std::path::Path;

use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::PackageHash;

use super::stamp::Stamp;
use super::{PackageCache, Tree};

impl PackageCache {
    /// The `h1` of a package directory that nobody changed since we put it there or hashed it last: it has a stamp of
    /// its own, or consists of the files of the package `digest`.
    ///
    /// Whoever may change something in a working directory may change the configuration as well, so that it does not
    /// matter here who that is.
    pub(crate) fn h1_of_place(&self, place: &Tree, digest: Option<&Digest>) -> Option<PackageHash> {
        let stamps = self.stamps.as_ref()?;
        let linked = digest.and_then(|digest| stamps.of_package(digest));
        if let Some(stamp) = linked.filter(|stamp| stamp.describes(place)) {
            return stamp.h1();
        }
        let real = self.files.canonicalize(place.root()).ok()?;
        let stamp = stamps.of_place(&real)?;
        stamp.describes(place).then(|| stamp.h1()).flatten()
    }

    /// Stamps a package directory that has this hash. Without it the directory is hashed next time.
    pub(crate) fn stamp_place(&self, path: &Path, h1: &PackageHash) {
        let Some(stamps) = &self.stamps else {
            return;
        };
        let stamped = self.files.canonicalize(path).and_then(|real| {
            let tree = Tree::look(&self.files, &real)?;
            stamps.write_place(&real, Stamp::of(h1, &tree))
        });
        if let Err(error) = stamped {
            self.unusable(&error);
        }
    }
}
