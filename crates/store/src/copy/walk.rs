//! Finding out what has to be copied.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, TagOrDigest};

use super::{CopyError, CopyEvent, CopyOptions, CopyRoot, Listing, Referrers};
use crate::error::StoreError;
use crate::repository::{PutManifest, Repository, TagRule};

/// All manifests of one copy together, in bytes: they are held until the blobs are there.
const BYTES_LIMIT: u64 = 256 * 1024 * 1024;

/// What has to be copied.
pub(super) struct Graph {
    /// The blobs, each once, with a manifest that lists it.
    pub(super) blobs: Vec<(Descriptor, Digest)>,
    /// The manifests, children before parents, with their tags.
    pub(super) batch: Vec<PutManifest>,
}

/// A manifest that was met, and where.
struct Met {
    descriptor: Descriptor,
    parent: Option<Digest>,
    depth: usize,
    listed: Listed,
}

/// Who says that a manifest is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// The tag, or the index that it is a part of.
    InGraph,
    /// A list of referrers, into which anybody can write who may write anything.
    AsReferrer,
}

/// What is to be done about a manifest that was met.
enum Next {
    Store(Box<Manifest>),
    /// The destination has it.
    Present,
    /// There is nothing.
    PassOver,
}

pub(super) struct Walk<'a> {
    source: &'a Arc<dyn Repository>,
    destination: &'a dyn Repository,
    options: &'a CopyOptions,
    /// Whether a tag of a root names it already.
    named: bool,
    /// What was fetched from the source and has to be stored.
    fetched: HashMap<Digest, Manifest>,
    bytes: u64,
    /// Everything met: nothing is looked at twice, and a cycle ends.
    met: HashSet<Digest>,
    /// Roots and referrers in the order in which they were met.
    tops: Vec<(Digest, Vec<(tofu_oci_types::oci::Tag, TagRule)>)>,
    /// Manifests whose referrers are still to be listed.
    subjects: Vec<Descriptor>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        source: &'a Arc<dyn Repository>,
        destination: &'a dyn Repository,
        options: &'a CopyOptions,
    ) -> Self {
        Self {
            source,
            destination,
            options,
            named: false,
            fetched: HashMap::new(),
            bytes: 0,
            met: HashSet::new(),
            tops: Vec::new(),
            subjects: Vec::new(),
        }
    }

    /// Takes a root and everything below it.
    pub(super) async fn root(&mut self, root: &CopyRoot) -> Result<(), CopyError> {
        let digest = &root.descriptor.digest;
        let mut tagged = !root.tags.is_empty();
        let mut complete = self.options.present.contains(digest);
        for (tag, rule) in &root.tags {
            let head = self.destination.head(tag).await;
            match head.map_err(|error| self.lookup_failed(digest, error))? {
                Some(current) if current.digest == *digest => {
                    complete = true;
                    self.named = true;
                }
                Some(current) => {
                    self.refuse_early(tag, rule, &current.digest)?;
                    tagged = false;
                }
                None => tagged = false,
            }
        }
        if !complete {
            complete = self.has(&root.descriptor).await?;
        }
        if complete && (tagged || root.tags.is_empty()) {
            // Nothing is to be stored; its referrers may be.
            return self.complete(&root.descriptor).await;
        }
        self.tops.push((digest.clone(), root.tags.clone()));
        let top = Met {
            descriptor: root.descriptor.clone(),
            parent: None,
            depth: 0,
            listed: Listed::InGraph,
        };
        if complete {
            // Only a tag is missing: the manifest is needed for that, its children are not.
            self.complete(&root.descriptor).await?;
            let manifest = self.fetch(&top).await?;
            return self.keep(manifest);
        }
        self.descend(top).await
    }

    /// A tag that will be refused is refused before anything is sent.
    fn refuse_early(
        &self,
        tag: &tofu_oci_types::oci::Tag,
        rule: &TagRule,
        current: &Digest,
    ) -> Result<(), CopyError> {
        let (place, tag, current) = (
            self.destination.place().clone(),
            tag.clone(),
            current.clone(),
        );
        let error = match rule {
            TagRule::Create => StoreError::TagExists {
                place,
                tag,
                current,
            },
            TagRule::Move { from } if *from != current => StoreError::TagMoved {
                place,
                tag,
                expected: from.clone(),
                current,
            },
            TagRule::Move { .. } | TagRule::Extend | TagRule::Overwrite => return Ok(()),
        };
        Err(CopyError::Refused(Box::new(error)))
    }

    /// Remembers a manifest that the destination has complete: only its referrers are of interest, and those
    /// of its children.
    async fn complete(&mut self, descriptor: &Descriptor) -> Result<(), CopyError> {
        if self.options.referrers == Referrers::None || !self.met.insert(descriptor.digest.clone())
        {
            return Ok(());
        }
        self.subjects.push(descriptor.clone());
        if !descriptor.media_type.is_index() {
            return Ok(());
        }
        let mut level = vec![Met {
            descriptor: descriptor.clone(),
            parent: None,
            depth: 0,
            listed: Listed::InGraph,
        }];
        while let Some(index) = level.pop() {
            self.check_depth(&index)?;
            let manifest = self.fetch(&index).await?;
            for child in manifest.child_manifests() {
                if self.met.insert(child.digest.clone()) {
                    self.subjects.push(child.clone());
                    if child.media_type.is_index() {
                        level.push(index.child(child));
                    }
                }
            }
        }
        Ok(())
    }

    /// Fetches everything below `top` that the destination lacks, level by level.
    async fn descend(&mut self, top: Met) -> Result<(), CopyError> {
        if !self.met.insert(top.descriptor.digest.clone()) {
            return Ok(());
        }
        let mut level = vec![top];
        while !level.is_empty() {
            for met in &level {
                self.check_depth(met)?;
            }
            let this: &Self = self;
            let fetches: Vec<_> = level.iter().map(|met| this.fetch_missing(met)).collect();
            let manifests: Vec<Next> = futures_util::stream::iter(fetches)
                .buffered(this.options.jobs.get())
                .try_collect()
                .await?;
            let mut below = Vec::new();
            for (met, manifest) in level.iter().zip(manifests) {
                let manifest = match manifest {
                    Next::Store(manifest) => *manifest,
                    Next::PassOver => continue,
                    Next::Present => {
                        if self.options.referrers == Referrers::All {
                            self.met.remove(&met.descriptor.digest);
                            self.complete(&met.descriptor).await?;
                        }
                        continue;
                    }
                };
                for child in manifest.child_manifests() {
                    let listed = child.urls.is_empty() && child.media_type.is_manifest();
                    if listed && self.met.insert(child.digest.clone()) {
                        below.push(met.child(child));
                    }
                }
                self.subjects.push(met.descriptor.clone());
                self.keep(manifest)?;
            }
            level = below;
        }
        Ok(())
    }

    /// Fetches a manifest, unless it is a child that the destination has, or a referrer that is none.
    async fn fetch_missing(&self, met: &Met) -> Result<Next, CopyError> {
        let known = self.options.present.contains(&met.descriptor.digest);
        if met.parent.is_some() && (known || self.has(&met.descriptor).await?) {
            return Ok(Next::Present);
        }
        match self.fetch(met).await {
            Ok(manifest) => Ok(Next::Store(Box::new(manifest))),
            Err(CopyError::Source { source, what, .. })
                if met.listed == Listed::AsReferrer && source.is_no_manifest() =>
            {
                self.options.report(&CopyEvent::ReferrerPassedOver {
                    referrer: what,
                    reason: source.to_string(),
                });
                Ok(Next::PassOver)
            }
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, met: &Met) -> Result<Manifest, CopyError> {
        let digest = &met.descriptor.digest;
        let at = TagOrDigest::Digest(digest.clone());
        match self.source.manifest(&at).await {
            Ok(manifest) => Ok(manifest),
            Err(error) => match &met.parent {
                Some(parent) if error.is_absent() => Err(CopyError::MissingChild {
                    place: self.source.place().clone(),
                    parent: parent.clone(),
                    child: digest.clone(),
                }),
                _ => Err(self.source_failed(digest, error)),
            },
        }
    }

    async fn has(&self, descriptor: &Descriptor) -> Result<bool, CopyError> {
        let has = self.destination.has(descriptor).await;
        has.map_err(|error| self.lookup_failed(&descriptor.digest, error))
    }

    fn keep(&mut self, manifest: Manifest) -> Result<(), CopyError> {
        self.bytes += manifest.descriptor().size;
        self.fetched.insert(manifest.digest().clone(), manifest);
        if self.bytes > BYTES_LIMIT || self.fetched.len() > self.options.manifests {
            return Err(CopyError::TooLarge {
                place: self.source.place().clone(),
                manifests: self.options.manifests,
                bytes: BYTES_LIMIT,
            });
        }
        Ok(())
    }

    fn check_depth(&self, met: &Met) -> Result<(), CopyError> {
        if met.depth <= self.options.depth {
            return Ok(());
        }
        Err(CopyError::TooDeep {
            place: self.source.place().clone(),
            digest: met.descriptor.digest.clone(),
            limit: self.options.depth,
        })
    }

    /// Adds the referrers, theirs, and so on, and puts everything into order.
    pub(super) async fn finish(mut self) -> Result<Graph, CopyError> {
        while self.options.referrers == Referrers::All && !self.subjects.is_empty() {
            let subjects = std::mem::take(&mut self.subjects);
            let this: &Self = &self;
            let lists: Vec<_> = subjects.iter().map(|s| this.referrers(s)).collect();
            let listed: Vec<Vec<(Descriptor, bool)>> = futures_util::stream::iter(lists)
                .buffered(this.options.jobs.get())
                .try_collect()
                .await?;
            for (referrer, present) in listed.into_iter().flatten() {
                if present {
                    self.complete(&referrer).await?;
                } else if !self.met.contains(&referrer.digest) {
                    self.tops.push((referrer.digest.clone(), Vec::new()));
                    self.descend(Met {
                        descriptor: referrer,
                        parent: None,
                        depth: 0,
                        listed: Listed::AsReferrer,
                    })
                    .await?;
                }
            }
        }
        Ok(self.into_graph())
    }

    /// The referrers of `subject` in the source, and whether the destination has them.
    async fn referrers(&self, subject: &Descriptor) -> Result<Vec<(Descriptor, bool)>, CopyError> {
        if self.named && self.options.listing == Listing::UntilTagged {
            return self.referrers_asked(subject).await;
        }
        let (here, there) = futures_util::future::join(
            self.source.referrers(subject, None),
            self.destination.referrers(subject, None),
        )
        .await;
        let here = here.map_err(|error| self.source_failed(&subject.digest, error))?;
        let there = there.map_err(|error| self.lookup_failed(&subject.digest, error))?;
        let there: HashSet<_> = there.into_iter().map(|found| found.digest).collect();
        let present = |found: &Descriptor| {
            there.contains(&found.digest) || self.options.present.contains(&found.digest)
        };
        Ok(here
            .into_iter()
            .map(|found| {
                let present = present(&found);
                (found, present)
            })
            .collect())
    }

    /// As [`referrers`](Self::referrers), without a list of the destination.
    async fn referrers_asked(
        &self,
        subject: &Descriptor,
    ) -> Result<Vec<(Descriptor, bool)>, CopyError> {
        let here = self.source.referrers(subject, None).await;
        let here = here.map_err(|error| self.source_failed(&subject.digest, error))?;
        let mut found = Vec::with_capacity(here.len());
        for referrer in here {
            let known = self.options.present.contains(&referrer.digest);
            let present = known || self.has(&referrer).await?;
            found.push((referrer, present));
        }
        Ok(found)
    }

    fn into_graph(self) -> Graph {
        let mut order = Order {
            fetched: self.fetched,
            present: &self.options.present,
            blobs: Vec::new(),
            seen: HashSet::new(),
            batch: Vec::new(),
            placed: HashMap::new(),
        };
        for (digest, tags) in self.tops {
            order.place(&digest);
            let position = order.placed.get(&digest);
            if let Some(item) = position.and_then(|position| order.batch.get_mut(*position)) {
                item.tags.extend(tags);
            }
        }
        Graph {
            blobs: order.blobs,
            batch: order.batch,
        }
    }

    fn source_failed(&self, what: &Digest, error: StoreError) -> CopyError {
        CopyError::Source {
            place: self.source.place().clone(),
            what: what.clone(),
            source: Box::new(error),
        }
    }

    fn lookup_failed(&self, what: &Digest, error: StoreError) -> CopyError {
        CopyError::Destination {
            place: self.destination.place().clone(),
            what: what.clone(),
            source: Box::new(error),
        }
    }
}

impl Met {
    fn child(&self, child: &Descriptor) -> Self {
        Self {
            descriptor: child.clone(),
            parent: Some(self.descriptor.digest.clone()),
            depth: self.depth + 1,
            listed: Listed::InGraph,
        }
    }
}

/// Children before parents.
struct Order<'a> {
    fetched: HashMap<Digest, Manifest>,
    present: &'a HashSet<Digest>,
    blobs: Vec<(Descriptor, Digest)>,
    seen: HashSet<Digest>,
    batch: Vec<PutManifest>,
    placed: HashMap<Digest, usize>,
}

impl Order<'_> {
    /// Recursion ends: what is placed is taken out first, and the depth was checked while fetching.
    fn place(&mut self, digest: &Digest) {
        let Some(manifest) = self.fetched.remove(digest) else {
            return;
        };
        for child in manifest.child_manifests() {
            if child.media_type.is_manifest() {
                self.place(&child.digest);
            } else {
                self.blob(child, digest);
            }
        }
        for blob in manifest.blobs() {
            self.blob(blob, digest);
        }
        self.placed.insert(digest.clone(), self.batch.len());
        self.batch.push(PutManifest::untagged(manifest));
    }

    fn blob(&mut self, blob: &Descriptor, parent: &Digest) {
        let wanted = blob.urls.is_empty() && !self.present.contains(&blob.digest);
        if wanted && self.seen.insert(blob.digest.clone()) {
            // With its annotations: its title is what people know it by.
            let blob = Descriptor {
                annotations: blob.annotations.clone(),
                ..blob.plain()
            };
            self.blobs.push((blob, parent.clone()));
        }
    }
}
