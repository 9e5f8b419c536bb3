//! Finding a package in the cache, and finding out whether it is one.

use std::io;
use std::path::Path;

use tofu_oci_trust::evidence::{LockCheck, LockMatch};
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::PackageHash;

use super::entry::FromZip;
use super::meta::{self, Meta};
use super::stamp::Stamp;
use super::{CachedPackage, PackageCache, PackageName, Subject, Tree};
use crate::Warning;

/// How long a package is taken for used without being marked again, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// Which package is wanted, and what the lock file has for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The package.
    pub(crate) name: &'a PackageName,
    /// The hashes of its release.
    pub(crate) lock: &'a LockCheck,
    /// Whether the lock entry has to become complete.
    pub(crate) complete: Completeness,
}

/// Whether a lock entry that has only `h1` hashes gets the hash of the zip too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// It does, so that a package is of use only where its zip is known.
    Wanted,
    /// It cannot.
    Waived,
}

impl PackageCache {
    /// The package with the zip `digest`, if it is there and is proven.
    ///
    /// Looks at metadata where the stamp agrees with the tree, and reads the tree where it does not and the lock file
    /// or the stamp has a hash to compare with. A tree with another hash than it had goes to the quarantine.
    pub(crate) fn find(&self, digest: &Digest, wanted: &Wanted<'_>) -> Option<CachedPackage> {
        let entry = self.entry(digest)?;
        let tree = match Tree::look(&self.files, &entry.join("tree")) {
            Ok(tree) => tree,
            Err(error) => {
                if error.kind() == io::ErrorKind::InvalidData {
                    self.quarantine(digest, None, &error.to_string());
                }
                return None;
            }
        };
        let stamp = self.stamp(digest);
        let package = match &stamp {
            Some(stamp) if stamp.agrees(&tree) => CachedPackage {
                digest: digest.clone(),
                h1: stamp.h1()?,
                from_zip: from_zip(stamp, digest),
                tree,
            },
            stamp => self.hashed(digest, tree, stamp.as_ref(), wanted)?,
        };
        let subject = Subject::of(&wanted.name.provider, &wanted.name.platform);
        let known = stamp.as_ref().is_some_and(|stamp| {
            stamp.h1().as_ref() == Some(&package.h1) && stamp.is_for(&subject)
        });
        // The hash is one of contents: somebody may have taken the permission to execute.
        let fitness = match known && package.tree.runs(&subject.kind) {
            true => Fitness::Known,
            false => self.fitness(&entry, &package, &subject),
        };
        if !accepts(&package, wanted, fitness) {
            self.question(&entry, &package, stamp.as_ref());
            return None;
        }
        if !package.is_protected() {
            self.warn_of_others();
        } else if !known || !stamp.as_ref().is_some_and(|s| s.agrees(&package.tree)) {
            self.write_stamp(&package, &subject, stamp.as_ref());
        }
        self.mark_used(&entry);
        Some(package)
    }

    /// What can be said of a package whose zip was not looked into here.
    fn fitness(&self, entry: &Path, package: &CachedPackage, subject: &Subject) -> Fitness {
        let said = Meta::read(&self.files, entry).and_then(|meta| meta.name());
        let said = said.map(|name| Subject::of(&name.provider, &name.platform));
        // A lock file has the hashes of all platforms, and one for another would not start.
        match said.as_ref() == Some(subject) && package.tree.runs(&subject.kind) {
            true => Fitness::Likely,
            false => Fitness::Unfit,
        }
    }

    /// Whether there is something under this digest, whatever it is worth.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        let tree = self.entry(digest).map(|entry| entry.join("tree"));
        tree.is_some_and(|tree| self.files.metadata(&tree).is_ok_and(|m| m.is_some()))
    }

    pub(super) fn stamp(&self, digest: &Digest) -> Option<Stamp> {
        self.stamps.as_ref()?.of_package(digest)
    }

    pub(super) fn write_stamp(
        &self,
        package: &CachedPackage,
        subject: &Subject,
        before: Option<&Stamp>,
    ) {
        if let Some(stamps) = &self.stamps {
            let stamp = Stamp::of_package(package, subject, before);
            // Without it the tree is hashed again next time.
            if let Err(error) = stamps.write_package(&package.digest, &stamp) {
                self.unstamped(stamps, &error);
            }
        }
    }

    /// Reads the tree, if what comes out can be compared with anything.
    fn hashed(
        &self,
        digest: &Digest,
        tree: Tree,
        stamp: Option<&Stamp>,
        wanted: &Wanted<'_>,
    ) -> Option<CachedPackage> {
        if stamp.is_none() && !wanted.lock.hashes().any(PackageHash::is_h1) {
            return None;
        }
        let h1 = tree.hash(&self.files).ok()?;
        let from_zip = stamp
            .filter(|stamp| stamp.h1().as_ref() == Some(&h1))
            .map_or(FromZip::Claimed, |stamp| from_zip(stamp, digest));
        Some(CachedPackage {
            digest: digest.clone(),
            h1,
            from_zip,
            tree,
        })
    }

    /// A package that was not accepted: it is damaged where it is not what it was, or claims to be.
    fn question(&self, entry: &Path, package: &CachedPackage, stamp: Option<&Stamp>) {
        let claimed = Meta::read(&self.files, entry).map(|meta| meta.h1);
        let was = stamp.and_then(Stamp::h1).map(|h1| h1.to_string());
        let h1 = package.h1.as_str();
        for other in [was, claimed].into_iter().flatten() {
            if other != h1 {
                self.quarantine(
                    &package.digest,
                    Some(&package.tree),
                    &format!("its tree has the hash {h1}, not {other}"),
                );
                return;
            }
        }
    }

    fn warn_of_others(&self) {
        if !self.shared.swap(true, std::sync::atomic::Ordering::Relaxed) {
            self.progress.warn(Warning::CacheShared {
                path: self.dir.clone(),
            });
        }
    }

    /// Marks a package as used, at most once a day. A mark in the future is corrected.
    pub(super) fn mark_used(&self, entry: &Path) {
        let path = meta::path(entry);
        let Ok(Some(metadata)) = self.files.metadata(&path) else {
            return;
        };
        let age = metadata.modified().map(|at| self.now.duration_since(at));
        if !age.is_ok_and(|age| age.is_ok_and(|age| age.as_secs() < DAY)) {
            // A cache that cannot be written to is of use all the same.
            let _ = self.files.touch(&path);
        }
    }
}

fn from_zip(stamp: &Stamp, digest: &Digest) -> FromZip {
    match stamp.is_from(digest) {
        true => FromZip::Proven,
        false => FromZip::Claimed,
    }
}

/// Whether a package has what is wanted in it: a provider of the type, for the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fitness {
    /// Its zip was looked into.
    Known,
    /// It says so, and has an executable of that name.
    Likely,
    /// It does not.
    Unfit,
}

/// Whether the hashes that we computed let the package in.
fn accepts(package: &CachedPackage, wanted: &Wanted<'_>, fitness: Fitness) -> bool {
    let proven = package.from_zip == FromZip::Proven;
    match wanted.lock.compare(&package.hashes()) {
        Err(_) => false,
        // The digest is what the source named, and we saw that zip become this tree.
        Ok(LockMatch::Unlocked) => proven && fitness == Fitness::Known,
        Ok(LockMatch::Matched(matched)) => {
            let zh = PackageHash::zh(&package.digest);
            let complete = proven
                || wanted.complete == Completeness::Waived
                || zh.is_some_and(|zh| wanted.lock.hashes().any(|hash| *hash == zh));
            let fits = match fitness {
                Fitness::Known => true,
                Fitness::Likely => matched.contains(&package.h1),
                Fitness::Unfit => false,
            };
            complete && fits
        }
    }
}
