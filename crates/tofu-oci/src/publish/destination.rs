//! Where a publish goes to, which for a plan is only read.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tofu_oci_store::{
    CopyError, CopyOptions, CopyReport, CopyRoot, Listing, Referrers, Repository, StagedRepository,
    StoreError, TagRule, WritableRepository, copy_graph,
};
use tofu_oci_types::oci::{Address, Descriptor, Digest, Manifest, Tag};
use tofu_oci_types::tofu::Version;

use super::PublishError;
use crate::install::Writes;

/// A repository that something is published into.
pub(super) struct Destination {
    /// Without tag and digest.
    pub(super) address: Address,
    reader: Option<Arc<dyn Repository>>,
    writer: Option<Arc<dyn WritableRepository>>,
}

impl Destination {
    /// A repository that is written to, unless only the plan is wanted.
    pub(super) fn open(
        address: &Address,
        repository: Arc<dyn WritableRepository>,
        writes: Writes,
    ) -> Self {
        Self {
            address: address.repository(),
            reader: Some(Arc::clone(&repository) as Arc<dyn Repository>),
            writer: (writes == Writes::Execute).then_some(repository),
        }
    }

    /// A repository that is only read; `None` where there is none yet.
    pub(super) fn read(address: &Address, repository: Option<Arc<dyn Repository>>) -> Self {
        Self {
            address: address.repository(),
            reader: repository,
            writer: None,
        }
    }

    /// What is written to; `None` for a plan.
    pub(super) fn writer(&self) -> Option<&Arc<dyn WritableRepository>> {
        self.writer.as_ref()
    }

    /// What is read; `None` where there is nothing yet.
    pub(super) fn reader(&self) -> Option<&Arc<dyn Repository>> {
        self.reader.as_ref()
    }

    /// Whether it is a registry, which can lock nothing.
    pub(super) fn is_registry(&self) -> bool {
        matches!(self.address, Address::Registry(_))
    }

    pub(super) fn place(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn failed(&self, source: StoreError) -> PublishError {
        PublishError::Destination {
            place: self.place(),
            source,
        }
    }

    /// What a tag stands for.
    pub(super) async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>, PublishError> {
        match &self.reader {
            Some(reader) => reader.head(tag).await.map_err(|error| self.failed(error)),
            None => Ok(None),
        }
    }

    /// Whether some content is there.
    pub(super) async fn has(&self, descriptor: &Descriptor) -> Result<bool, PublishError> {
        match &self.reader {
            Some(reader) => reader
                .has(descriptor)
                .await
                .map_err(|error| self.failed(error)),
            None => Ok(false),
        }
    }

    /// The versions that tags stand for, in no order.
    pub(super) async fn versions(&self) -> Result<Vec<Version>, PublishError> {
        let Some(reader) = &self.reader else {
            return Ok(Vec::new());
        };
        match reader.tags().await {
            Ok(tags) => Ok(tags.iter().filter_map(Version::from_tag).collect()),
            Err(error) if error.is_absent() => Ok(Vec::new()),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Copies what was staged, and gives `tags` to its root last. `None` for a plan.
    pub(super) async fn complete(
        &self,
        staging: Staging,
        tags: Vec<(Tag, TagRule)>,
    ) -> Result<Option<CopyReport>, CopyError> {
        let Some(writer) = &self.writer else {
            return Ok(None);
        };
        let roots = [CopyRoot {
            descriptor: staging.root.descriptor().clone(),
            tags,
        }];
        let options = CopyOptions {
            jobs: staging.jobs,
            referrers: staging.referrers,
            // The version's tag comes last: where it is, everything was listed.
            listing: Listing::UntilTagged,
            present: staging.present,
            ..CopyOptions::default()
        };
        let staged: Arc<dyn Repository> = Arc::new(staging.staged);
        copy_graph(&staged, writer, &roots, &options)
            .await
            .map(Some)
    }

    /// Says what a refused copy means for the version `tag`.
    pub(super) fn explain(&self, error: CopyError, tag: &Tag, new: &Digest) -> PublishError {
        let moved = match &error {
            CopyError::Refused(cause) => existing(cause, tag),
            CopyError::Manifests { source, .. } => existing(source, tag),
            _ => None,
        };
        match moved {
            Some(existing) => PublishError::VersionExists {
                place: self.place(),
                tag: tag.clone(),
                existing,
                new: new.clone(),
            },
            None => PublishError::Store {
                place: self.place(),
                source: Box::new(error),
            },
        }
    }

    /// Asks for what was published, and checks that it comes back.
    pub(super) async fn read_back(
        &self,
        tag: &Tag,
        manifest: &Manifest,
    ) -> Result<(), PublishError> {
        let Some(reader) = &self.reader else {
            return Ok(());
        };
        let found = match reader.manifest(&tag.clone().into()).await {
            Ok(found) if found.bytes() == manifest.bytes() => return Ok(()),
            Ok(found) => Some(found.digest().clone()),
            Err(error) if error.is_absent() => None,
            Err(error) => return Err(self.failed(error)),
        };
        Err(PublishError::ReadBack {
            place: self.place(),
            tag: tag.clone(),
            found,
        })
    }
}

/// What is complete but for its place.
pub(super) struct Staging {
    /// Manifests and handles to what they list.
    pub(super) staged: StagedRepository,
    /// What the tags are to stand for.
    pub(super) root: Manifest,
    /// Whether anything refers to it.
    pub(super) referrers: Referrers,
    /// Blobs that are in the destination already.
    pub(super) present: HashSet<Digest>,
    /// How many transfers run at once.
    pub(super) jobs: NonZeroUsize,
}

/// What the version's tag stands for, where that is what the error is about.
fn existing(error: &StoreError, about: &Tag) -> Option<Digest> {
    match error {
        StoreError::TagExists { tag, current, .. }
        | StoreError::TagMoved { tag, current, .. }
        | StoreError::NotExtended { tag, current, .. }
            if tag == about =>
        {
            Some(current.clone())
        }
        _ => None,
    }
}
