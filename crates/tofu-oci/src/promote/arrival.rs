//! Whether what was copied has arrived: everything that came is found from what it belongs to, names it, and the
//! checksums files fit the packages.
//!
//! Digests were checked while content was stored. What is looked for here is what a registry can do with content
//! that is right: confirm a referrer, and not list it.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_source::evidence::{EvidenceOptions, EvidenceSubjects, check_subject, read_evidence};
use tofu_oci_store::Repository;
use tofu_oci_trust::shasums::{Shasums, ShasumsError};
use tofu_oci_types::artifact::{IndexEntry, ProviderIndex, annotation};
use tofu_oci_types::oci::{Address, Descriptor, Digest, Manifest, MediaType};
use tofu_oci_types::tofu::Platform;

use super::{PromoteError, destination_failed};

/// How many manifests are fetched at once.
const AT_A_TIME: usize = 8;
/// How deep indexes and referrers are followed.
const DEPTH: usize = 8;

/// A destination that something was copied to.
pub(super) struct Arrival<'a> {
    pub(super) destination: &'a dyn Repository,
    pub(super) there: &'a Address,
    /// The manifests that were stored and have not been found again.
    pub(super) missing: HashSet<Digest>,
}

impl Arrival<'_> {
    /// Looks for what was stored below `root` and what refers to it. Asks no more than is needed to find all.
    pub(super) async fn find(&mut self, root: &Manifest) -> Result<(), PromoteError> {
        self.missing.remove(root.digest());
        let mut level = vec![root.descriptor().clone()];
        level.extend(self.children(root).await?);
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for subject in &level {
                if self.missing.is_empty() {
                    return Ok(());
                }
                next.extend(self.referrers(subject).await?);
            }
            level = next;
        }
        Ok(())
    }

    /// What an index lists, also in indexes below it.
    async fn children(&mut self, root: &Manifest) -> Result<Vec<Descriptor>, PromoteError> {
        let mut all = Vec::new();
        let mut level = root.child_manifests().to_vec();
        for _ in 0..DEPTH {
            let mut below = Vec::new();
            for child in level {
                self.missing.remove(&child.digest);
                if child.media_type.is_index() {
                    let manifest = self.manifest(&child).await?;
                    below.extend(manifest.child_manifests().iter().cloned());
                }
                all.push(child);
            }
            level = below;
        }
        Ok(all)
    }

    /// What refers to `subject`. What was stored now has to name it.
    async fn referrers(&mut self, subject: &Descriptor) -> Result<Vec<Descriptor>, PromoteError> {
        let listed = self.destination.referrers(subject, None).await;
        let listed = listed.map_err(|error| destination_failed(self.there, error))?;
        let mut below = Vec::new();
        for found in &listed {
            if !self.missing.remove(&found.digest) {
                continue;
            }
            let manifest = self.manifest(found).await?;
            check_subject(subject, &manifest, self.destination.place())?;
            below.extend(self.children(&manifest).await?);
        }
        below.extend(listed);
        Ok(below)
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest, PromoteError> {
        let at = descriptor.digest.clone().into();
        let manifest = self.destination.manifest(&at).await;
        manifest.map_err(|error| destination_failed(self.there, error))
    }

    /// Checks that nothing is still missing.
    pub(super) fn complete(self) -> Result<(), PromoteError> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let mut lost: Vec<Digest> = self.missing.into_iter().collect();
        lost.sort();
        Err(PromoteError::EvidenceLost {
            place: self.there.to_string(),
            lost,
        })
    }

    /// Checks the checksums files of a provider's release against its packages. What is no release has none.
    pub(super) async fn check_lists(&self, root: &Manifest) -> Result<(), PromoteError> {
        if *root.media_type() != MediaType::IMAGE_INDEX {
            return Ok(());
        }
        // What clients refuse is copied as it is.
        let Ok(index) = ProviderIndex::read(root) else {
            return Ok(());
        };
        let asked: Vec<_> = index
            .entries()
            .iter()
            .map(|entry| self.package(entry))
            .collect();
        let targets: Vec<Option<Package>> = futures_util::stream::iter(asked)
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
        let targets: Vec<Package> = targets.into_iter().flatten().collect();
        let subjects = EvidenceSubjects {
            root,
            targets: targets
                .iter()
                .map(|package| (package.platform.clone(), &package.target))
                .collect(),
        };
        let options = EvidenceOptions::checksums();
        let evidence = read_evidence(self.destination, &subjects, &options).await?;
        let packages: Vec<(String, Digest)> = targets
            .iter()
            .map(|package| (package.filename.clone(), package.digest.clone()))
            .collect();
        for document in evidence.into_documents()? {
            let Some(list) = document.layers.into_iter().next() else {
                continue;
            };
            let refused = |source: ShasumsError| PromoteError::Shasums {
                place: self.there.at_digest(root.digest()).to_string(),
                filename: list.title.clone().unwrap_or_default(),
                source,
            };
            let content = list.content.as_deref().unwrap_or_default();
            let shasums = Shasums::parse(content).map_err(refused)?;
            shasums.check_covers(&packages).map_err(refused)?;
        }
        Ok(())
    }

    /// What an entry of a release is; nothing for what clients cannot use.
    async fn package(&self, entry: &IndexEntry) -> Result<Option<Package>, PromoteError> {
        let Some(platform) = entry.platform.clone() else {
            return Ok(None);
        };
        let target = self.manifest(&entry.descriptor).await?;
        let Ok(layer) = entry.package(&target) else {
            return Ok(None);
        };
        let title = layer.annotations.get(annotation::TITLE);
        let Some(filename) = title.or(entry.hints.filename.as_ref()).cloned() else {
            return Ok(None);
        };
        Ok(Some(Package {
            platform,
            filename,
            digest: layer.digest.clone(),
            target,
        }))
    }
}

/// A package of a release in the destination.
struct Package {
    platform: Platform,
    filename: String,
    digest: Digest,
    target: Manifest,
}
