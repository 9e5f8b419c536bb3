//! Looking for a package where nobody has to be asked: in its place, then in the cache.

use std::path::PathBuf;

use tofu_oci_store::files::Files;
use tofu_oci_trust::evidence::LockCheck;
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::PackageHash;

use super::providers::PackageAction;
use super::{InstallError, tree_hash};
use crate::cache::{CachedPackage, Completeness, PackageCache, PackageName, Tree, Wanted};

/// A package that is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Sought {
    pub(crate) name: PackageName,
    /// What the lock file has recorded for this version.
    pub(crate) locked: Vec<PackageHash>,
    pub(crate) place: PathBuf,
    pub(crate) complete: Completeness,
}

/// Where a package was found.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    /// What has to be done about its place.
    pub(crate) action: PackageAction,
    /// The package in the cache, where one has to be put there and the lock file says which.
    pub(crate) cached: Option<CachedPackage>,
}

/// Looks for a package. Reads metadata only, where stamps agree.
pub(crate) fn locate(
    files: &Files,
    cache: Option<&PackageCache>,
    sought: &Sought,
) -> Result<Located, InstallError> {
    let action = look(files, cache, sought)?;
    let cached = match (action, cache) {
        (PackageAction::Kept, _) | (_, None) => None,
        (_, Some(cache)) => in_cache(cache, sought),
    };
    Ok(Located { action, cached })
}

/// What is in a package's place now.
fn look(
    files: &Files,
    cache: Option<&PackageCache>,
    sought: &Sought,
) -> Result<PackageAction, InstallError> {
    let place = &sought.place;
    let there = files.metadata(place).map_err(|source| InstallError::Read {
        path: place.clone(),
        source,
    })?;
    let Some(there) = there else {
        return Ok(PackageAction::Installed);
    };
    if !sought.locked.iter().any(PackageHash::is_h1) {
        return Ok(PackageAction::Replaced);
    }
    // A link into somebody's cache is looked at each time.
    let tree = match there.is_dir() {
        true => Tree::look(files, place).ok(),
        false => None,
    };
    let stamped = match (&tree, cache) {
        (Some(tree), Some(cache)) => cache.h1_of_place(tree, cache.recall(&sought.name).as_ref()),
        _ => None,
    };
    let hashed = match (&stamped, &tree) {
        (Some(h1), _) => Ok(h1.clone()),
        // Only what is hashed as it was looked at may be stamped.
        (None, Some(tree)) => tree.hash(files),
        (None, None) => tree_hash::h1_of_tree(files, place),
    };
    // A tree that cannot be hashed is not the locked one.
    let locked = hashed.ok().filter(|h1| sought.locked.contains(h1));
    let kind = sought.name.provider.kind();
    match (locked, &tree) {
        (None, _) => Ok(PackageAction::Replaced),
        // The hash is one of contents: clients could not start it.
        (Some(_), Some(tree)) if !tree.runs(kind) => Ok(PackageAction::Replaced),
        (Some(h1), tree) => {
            if let (None, Some(cache), Some(tree)) = (stamped, cache, tree) {
                cache.stamp_tree(tree, &h1, None);
            }
            Ok(PackageAction::Kept)
        }
    }
}

/// The package, if the cache has one that the lock file vouches for.
fn in_cache(cache: &PackageCache, sought: &Sought) -> Option<CachedPackage> {
    let lock = LockCheck::of(&sought.locked);
    lock.hashes().next()?;
    let wanted = Wanted {
        name: &sought.name,
        lock: &lock,
        complete: sought.complete,
    };
    let remembered = cache.recall(&sought.name);
    let found = remembered
        .as_ref()
        .and_then(|digest| cache.find(digest, &wanted));
    found.or_else(|| {
        // Without the memory, or where it misleads: one of the zips that are locked.
        let zips = lock.hashes().filter(|hash| hash.is_zh());
        let found = zips
            .filter_map(PackageHash::digest)
            .filter(|digest| remembered.as_ref() != Some(digest) && cache.has(digest))
            .find_map(|digest| cache.find(&digest, &wanted))?;
        cache.remember(&sought.name, &found);
        Some(found)
    })
}

/// The zip that we saw unpack to what was found; `None` where nobody knows.
pub(crate) fn tied(
    files: &Files,
    cache: Option<&PackageCache>,
    sought: &Sought,
    located: &Located,
) -> Option<Digest> {
    if let Some(cached) = &located.cached {
        return cached.zip().cloned();
    }
    let cache = cache.filter(|_| located.action == PackageAction::Kept)?;
    let tree = Tree::look(files, &sought.place).ok()?;
    cache.zip_of_place(&tree, cache.recall(&sought.name).as_ref())
}
