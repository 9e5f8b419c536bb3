//! Deleting a tag, or a manifest with its tags.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_types::oci::{Address, Descriptor, Digest, Manifest, Tag, TagOrDigest};
use tofu_oci_types::tofu::Version;

use super::{MaintainError, Maintainer};
use crate::inspect::{InspectError, JOBS};
use crate::install::Writes;

/// What happens to published versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// They stay: whoever locked one could not install it any more.
    #[default]
    Keep,
    /// They go.
    Delete,
}

/// How something is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// What happens to published versions.
    pub versions: Versions,
    /// Whether anything is deleted.
    pub writes: Writes,
}

/// What was deleted, or would be, and what remains.
#[derive(Debug)]
pub struct DeleteReport {
    /// What was named, with its tag or its digest.
    pub address: Address,
    /// The manifest that was named.
    pub manifest: Descriptor,
    /// Whether the manifest goes, or only a tag.
    pub deletes: Deletes,
    /// The tags that go, sorted.
    pub tags: Vec<Tag>,
    /// The manifests that it lists; they remain.
    pub children: Vec<Descriptor>,
    /// The manifests that refer to it; they remain.
    pub referrers: Vec<Descriptor>,
    /// Whether it was carried out.
    pub writes: Writes,
}

/// What goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// A tag; its manifest stays under its digest.
    Tag,
    /// A manifest, with all its tags.
    Manifest,
}

impl Maintainer {
    /// Deletes what `address` names: the manifest of a digest with all its tags, else a tag.
    ///
    /// # Errors
    ///
    /// [`MaintainError`]. Published versions are refused before anything is deleted.
    pub async fn delete(
        &self,
        address: &Address,
        options: &DeleteOptions,
    ) -> Result<DeleteReport, MaintainError> {
        let place = address.repository().to_string();
        let Some(at) = address.at() else {
            return Err(MaintainError::NothingNamed { place });
        };
        let read = |what: &str, source: StoreError| InspectError::Read {
            what: what.to_owned(),
            place: place.clone(),
            source,
        };
        let repository = self.connect.reader(address).await;
        let repository = repository.map_err(|source| read("the repository", source))?;
        let manifest = repository.manifest(&at).await;
        let manifest = manifest.map_err(|source| read(&at.to_string(), source))?;
        let (named, deletes, tags) = match &at {
            TagOrDigest::Tag(tag) => (address.at_tag(tag), Deletes::Tag, vec![tag.clone()]),
            TagOrDigest::Digest(digest) => {
                let tags = tags_of(&repository, digest).await;
                let tags = tags.map_err(|source| read("the tags", source))?;
                (address.at_digest(digest), Deletes::Manifest, tags)
            }
        };
        let mut versions: Vec<Version> = tags.iter().filter_map(Version::from_tag).collect();
        versions.sort();
        if !versions.is_empty() && options.versions == Versions::Keep {
            let place = named.to_string();
            return Err(MaintainError::Published { place, versions });
        }
        let referrers = repository.referrers(manifest.descriptor(), None).await;
        let referrers = referrers.map_err(|source| read("the referrers", source))?;
        if options.writes == Writes::Execute {
            let failed = |source| MaintainError::Delete {
                place: named.to_string(),
                source,
            };
            let repository = self.connect.writer(address).await.map_err(failed)?;
            repository.delete(&at).await.map_err(failed)?;
        }
        Ok(DeleteReport {
            address: named,
            deletes,
            tags,
            children: children(&manifest),
            referrers,
            manifest: manifest.descriptor().clone(),
            writes: options.writes,
        })
    }
}

fn children(manifest: &Manifest) -> Vec<Descriptor> {
    let children = manifest.child_manifests().iter();
    let manifests = children.filter(|child| child.media_type.is_manifest());
    manifests.cloned().collect()
}

/// The tags that name a manifest, sorted.
async fn tags_of(
    repository: &Arc<dyn Repository>,
    digest: &Digest,
) -> Result<Vec<Tag>, StoreError> {
    let tags = repository.tags().await?;
    let named: Vec<Option<Tag>> = futures_util::stream::iter(tags)
        .map(|tag| async move {
            let head = repository.head(&tag).await?;
            let is = head.is_some_and(|head| head.digest == *digest);
            Ok::<_, StoreError>(is.then_some(tag))
        })
        .buffered(JOBS)
        .try_collect()
        .await?;
    Ok(named.into_iter().flatten().collect())
}
