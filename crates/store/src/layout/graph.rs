//! What lies below the entries of `index.json`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use tofu_oci_types::oci::{
    Descriptor, Digest, MANIFEST_LIMIT, Manifest, ManifestError, MediaType, TagOrDigest,
};

use super::Shared;
use super::loaded::{Repo, damage_of, resolve};
use super::markers::Marker;
use crate::adaptor::verified_manifest;
use crate::blocking::lock;
use crate::error::{Damage, Result, StoreError};
use crate::storage::Stat;

/// How many manifests are remembered.
const REMEMBERED: usize = 4096;
/// How deep indexes may nest.
pub(super) const DEPTH: usize = 8;

/// What is worth remembering of a manifest. It belongs to the digest, so it never goes stale.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: Vec<Descriptor>,
    pub(super) blobs: Vec<Digest>,
    /// Its subject, and how a list of referrers describes it.
    pub(super) referrer: Option<(Digest, Descriptor)>,
}

impl Node {
    pub(super) fn of(manifest: &Manifest) -> Self {
        let subject = manifest.subject();
        Self {
            children: manifest.child_manifests().iter().map(plain).collect(),
            blobs: manifest.blobs().iter().map(|b| b.digest.clone()).collect(),
            referrer: subject.map(|s| (s.digest.clone(), manifest.as_referrer())),
        }
    }
}

/// Without annotations, which nobody asks for here.
fn plain(child: &Descriptor) -> Descriptor {
    Descriptor {
        artifact_type: child.artifact_type.clone(),
        ..child.plain()
    }
}

/// Manifests read before.
#[derive(Default)]
pub(super) struct GraphCache {
    nodes: Mutex<HashMap<Digest, Arc<Node>>>,
    /// The subjects of a manifest and of everything below it.
    subjects: Mutex<HashMap<Digest, Arc<[Digest]>>>,
}

impl Shared {
    /// A manifest, checked; `None` when it is not there. What is no manifest by its type has nothing below.
    pub(super) fn node(
        &self,
        repo: &Repo,
        digest: &Digest,
        media_type: &MediaType,
    ) -> Result<Option<Arc<Node>>> {
        if let Some(node) = lock(&self.graph.nodes).get(digest) {
            // It may have been read in another repository.
            return Ok(self.stat_blob(repo, digest)?.map(|_| Arc::clone(node)));
        }
        if !media_type.is_manifest() {
            return Ok(Some(Arc::default()));
        }
        let Some(manifest) = self.manifest(repo, digest, media_type)? else {
            return Ok(None);
        };
        let node = Arc::new(Node::of(&manifest));
        let mut cache = lock(&self.graph.nodes);
        if cache.len() >= REMEMBERED {
            cache.clear();
        }
        cache.insert(digest.clone(), Arc::clone(&node));
        Ok(Some(node))
    }

    /// The manifest that a tag or digest stands for; `None` when there is none.
    pub(super) fn read_manifest(&self, repo: &Repo, at: &TagOrDigest) -> Result<Option<Manifest>> {
        let found = match at {
            TagOrDigest::Tag(tag) => self.resolve(repo, tag)?,
            TagOrDigest::Digest(digest) => self.stat_manifest(repo, digest)?,
        };
        self.read_found(repo, found)
    }

    /// The manifests that tags or digests stand for, all tags as they are at one moment.
    pub(super) fn read_manifests(
        &self,
        repo: &Repo,
        at: &[TagOrDigest],
    ) -> Result<Vec<Result<Option<Manifest>>>> {
        let index = self.load(repo)?;
        let read = |at: &TagOrDigest| {
            let found = match (at, &index) {
                (TagOrDigest::Tag(tag), Some(index)) => resolve(repo, index, tag)?,
                (TagOrDigest::Tag(_), None) => None,
                (TagOrDigest::Digest(digest), _) => self.stat_manifest(repo, digest)?,
            };
            self.read_found(repo, found)
        };
        Ok(at.iter().map(read).collect())
    }

    /// Reads a manifest whose entry or marker was found: that tells everything, and whether the file agrees, reading
    /// it shows.
    fn read_found(&self, repo: &Repo, found: Option<Stat>) -> Result<Option<Manifest>> {
        let Some(stat) = found else {
            return Ok(None);
        };
        let (place, digest) = (&repo.place, &stat.digest);
        if stat.size > MANIFEST_LIMIT {
            return Err(StoreError::Manifest {
                place: place.clone(),
                digest: digest.clone(),
                source: ManifestError::TooLarge { size: stat.size },
            });
        }
        let path = repo.blob(digest)?;
        let bytes = self.files.read(&path, MANIFEST_LIMIT);
        let bytes = bytes.map_err(|error| damage_of(&path, MANIFEST_LIMIT, error))?;
        let (expected, got) = (stat.size, bytes.len() as u64);
        if got != expected {
            return Err(StoreError::damaged(path, Damage::Size { expected, got }));
        }
        verified_manifest(place, bytes.into(), digest, stat.media_type.as_ref()).map(Some)
    }

    /// Reads a manifest; `None` when it is not there.
    pub(super) fn manifest(
        &self,
        repo: &Repo,
        digest: &Digest,
        media_type: &MediaType,
    ) -> Result<Option<Manifest>> {
        let Some(bytes) = self.manifest_bytes(repo, digest)? else {
            return Ok(None);
        };
        match Manifest::read(bytes.into(), Some(media_type), digest.algorithm()) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) => Err(StoreError::damaged(repo.blob(digest)?, error)),
        }
    }

    /// Visits `root` and every manifest below it that is there, parents first, until told to stop.
    pub(super) fn below<T>(
        &self,
        repo: &Repo,
        root: &Descriptor,
        mut visit: impl FnMut(&Descriptor, &Node) -> ControlFlow<T>,
    ) -> Result<Option<T>> {
        let mut seen = HashSet::new();
        let mut left = vec![(root.clone(), 0)];
        while let Some((descriptor, depth)) = left.pop() {
            if depth > DEPTH || !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            let node = self.node(repo, &descriptor.digest, &descriptor.media_type)?;
            let Some(node) = node else { continue };
            if let ControlFlow::Break(found) = visit(&descriptor, &node) {
                return Ok(Some(found));
            }
            let below = node.children.iter().rev();
            left.extend(below.map(|child| (child.clone(), depth + 1)));
        }
        Ok(None)
    }

    /// What is known about a manifest; `None` when it is not there or is only a blob.
    pub(super) fn stat_manifest(&self, repo: &Repo, digest: &Digest) -> Result<Option<Stat>> {
        let blob = self.stat_blob(repo, digest)?;
        let index = self.load(repo)?;
        let root = index.as_ref().and_then(|index| index.root(digest));
        let stat = match (root, blob) {
            (None, None) => return Ok(None),
            (Some(_), None) => {
                return Err(StoreError::damaged(repo.blob(digest)?, Damage::Missing));
            }
            (Some(root), Some(stat)) => {
                let (expected, got) = (root.descriptor.size, stat.size);
                if expected != got {
                    let damage = Damage::Size { expected, got };
                    return Err(StoreError::damaged(repo.blob(digest)?, damage));
                }
                return Ok(Some(Stat {
                    media_type: Some(root.descriptor.media_type.clone()),
                    ..stat
                }));
            }
            (None, Some(stat)) => stat,
        };
        let media_type = match self.marked(repo, digest)? {
            Some((_, media_type)) => Some(media_type),
            // Written by another tool: does one of the indexes list it?
            None => self.listed(repo, digest)?,
        };
        Ok(media_type.map(|media_type| Stat {
            media_type: Some(media_type),
            ..stat
        }))
    }

    /// The media type under which an index lists a manifest.
    fn listed(&self, repo: &Repo, digest: &Digest) -> Result<Option<MediaType>> {
        let Some(index) = self.load(repo)? else {
            return Ok(None);
        };
        if let Some(listed) = repo.listed(&index) {
            return Ok(listed.get(digest).cloned());
        }
        let mut listed = HashMap::new();
        let mut left: Vec<_> = index
            .roots()
            .map(|root| (root.descriptor.clone(), 0))
            .collect();
        // Only indexes list manifests, so nothing else is read.
        left.retain(|(root, _)| root.media_type.is_index());
        while let Some((parent, depth)) = left.pop() {
            let node = self.node(repo, &parent.digest, &parent.media_type)?;
            for child in node.iter().flat_map(|node| &node.children) {
                let media_type = child.media_type.clone();
                let new = listed.insert(child.digest.clone(), media_type).is_none();
                if new && depth < DEPTH && child.media_type.is_index() {
                    left.push((child.clone(), depth + 1));
                }
            }
        }
        let found = listed.get(digest).cloned();
        repo.set_listed(&index, listed);
        Ok(found)
    }

    /// Everything that keeps content: the entries of `index.json` and what waits to be listed.
    pub(super) fn keepers(&self, repo: &Repo) -> Result<Vec<Descriptor>> {
        let index = self.load(repo)?;
        let roots = index.iter().flat_map(|index| index.roots());
        let mut keepers: Vec<_> = roots.map(|root| root.descriptor.clone()).collect();
        for digest in self.all_marked(repo, Marker::Pending)? {
            let stat = self.stat_blob(repo, &digest)?;
            if let (Some(stat), Some((_, media_type))) = (stat, self.marked(repo, &digest)?) {
                keepers.push(Descriptor::new(media_type, digest, stat.size));
            }
        }
        Ok(keepers)
    }

    /// The subjects of a manifest and of everything below it, sorted. `batch` holds manifests that belong
    /// with it, whether they are stored yet or not.
    pub(super) fn subjects(
        &self,
        repo: &Repo,
        manifest: &Descriptor,
        batch: &HashMap<Digest, Arc<Node>>,
    ) -> Result<Vec<Digest>> {
        let (subjects, _) = self.subjects_below(repo, manifest, batch)?;
        Ok(subjects)
    }

    /// The subjects of a manifest that somebody else listed, and of everything below it.
    pub(super) fn hint(&self, repo: &Repo, root: &Descriptor) -> Result<Arc<[Digest]>> {
        if let Some(known) = lock(&self.graph.subjects).get(&root.digest) {
            return Ok(Arc::clone(known));
        }
        let (subjects, whole) = self.subjects_below(repo, root, &HashMap::new())?;
        let subjects: Arc<[Digest]> = subjects.into();
        // What is not there yet may have subjects when it comes.
        if whole {
            let mut cache = lock(&self.graph.subjects);
            if cache.len() >= REMEMBERED {
                cache.clear();
            }
            cache.insert(root.digest.clone(), Arc::clone(&subjects));
        }
        Ok(subjects)
    }

    /// The subjects, sorted, and whether everything below is there.
    fn subjects_below(
        &self,
        repo: &Repo,
        manifest: &Descriptor,
        batch: &HashMap<Digest, Arc<Node>>,
    ) -> Result<(Vec<Digest>, bool)> {
        let mut subjects = BTreeSet::new();
        let mut whole = true;
        let mut seen = HashSet::new();
        let mut left = vec![(manifest.clone(), 0)];
        while let Some((descriptor, depth)) = left.pop() {
            if depth > DEPTH || !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            let node = match batch.get(&descriptor.digest) {
                Some(node) => Some(Arc::clone(node)),
                None => self.node(repo, &descriptor.digest, &descriptor.media_type)?,
            };
            let Some(node) = node else {
                whole = false;
                continue;
            };
            subjects.extend(node.referrer.iter().map(|(subject, _)| subject.clone()));
            left.extend(node.children.iter().map(|c| (c.clone(), depth + 1)));
        }
        Ok((subjects.into_iter().collect(), whole))
    }
}
