//! Taking things away.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use tofu_oci_types::oci::{Descriptor, Digest, Tag};

use super::Shared;
use super::loaded::Repo;
use crate::error::{Result, StoreError};
use crate::files::is_absent;
use crate::storage::Keep;

fn kept(repo: &Repo, tag: &Tag) -> StoreError {
    StoreError::KeptTag {
        place: repo.place.clone(),
        tag: tag.clone(),
    }
}

impl Shared {
    /// Takes a tag away; its manifest stays.
    pub(super) fn delete_tag(&self, repo: &Repo, tag: &Tag, keep: Keep) -> Result<()> {
        self.load(repo)?.ok_or_else(|| repo.absent())?;
        let _lock = self.files.lock(&repo.lock)?;
        let index = self.load(repo)?.ok_or_else(|| repo.absent())?;
        let mut edit = index.edit();
        if keep.keeps(tag) && edit.tagged(tag).is_some() {
            return Err(kept(repo, tag));
        }
        if !edit.remove_tag(tag)? {
            return Err(StoreError::AbsentTag {
                place: repo.place.clone(),
                tag: tag.clone(),
            });
        }
        self.write_index(repo, edit)
    }

    /// Removes a manifest with all its tags. What only it listed becomes a root.
    pub(super) fn delete_manifest(&self, repo: &Repo, digest: &Digest, keep: Keep) -> Result<()> {
        let absent = || StoreError::AbsentManifest {
            place: repo.place.clone(),
            digest: digest.clone(),
        };
        self.stat_manifest(repo, digest)?.ok_or_else(absent)?;
        // Without an index only a marker tells of it: there is nothing to lock.
        let Some(_) = self.load(repo)? else {
            self.unmark(repo, digest)?;
            return self.remove_blob(repo, digest);
        };
        let _lock = self.files.lock(&repo.lock)?;
        let stat = self.stat_manifest(repo, digest)?.ok_or_else(absent)?;
        let index = self.load(repo)?.ok_or_else(|| repo.absent())?;
        if let Some(tag) = index.tags_of(digest).find(|tag| keep.keeps(tag)) {
            return Err(kept(repo, tag));
        }
        let others = self.keepers(repo)?;
        let mut listed = HashSet::new();
        for other in others.iter().filter(|other| other.digest != *digest) {
            let parent = self.below(repo, other, |parent, node| {
                listed.extend(node.children.iter().map(|child| child.digest.clone()));
                match node.children.iter().any(|child| child.digest == *digest) {
                    true => ControlFlow::Break(parent.digest.clone()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            if let Some(by) = parent {
                return Err(StoreError::Referenced {
                    place: repo.place.clone(),
                    digest: digest.clone(),
                    by,
                });
            }
        }
        let mut edit = index.edit();
        edit.remove(digest);
        for orphan in self.children(repo, digest, stat.media_type.as_ref()) {
            let there = self.stat_blob(repo, &orphan.digest)?;
            if there.is_some() && !listed.contains(&orphan.digest) {
                let subjects = self.subjects(repo, &orphan, &HashMap::new())?;
                edit.add_root(&orphan, &subjects)?;
            }
        }
        if edit.is_changed() {
            self.write_index(repo, edit)?;
        }
        self.unmark(repo, digest)?;
        self.remove_blob(repo, digest)
    }

    /// The manifests that a manifest lists; none when it cannot be read: then it may go all the more.
    fn children(
        &self,
        repo: &Repo,
        digest: &Digest,
        media_type: Option<&tofu_oci_types::oci::MediaType>,
    ) -> Vec<Descriptor> {
        let node = media_type.map(|media_type| self.node(repo, digest, media_type));
        let node = node.and_then(Result::ok).flatten();
        let children = node.iter().flat_map(|node| node.children.iter());
        children
            .filter(|child| child.media_type.is_manifest())
            .cloned()
            .collect()
    }

    /// Removes a blob that no manifest lists.
    pub(super) fn delete_blob(&self, repo: &Repo, digest: &Digest) -> Result<()> {
        let absent = || StoreError::AbsentBlob {
            place: repo.place.clone(),
            digest: digest.clone(),
        };
        self.stat_blob(repo, digest)?.ok_or_else(absent)?;
        let _lock = match self.load(repo)? {
            Some(_) => Some(self.files.lock(&repo.lock)?),
            None => None,
        };
        self.stat_blob(repo, digest)?.ok_or_else(absent)?;
        for keeper in self.keepers(repo)? {
            let by = self.below(repo, &keeper, |parent, node| {
                let mut listed = node.children.iter().map(|child| &child.digest);
                let is = parent.digest == *digest
                    || listed.any(|child| child == digest)
                    || node.blobs.contains(digest);
                match is {
                    true => ControlFlow::Break(parent.digest.clone()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            if let Some(by) = by {
                return Err(StoreError::Referenced {
                    place: repo.place.clone(),
                    digest: digest.clone(),
                    by,
                });
            }
        }
        self.remove_blob(repo, digest)
    }

    /// Removes the file of a blob, if it is there.
    pub(super) fn remove_blob(&self, repo: &Repo, digest: &Digest) -> Result<()> {
        repo.forget_synced(digest);
        match self.files.remove_file(&repo.blob(digest)?) {
            Err(error) if !is_absent(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}
