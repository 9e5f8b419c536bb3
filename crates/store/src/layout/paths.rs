//! Which path belongs to which name, and which names exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tofu_oci_types::oci::{Algorithm, Digest, RepositoryName};

use super::markers::Marker;
use super::{Shape, Shared};
use crate::error::{Result, StoreError};
use crate::files::EntryKind;
use crate::place::Place;

/// What this project keeps beside the layouts.
pub(super) const STATE: &str = ".tofu-oci";
pub(super) const INDEX: &str = "index.json";
pub(super) const MARK: &str = "oci-layout";
pub(super) const BLOBS: &str = "blobs";
/// Below the root it holds the certificates of the server.
pub(crate) const TLS: &str = "tls";

/// The paths of one layout.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    pub(super) place: Place,
    pub(super) dir: PathBuf,
    pub(super) index: PathBuf,
    pub(super) lock: PathBuf,
    pub(super) mark: PathBuf,
    /// Beneath it lie the markers of this repository.
    pub(super) markers: PathBuf,
}

impl Paths {
    /// Where a blob lies.
    pub(super) fn blob(&self, digest: &Digest) -> Result<PathBuf> {
        Ok(self.blobs(digest)?.join(digest.encoded()))
    }

    /// The directory in which a blob lies.
    pub(super) fn blobs(&self, digest: &Digest) -> Result<PathBuf> {
        // The encoded part of other algorithms is no safe file name.
        if digest.algorithm() == Algorithm::Unsupported {
            return Err(StoreError::UnsupportedDigest {
                digest: digest.clone(),
            });
        }
        Ok(self.dir.join(BLOBS).join(digest.algorithm_name()))
    }
}

/// The name that stands for the one layout of a directory without names. It is never shown.
pub(crate) fn placeholder() -> Result<RepositoryName> {
    "layout".parse().map_err(|_| StoreError::Stopped)
}

/// The component that keeps a name from being a directory of a layout beside others.
fn reserved(name: &RepositoryName) -> Option<&str> {
    let mut components = name.components();
    let taken = |c: &&str| matches!(*c, BLOBS | INDEX | MARK);
    match components.next() {
        Some(TLS) => Some(TLS),
        first => first.into_iter().chain(components).find(taken),
    }
}

impl Shared {
    pub(super) fn paths(&self, name: &RepositoryName) -> Result<Paths> {
        let state = self.root.join(STATE).join("manifests");
        let (dir, markers, shown) = match self.shape {
            Shape::Single => (self.root.clone(), state, None),
            Shape::Directory => {
                if let Some(component) = reserved(name) {
                    return Err(StoreError::ReservedName {
                        component: component.to_owned(),
                        name: name.clone(),
                    });
                }
                let below = |path: &Path| path.join(name.components().collect::<PathBuf>());
                (below(&self.root), below(&state), Some(name.clone()))
            }
        };
        Ok(Paths {
            place: Place {
                domain: self.domain.clone(),
                name: shown,
            },
            index: dir.join(INDEX),
            lock: dir.join(".index.json.lock"),
            mark: dir.join(MARK),
            dir,
            markers,
        })
    }

    /// The names whose directory has an `index.json`, of whatever kind.
    pub(super) fn repositories(
        &self,
        after: Option<&RepositoryName>,
        max: usize,
    ) -> Result<Vec<RepositoryName>> {
        let mut found = BTreeSet::new();
        match self.shape {
            Shape::Single => {
                if self.files.metadata(&self.root.join(INDEX))?.is_some() {
                    found.insert(placeholder()?);
                }
            }
            Shape::Directory => self.find(&self.root, "", &[INDEX], &mut found)?,
        }
        let names = found
            .into_iter()
            .filter(|name| after.is_none_or(|a| name > a));
        Ok(names.take(max).collect())
    }

    /// The names that have lost their `index.json`: their markers say that there was one.
    pub(super) fn lost_repositories(&self) -> Result<Vec<RepositoryName>> {
        let mut marked = BTreeSet::new();
        if self.shape == Shape::Directory {
            let markers = self.root.join(STATE).join("manifests");
            self.find(&markers, "", &[Marker::Adopted.dir()], &mut marked)?;
        }
        let mut lost = Vec::new();
        for name in marked {
            let repo = self.repo(&name)?;
            if self.is_lost(&repo)? {
                lost.push(name);
            }
        }
        Ok(lost)
    }

    /// The names that have anything, if only blobs or markers.
    pub(super) fn traces(&self) -> Result<Vec<RepositoryName>> {
        let mut found = BTreeSet::new();
        self.find(&self.root, "", &[INDEX, MARK, BLOBS], &mut found)?;
        let markers = self.root.join(STATE).join("manifests");
        let signs = [Marker::Adopted.dir(), Marker::Pending.dir()];
        self.find(&markers, "", &signs, &mut found)?;
        Ok(found.into_iter().collect())
    }

    /// Looks for layouts below `dir`, whose name is `prefix`; an entry called as one of `signs` tells them. Links are not followed, so it ends.
    fn find(
        &self,
        dir: &Path,
        prefix: &str,
        signs: &[&str],
        found: &mut BTreeSet<RepositoryName>,
    ) -> Result<()> {
        let entries = match self.files.read_dir(dir) {
            Ok(entries) => entries,
            // Somebody removed it meanwhile.
            Err(error) if crate::files::is_absent(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let Some(component) = entry.name.to_str() else {
                continue;
            };
            if signs.contains(&component) {
                // Whatever it is, no repository's name has this component; what is no file is damage to be told.
                if let Ok(name) = prefix.parse() {
                    found.insert(name);
                }
                continue;
            }
            let name = match prefix {
                "" => component.to_owned(),
                prefix => format!("{prefix}/{component}"),
            };
            // What cannot be asked for by name is not listed.
            if entry.kind == EntryKind::Directory
                && name.parse().is_ok_and(|name| reserved(&name).is_none())
            {
                self.find(&dir.join(component), &name, signs, found)?;
            }
        }
        Ok(())
    }
}
