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

    /// The zip that we saw unpack to what is in a package directory now, if its `h1` is known without reading it:
    /// its own stamp says so, or that of the package `digest`, which is of the same tree.
    pub(crate) fn zip_of_place(&self, place: &Tree, digest: Option<&Digest>) -> Option<Digest> {
        let h1 = self.h1_of_place(place, digest)?;
        let stamps = self.stamps.as_ref()?;
        let same = |stamp: &Stamp| stamp.h1().as_ref() == Some(&h1);
        let package = digest.and_then(|digest| stamps.of_package(digest));
        let own = || {
            let real = self.files.canonicalize(place.root()).ok()?;
            stamps.of_place(&real)
        };
        let zip = package.filter(same).and_then(|stamp| stamp.zip());
        zip.or_else(|| own().filter(same)?.zip())
    }

    /// Stamps a package directory that was just made, has this hash, and was unpacked from `zip`. Without it the
    /// directory is hashed next time.
    pub(crate) fn stamp_place(&self, path: &Path, h1: &PackageHash, zip: Option<&Digest>) {
        if self.stamps.is_none() {
            return;
        }
        match Tree::look(&self.files, path) {
            Ok(tree) => self.stamp_tree(&tree, h1, zip),
            Err(error) => self.unusable(&error),
        }
    }

    /// Stamps a package directory whose files were hashed as they are in `tree`. The zip is told where we saw it
    /// unpacked.
    pub(crate) fn stamp_tree(&self, tree: &Tree, h1: &PackageHash, zip: Option<&Digest>) {
        let Some(stamps) = &self.stamps else {
            return;
        };
        let real = match self.files.canonicalize(tree.root()) {
            Ok(real) => real,
            Err(error) => return self.unusable(&error),
        };
        let before = stamps.of_place(&real);
        // The same hash is the same content, so that what was known of it stays known.
        let before = before.filter(|stamp| stamp.h1().as_ref() == Some(h1));
        let known = before.and_then(|stamp| stamp.zip());
        let stamp = Stamp::of(h1, tree).unpacked_from(zip.or(known.as_ref()));
        if let Err(error) = stamps.write_place(&real, stamp) {
            self.unstamped(stamps, &error);
        }
    }
}
