//! The one loop that moves content: a graph copied from one repository to another.
//!
//! 1. Ask the destination about the roots: what it has complete is not looked at again.
//! 2. Walk the source's manifests from the roots that are missing, and the referrers of everything met.
//! 3. Copy blobs, several at a time.
//! 4. Put all manifests in one batch, children before parents, tags last.
//!
//! So a copy that is cut leaves no manifest without its children, and repeating it goes on where it ended.

mod walk;
mod watched;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_types::oci::{Descriptor, Digest, Tag};

use crate::blob::Blob;
use crate::error::StoreError;
use crate::place::Place;
use crate::repository::{Put, PutManifest, Repository, TagRule, WritableRepository};
use walk::{Graph, Walk};
use watched::Watched;

/// A manifest to copy with everything it lists, and the tags it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRoot {
    /// The manifest, as the source describes it.
    pub descriptor: Descriptor,
    /// Its tags in the destination, and when they may be given.
    pub tags: Vec<(Tag, TagRule)>,
}

/// Whether manifests are copied that refer to what is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Referrers {
    /// Only the graphs of the roots.
    #[default]
    None,
    /// Also the referrers of every manifest met, theirs, and so on.
    All,
}

/// How it is found out which referrers the destination has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listing {
    /// The destination lists them, subject by subject. One that is stored and not listed, as a run that was
    /// stopped may leave it, is put again.
    #[default]
    Always,
    /// As [`Always`](Self::Always), unless a tag of the root names it already. Whoever gives tags last listed
    /// the referrers before, so the destination is only asked whether it has each of them.
    UntilTagged,
}

/// Is told what a copy does. It may be called from several threads.
pub type Reporter = Arc<dyn Fn(&CopyEvent) + Send + Sync>;

/// How to copy.
#[derive(Clone)]
pub struct CopyOptions {
    /// How many transfers run at a time.
    pub jobs: NonZeroUsize,
    /// Whether referrers come along.
    pub referrers: Referrers,
    /// How it is found out which of them the destination has.
    pub listing: Listing,
    /// What the destination is known to have: it is neither asked for nor sent.
    pub present: HashSet<Digest>,
    /// How deep indexes may nest.
    pub depth: usize,
    /// How many manifests, all together, may be copied.
    pub manifests: usize,
    /// Is told what happens.
    pub reporter: Option<Reporter>,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            jobs: NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN),
            referrers: Referrers::None,
            listing: Listing::Always,
            present: HashSet::new(),
            depth: 8,
            manifests: 10_000,
            reporter: None,
        }
    }
}

impl std::fmt::Debug for CopyOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyOptions")
            .field("jobs", &self.jobs)
            .field("referrers", &self.referrers)
            .field("listing", &self.listing)
            .field("present", &self.present.len())
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}

/// Something that happened during a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyEvent {
    /// It is known how much there is to do.
    Planned {
        /// How many blobs may have to be sent.
        blobs: usize,
        /// Their length together, in bytes.
        bytes: u64,
        /// How many manifests are to be stored.
        manifests: usize,
    },
    /// The source lists a referrer that is not there, or is no manifest: there is nothing to be copied.
    ReferrerPassedOver {
        /// What is listed.
        referrer: Digest,
        /// Why it is nothing.
        reason: String,
    },
    /// A blob is being looked at.
    BlobStarted(Descriptor),
    /// So many more bytes of a blob were read from the source.
    BlobRead(Descriptor, u64),
    /// A blob is there.
    BlobDone(Descriptor, Put),
    /// A manifest is there.
    ManifestDone(Descriptor, Put),
}

/// What a copy came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// The blobs looked at, in no order.
    pub blobs: Vec<(Descriptor, Put)>,
    /// The manifests put, in their order. What the destination had complete is not among them.
    pub manifests: Vec<(Descriptor, Put)>,
}

impl CopyReport {
    /// Whether anything was stored or tagged.
    pub fn is_unchanged(&self) -> bool {
        let mut all = self.blobs.iter().chain(&self.manifests);
        all.all(|(_, put)| *put == Put::Present)
    }

    /// How many bytes of blobs were sent.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes(Put::Uploaded)
    }

    /// How many bytes of blobs were sent, were there, or were mounted.
    pub fn bytes(&self, how: Put) -> u64 {
        let blobs = self.blobs.iter().filter(|(_, put)| *put == how);
        blobs.map(|(blob, _)| blob.size).sum()
    }
}

/// Why a graph was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source could not be read.
    #[error("cannot read {what} from the source {place}")]
    Source {
        /// The source.
        place: Place,
        /// What was read: a manifest, or the referrers of one.
        what: Digest,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// The destination could not be read.
    #[error("cannot look up {what} in the destination {place}")]
    Destination {
        /// The destination.
        place: Place,
        /// What was looked up.
        what: Digest,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// The source lists something that it does not have.
    #[error("the source {place} lacks {child}, which its manifest {parent} lists")]
    MissingChild {
        /// The source.
        place: Place,
        /// The manifest.
        parent: Digest,
        /// What it lists.
        child: Digest,
    },
    /// A blob could not be copied. Which side failed, the cause tells.
    #[error("cannot copy the blob {blob} to {place}")]
    Blob {
        /// The destination.
        place: Place,
        /// The blob.
        blob: Digest,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// The manifests could not be stored or tagged.
    #[error("cannot store manifests in {place}")]
    Manifests {
        /// The destination.
        place: Place,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// A tag that may not be moved names something else. Nothing was sent.
    #[error("a tag is refused before anything is sent")]
    Refused(#[source] Box<StoreError>),
    /// Indexes nest deeper than is allowed.
    #[error("indexes in {place} nest deeper than {limit} levels at {digest}")]
    TooDeep {
        /// The source.
        place: Place,
        /// The index that is too deep.
        digest: Digest,
        /// The limit.
        limit: usize,
    },
    /// The graph has more manifests, or larger ones, than is allowed.
    #[error(
        "the graph in {place} is larger than allowed: more than {manifests} manifests or {bytes} bytes of them"
    )]
    TooLarge {
        /// The source.
        place: Place,
        /// The limit.
        manifests: usize,
        /// The limit for all manifests together, in bytes.
        bytes: u64,
    },
}

/// Copies the graphs of `roots` from one repository to another; digests are kept.
///
/// Dropping the future stops the copy; what was stored stays, and no manifest lacks its children.
///
/// # Errors
/// [`CopyError`], the first that occurs. Tags are given last and together, so after an error none is changed.
pub async fn copy_graph(
    source: &Arc<dyn Repository>,
    destination: &Arc<dyn WritableRepository>,
    roots: &[CopyRoot],
    options: &CopyOptions,
) -> Result<CopyReport, CopyError> {
    let graph = plan(source, destination.as_ref(), roots, options).await?;
    options.report(&CopyEvent::Planned {
        blobs: graph.blobs.len(),
        bytes: graph.blobs.iter().map(|(blob, _)| blob.size).sum(),
        manifests: graph.batch.len(),
    });
    let blobs = copy_blobs(source, destination, &graph, options).await?;
    let manifests = put_manifests(destination, &graph.batch, options).await?;
    Ok(CopyReport { blobs, manifests })
}

/// What [`copy_graph`] would look at: blobs, of which the destination may have some, and manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyPlan {
    /// The blobs, each once.
    pub blobs: Vec<Descriptor>,
    /// The manifests, children before parents.
    pub manifests: Vec<Descriptor>,
}

/// Finds out what is to be copied, and copies nothing. The destination may be one that can only be read.
///
/// # Errors
/// As [`copy_graph`], before the first blob.
pub async fn plan_copy(
    source: &Arc<dyn Repository>,
    destination: &Arc<dyn Repository>,
    roots: &[CopyRoot],
    options: &CopyOptions,
) -> Result<CopyPlan, CopyError> {
    let graph = plan(source, destination.as_ref(), roots, options).await?;
    let manifests = graph.batch.iter();
    Ok(CopyPlan {
        manifests: manifests
            .map(|item| item.manifest.descriptor().clone())
            .collect(),
        blobs: graph.blobs.into_iter().map(|(blob, _)| blob).collect(),
    })
}

async fn plan(
    source: &Arc<dyn Repository>,
    destination: &dyn Repository,
    roots: &[CopyRoot],
    options: &CopyOptions,
) -> Result<Graph, CopyError> {
    let mut walk = Walk::new(source, destination, options);
    for root in roots {
        walk.root(root).await?;
    }
    walk.finish().await
}

impl CopyOptions {
    fn report(&self, event: &CopyEvent) {
        if let Some(reporter) = &self.reporter {
            reporter(event);
        }
    }
}

async fn copy_blobs(
    source: &Arc<dyn Repository>,
    destination: &Arc<dyn WritableRepository>,
    graph: &Graph,
    options: &CopyOptions,
) -> Result<Vec<(Descriptor, Put)>, CopyError> {
    let watched: &Arc<dyn Repository> = &match &options.reporter {
        None => Arc::clone(source),
        Some(reporter) => Arc::new(Watched {
            inner: Arc::clone(source),
            reporter: Arc::clone(reporter),
        }),
    };
    let copy = |(blob, parent): (Descriptor, Digest)| async move {
        options.report(&CopyEvent::BlobStarted(blob.clone()));
        let content = Blob::Stored(Arc::clone(watched));
        match destination.put_blob(&blob, content).await {
            Ok(put) => {
                options.report(&CopyEvent::BlobDone(blob.clone(), put));
                Ok((blob, put))
            }
            Err(StoreError::AbsentBlob { place, .. }) if place == *source.place() => {
                Err(CopyError::MissingChild {
                    place,
                    parent,
                    child: blob.digest,
                })
            }
            Err(error) => Err(CopyError::Blob {
                place: destination.place().clone(),
                blob: blob.digest,
                source: Box::new(error),
            }),
        }
    };
    futures_util::stream::iter(graph.blobs.clone())
        .map(copy)
        .buffer_unordered(options.jobs.get())
        .try_collect()
        .await
}

async fn put_manifests(
    destination: &Arc<dyn WritableRepository>,
    batch: &[PutManifest],
    options: &CopyOptions,
) -> Result<Vec<(Descriptor, Put)>, CopyError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let puts = destination.put_manifests(batch).await;
    let puts = puts.map_err(|source| CopyError::Manifests {
        place: destination.place().clone(),
        source: Box::new(source),
    })?;
    let descriptors = batch.iter().map(|item| item.manifest.descriptor().clone());
    let manifests: Vec<_> = descriptors.zip(puts).collect();
    for (descriptor, put) in &manifests {
        options.report(&CopyEvent::ManifestDone(descriptor.clone(), *put));
    }
    Ok(manifests)
}
