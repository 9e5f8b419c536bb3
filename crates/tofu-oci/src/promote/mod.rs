//! Promoting: a version, or everything, from one repository to another, with its referrers.
//!
//! ```text
//! what the source's tags name ─ graph and referrers ─ what the destination lacks
//!     ─ blobs mounted or sent ─ manifests ─ tags last ─ read back, and looked for
//! ```
//!
//! Digests are kept, so signatures and lock files stay right.

mod arrival;
mod error;
mod watch;

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_source::Connect;
use tofu_oci_store::{
    CopyError, CopyOptions, CopyRoot, Put, Referrers, Repository, StagedRepository, StoreError,
    TagRule, WritableRepository, copy_graph, plan_copy,
};
use tofu_oci_types::oci::{Address, Descriptor, Digest, Manifest, Tag, TagOrDigest};
use tofu_oci_types::tofu::Version;

use crate::Progress;
use crate::inspect::JOBS;
use crate::install::Writes;
use crate::publish::Existing;

use arrival::Arrival;
pub use error::PromoteError;

/// What promotes.
#[derive(Debug, Clone)]
pub struct Promoter {
    /// How repositories are reached.
    pub connect: Connect,
    /// Who is told what happens.
    pub progress: Progress,
}

/// What of the source is promoted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// The one manifest that the address names.
    #[default]
    Named,
    /// Everything that has a tag, but for the lists of referrers that clients keep under tags: the destination's
    /// own may have other entries. What they list comes along as referrers.
    AllTags,
}

/// How something is promoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromoteOptions {
    /// What of the source.
    pub extent: Extent,
    /// Whether what refers to it comes along.
    pub referrers: Referrers,
    /// What happens to a version that the destination has with other content. Tags that are no versions move.
    pub existing: Existing,
    /// Whether anything is written.
    pub writes: Writes,
    /// How many blobs are copied at once; `None` is one for each core.
    pub jobs: Option<NonZeroUsize>,
}

impl Default for PromoteOptions {
    fn default() -> Self {
        Self {
            extent: Extent::Named,
            referrers: Referrers::All,
            existing: Existing::Keep,
            writes: Writes::Execute,
            jobs: None,
        }
    }
}

/// What a promotion came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromoteOutcome {
    /// Something was stored or tagged.
    Copied,
    /// Everything was there already.
    Unchanged,
    /// Nothing was written, because only the plan was asked for; `Copied` would have come of it.
    Planned,
}

/// A number of blobs, and their length together in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub blobs: usize,
    /// How long they are together.
    pub bytes: u64,
}

/// What a promotion did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromoteReport {
    /// The source, without tag and digest.
    pub source: Address,
    /// The destination, without tag and digest.
    pub destination: Address,
    /// The manifests that were named, each with its tag in the destination, if it gets one.
    pub roots: Vec<(Digest, Option<Tag>)>,
    /// What came of it.
    pub outcome: PromoteOutcome,
    /// How many manifests were stored or tagged; for a plan, would be looked at.
    pub manifests: usize,
    /// What was sent; for a plan, what the destination lacks: some of it may be mounted.
    pub sent: Amount,
    /// What was taken from another repository of the same place, without its bytes.
    pub mounted: Amount,
    /// What the destination had, of what was looked at.
    pub present: Amount,
}

impl Promoter {
    /// Copies what `from` names to `to`, with everything that it lists and what refers to it. A
    /// destination without a tag takes the source's.
    ///
    /// Dropping the future stops it; no manifest lacks its children, and no tag was given.
    ///
    /// # Errors
    ///
    /// [`PromoteError`]. A version that is there with other content is refused before anything is
    /// sent.
    pub async fn promote(
        &self,
        from: &Address,
        to: &Address,
        options: &PromoteOptions,
    ) -> Result<PromoteReport, PromoteError> {
        check(from, to, options)?;
        let (here, there) = (from.repository(), to.repository());
        let source = self.connect.reader(&here).await;
        let source = source.map_err(|source| source_failed(from, source))?;
        let roots = match options.extent {
            Extent::Named => vec![named(source.as_ref(), from, to, options).await?],
            Extent::AllTags => tagged(source.as_ref(), from, options).await?,
        };
        let mut report = PromoteReport {
            source: here,
            destination: there.clone(),
            roots: roots
                .iter()
                .map(|root| {
                    let tag = root.tags.first().map(|(tag, _)| tag.clone());
                    (root.descriptor.digest.clone(), tag)
                })
                .collect(),
            outcome: PromoteOutcome::Unchanged,
            manifests: 0,
            sent: Amount::default(),
            mounted: Amount::default(),
            present: Amount::default(),
        };
        let mut copying = CopyOptions {
            referrers: options.referrers,
            reporter: Some(watch::reporter(&self.progress)),
            ..CopyOptions::default()
        };
        if let Some(jobs) = options.jobs {
            copying.jobs = jobs;
        }
        // Everything of a repository may be a lot; one version is not.
        if options.extent == Extent::AllTags {
            copying.manifests = ALL_MANIFESTS;
        }
        match options.writes {
            Writes::DryRun => {
                let destination = self.connect.reader(&there).await;
                plan(&source, destination, &roots, &copying, &mut report).await?;
            }
            Writes::Execute => {
                let destination = self.connect.writer(&there).await;
                let destination = destination.map_err(|e| destination_failed(&there, e))?;
                execute(&source, &destination, &roots, &copying, &mut report).await?;
            }
        }
        Ok(report)
    }
}

/// How many manifests a whole repository may have: all of them are held until the blobs are there.
const ALL_MANIFESTS: usize = 200_000;

fn check(from: &Address, to: &Address, options: &PromoteOptions) -> Result<(), PromoteError> {
    if to.digest().is_some() {
        let place = to.to_string();
        return Err(PromoteError::DigestGiven { place });
    }
    let named = [from, to].into_iter().find(|a| a.at().is_some());
    match (options.extent, named) {
        (Extent::AllTags, Some(named)) => Err(PromoteError::OneNamed {
            place: named.to_string(),
        }),
        (Extent::Named, _) if from.at().is_none() => Err(PromoteError::NothingNamed {
            place: from.to_string(),
        }),
        _ => Ok(()),
    }
}

/// When a tag may be given: versions do not move, other tags do.
fn rule(tag: &Tag, options: &PromoteOptions) -> TagRule {
    match Version::from_tag(tag).is_some() && options.existing == Existing::Keep {
        true => TagRule::Create,
        false => TagRule::Overwrite,
    }
}

/// What the source's address names, and its tag in the destination.
async fn named(
    source: &dyn Repository,
    from: &Address,
    to: &Address,
    options: &PromoteOptions,
) -> Result<CopyRoot, PromoteError> {
    let descriptor = match from.at() {
        Some(TagOrDigest::Digest(digest)) => {
            let manifest = source.manifest(&digest.into()).await;
            let manifest = manifest.map_err(|error| source_failed(from, error))?;
            manifest.descriptor().clone()
        }
        Some(TagOrDigest::Tag(tag)) => head(source, from, &tag).await?,
        None => {
            let place = from.to_string();
            return Err(PromoteError::NothingNamed { place });
        }
    };
    let tag = to.tag().or(from.tag());
    Ok(CopyRoot {
        descriptor,
        tags: tag
            .map(|tag| (tag.clone(), rule(tag, options)))
            .into_iter()
            .collect(),
    })
}

/// Everything that has a tag in the source, without lists of referrers.
async fn tagged(
    source: &dyn Repository,
    from: &Address,
    options: &PromoteOptions,
) -> Result<Vec<CopyRoot>, PromoteError> {
    let tags = source.tags().await;
    let tags = tags.map_err(|error| source_failed(from, error))?;
    let tags = tags.into_iter().filter(|tag| !tag.is_referrers_tag());
    futures_util::stream::iter(tags)
        .map(|tag| async move {
            let descriptor = head(source, from, &tag).await?;
            let rule = rule(&tag, options);
            let tags = vec![(tag, rule)];
            Ok(CopyRoot { descriptor, tags })
        })
        .buffered(JOBS)
        .try_collect()
        .await
}

async fn head(
    source: &dyn Repository,
    from: &Address,
    tag: &Tag,
) -> Result<Descriptor, PromoteError> {
    let found = match source.head(tag).await {
        Ok(Some(descriptor)) => return Ok(descriptor),
        Ok(None) => StoreError::AbsentTag {
            place: source.place().clone(),
            tag: tag.clone(),
        },
        Err(error) => error,
    };
    Err(source_failed(&from.at_tag(tag), found))
}

async fn plan(
    source: &Arc<dyn Repository>,
    destination: Result<Arc<dyn Repository>, StoreError>,
    roots: &[CopyRoot],
    options: &CopyOptions,
    report: &mut PromoteReport,
) -> Result<(), PromoteError> {
    let there = report.destination.clone();
    let destination = match destination {
        Ok(destination) => destination,
        // A plan makes no repository: what is not there has nothing.
        Err(error) if error.is_absent() => Arc::new(StagedRepository::new()),
        Err(error) => return Err(destination_failed(&there, error)),
    };
    let plan = plan_copy(source, &destination, roots, options).await;
    let plan = plan.map_err(|error| copy_failed(&there, roots, error))?;
    report.manifests = plan.manifests.len();
    for blob in &plan.blobs {
        let has = destination.has(blob).await;
        let has = has.map_err(|error| destination_failed(&there, error))?;
        let amount = match has {
            true => &mut report.present,
            false => &mut report.sent,
        };
        amount.blobs += 1;
        amount.bytes += blob.size;
    }
    if !plan.manifests.is_empty() {
        report.outcome = PromoteOutcome::Planned;
    }
    Ok(())
}

async fn execute(
    source: &Arc<dyn Repository>,
    destination: &Arc<dyn WritableRepository>,
    roots: &[CopyRoot],
    options: &CopyOptions,
    report: &mut PromoteReport,
) -> Result<(), PromoteError> {
    let there = report.destination.clone();
    let copied = copy_graph(source, destination, roots, options).await;
    let copied = copied.map_err(|error| copy_failed(&there, roots, error))?;
    let amount = |how| Amount {
        blobs: copied.blobs.iter().filter(|(_, put)| *put == how).count(),
        bytes: copied.bytes(how),
    };
    report.sent = amount(Put::Uploaded);
    report.mounted = amount(Put::Mounted);
    report.present = amount(Put::Present);
    let changed = copied
        .manifests
        .iter()
        .filter(|(_, put)| *put != Put::Present);
    report.manifests = changed.count();
    if copied.is_unchanged() {
        return Ok(());
    }
    report.outcome = PromoteOutcome::Copied;
    let stored = |root: &&CopyRoot| {
        let mut manifests = copied.manifests.iter();
        manifests.any(|(manifest, _)| manifest.digest == root.descriptor.digest)
    };
    let mut arrival = Arrival {
        destination: destination.as_ref(),
        there: &there,
        missing: copied
            .manifests
            .iter()
            .map(|(manifest, _)| manifest.digest.clone())
            .collect(),
    };
    let (new, old): (Vec<&CopyRoot>, Vec<&CopyRoot>) = roots.iter().partition(stored);
    for root in &new {
        let manifest = read_back(destination.as_ref(), root, &there).await?;
        arrival.find(&manifest).await?;
        if options.referrers == Referrers::All {
            arrival.check_lists(&manifest).await?;
        }
    }
    // What came later than the version that it is about.
    for root in old {
        if arrival.missing.is_empty() {
            break;
        }
        let manifest = read_back(destination.as_ref(), root, &there).await?;
        arrival.find(&manifest).await?;
        arrival.check_lists(&manifest).await?;
    }
    arrival.complete()
}

/// Asks for what was copied, and checks that it comes back.
async fn read_back(
    destination: &dyn WritableRepository,
    root: &CopyRoot,
    there: &Address,
) -> Result<Manifest, PromoteError> {
    let digest = &root.descriptor.digest;
    let at: TagOrDigest = match root.tags.first() {
        Some((tag, _)) => tag.clone().into(),
        None => digest.clone().into(),
    };
    let found = match destination.manifest(&at).await {
        Ok(manifest) if manifest.digest() == digest => return Ok(manifest),
        Ok(manifest) => Some(manifest.digest().clone()),
        Err(error) if error.is_absent() => None,
        Err(error) => return Err(destination_failed(there, error)),
    };
    Err(PromoteError::ReadBack {
        place: there.to_string(),
        at: at.to_string(),
        found,
    })
}

fn source_failed(from: &Address, source: StoreError) -> PromoteError {
    PromoteError::Source {
        place: from.to_string(),
        source,
    }
}

fn destination_failed(to: &Address, source: StoreError) -> PromoteError {
    PromoteError::Destination {
        place: to.to_string(),
        source,
    }
}

/// Says what a refused copy means for a version.
fn copy_failed(to: &Address, roots: &[CopyRoot], error: CopyError) -> PromoteError {
    let place = to.to_string();
    let cause = match &error {
        CopyError::Refused(cause) => Some(cause),
        CopyError::Manifests { source, .. } => Some(source),
        _ => None,
    };
    if let Some(StoreError::TagExists { tag, current, .. }) = cause.map(AsRef::as_ref) {
        let mut roots = roots.iter();
        let root = roots.find(|root| root.tags.iter().any(|(own, _)| own == tag));
        if let Some(root) = root {
            return PromoteError::VersionExists {
                place,
                tag: tag.clone(),
                existing: current.clone(),
                new: root.descriptor.digest.clone(),
            };
        }
    }
    PromoteError::Copy {
        place,
        source: Box::new(error),
    }
}
