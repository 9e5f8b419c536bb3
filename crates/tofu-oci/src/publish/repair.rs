//! Sending again what was lost below a version whose tag is right.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use tofu_oci_store::{
    Blob, CopyError, CopyReport, Domain, PutManifest, Repository, StoreError, TagRule,
    WritableRepository,
};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, Tag};

use super::PublishError;
use super::destination::{Destination, Staging};

/// How many questions are asked at a time.
const AT_A_TIME: usize = 8;

/// What is missing, cut short, or, where it was read, not what it should be.
#[derive(Debug, Default)]
pub(super) struct Lost {
    pub(super) manifests: HashSet<Digest>,
    pub(super) blobs: BTreeMap<Digest, Descriptor>,
}

impl Lost {
    pub(super) fn is_empty(&self) -> bool {
        self.manifests.is_empty() && self.blobs.is_empty()
    }

    /// The length of the blobs together, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.blobs.values().map(|blob| blob.size).sum()
    }
}

impl Destination {
    /// What of `manifests` and the blobs that they list is lost. With `read`, blobs are read to their
    /// end; otherwise their length counts, and a registry is only asked for manifests, too.
    pub(super) async fn lost(
        &self,
        manifests: &[Manifest],
        read: bool,
    ) -> Result<Lost, PublishError> {
        let mut seen = HashSet::new();
        let mut asked: Vec<Descriptor> = Vec::new();
        for manifest in manifests {
            let listed = std::iter::once(manifest.descriptor()).chain(manifest.blobs());
            let fresh = listed.filter(|found| seen.insert(found.digest.clone()));
            asked.extend(fresh.map(Descriptor::plain));
        }
        let answers: Vec<Result<(Descriptor, bool), PublishError>> =
            futures_util::stream::iter(asked)
                .map(|found| async move {
                    let intact = self.intact(&found, read).await?;
                    Ok((found, intact))
                })
                .buffered(AT_A_TIME)
                .collect()
                .await;
        let mut lost = Lost::default();
        for answer in answers {
            match answer? {
                (_, true) => {}
                (found, false) if found.media_type.is_manifest() => {
                    lost.manifests.insert(found.digest);
                }
                (found, false) => {
                    lost.blobs.insert(found.digest.clone(), found);
                }
            }
        }
        Ok(lost)
    }

    async fn intact(&self, descriptor: &Descriptor, read: bool) -> Result<bool, PublishError> {
        let Some(reader) = self.reader() else {
            return Ok(false);
        };
        // A registry checked what it took; the files of a directory anybody may have changed.
        let registry = matches!(reader.place().domain, Domain::Registry(_));
        let manifest = descriptor.media_type.is_manifest();
        let result = if manifest && (read || !registry) {
            let manifest = reader.manifest(&descriptor.digest.clone().into()).await;
            manifest.map(|found| found.descriptor().size == descriptor.size)
        } else if read && !manifest {
            drain(reader.as_ref(), descriptor).await.map(|()| true)
        } else {
            reader.has(descriptor).await
        };
        match result {
            Ok(intact) => Ok(intact),
            Err(error) if is_lost(&error) => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Stores what is lost again. `manifests` are all of the version, children before parents; the
    /// root of `staging` has the tag already. `None` for a plan.
    pub(super) async fn repair(
        &self,
        staging: Staging,
        manifests: &[Manifest],
        tag: &Tag,
        lost: &Lost,
    ) -> Result<Option<CopyReport>, CopyError> {
        let Some(writer) = self.writer() else {
            return Ok(None);
        };
        let mut report = CopyReport::default();
        let root = staging.root.digest().clone();
        let staged: Arc<dyn Repository> = Arc::new(staging.staged);
        for blob in lost.blobs.values() {
            let content = Blob::Stored(Arc::clone(&staged));
            let put = writer.replace_blob(blob, content).await;
            let put = put.map_err(|source| CopyError::Blob {
                place: writer.place().clone(),
                blob: blob.digest.clone(),
                source: Box::new(source),
            })?;
            report.blobs.push((blob.clone(), put));
        }
        if lost.manifests.is_empty() {
            return Ok(Some(report));
        }
        let batch: Vec<PutManifest> = manifests
            .iter()
            .map(|manifest| match *manifest.digest() == root {
                true => PutManifest::tagged(manifest.clone(), tag.clone(), TagRule::Create),
                false => PutManifest::untagged(manifest.clone()),
            })
            .collect();
        let puts = put_all(writer, &batch).await?;
        let stored = manifests.iter().zip(puts);
        report.manifests = stored
            .filter(|(manifest, _)| lost.manifests.contains(manifest.digest()))
            .map(|(manifest, put)| (manifest.descriptor().clone(), put))
            .collect();
        Ok(Some(report))
    }
}

async fn put_all(
    writer: &Arc<dyn WritableRepository>,
    batch: &[PutManifest],
) -> Result<Vec<tofu_oci_store::Put>, CopyError> {
    let puts = writer.put_manifests(batch).await;
    puts.map_err(|source| CopyError::Manifests {
        place: writer.place().clone(),
        source: Box::new(source),
    })
}

/// Reads a blob to its end, where its digest is checked.
async fn drain(reader: &dyn Repository, blob: &Descriptor) -> Result<(), StoreError> {
    let mut content = reader.blob(blob).await?;
    while content.next().await?.is_some() {}
    Ok(())
}

/// Whether an error says that content is not there as it should be.
pub(super) fn is_lost(error: &StoreError) -> bool {
    error.is_absent()
        || matches!(
            error,
            StoreError::Damaged { .. }
                | StoreError::DigestMismatch { .. }
                | StoreError::TooLong { .. }
                | StoreError::TooShort { .. }
                | StoreError::Manifest { .. }
        )
}
