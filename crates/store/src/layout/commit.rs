//! Storing manifests: files first, then one rewrite of `index.json` for everybody who waits.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::sync::Arc;

use tofu_oci_types::oci::{Descriptor, Digest, Manifest};
use tokio::sync::oneshot;

use super::Shared;
use super::blobs::holds;
use super::graph::Node;
use super::index_file::{Edit, INDEX_LIMIT, IndexFile, MARK_TEXT};
use super::loaded::Repo;
use super::markers::Marker;
use crate::batch::{Change, decide, required};
use crate::blocking::{blocking, lock};
use crate::error::{Damage, Result, StoreError};
use crate::files::AtomicFile;
use crate::repository::{Put, PutManifest, TagRule};

/// A batch whose manifests are stored and whose tags wait for the next rewrite.
pub(super) struct Waiting {
    items: Vec<Item>,
    answer: oneshot::Sender<Result<Vec<Put>>>,
}

struct Item {
    put: PutManifest,
    stored: Put,
    subjects: Vec<Digest>,
    /// The children that wait to be adopted: those that came before this batch, in a new repository all.
    adopts: Vec<Digest>,
}

impl Item {
    fn manifest(&self) -> &Manifest {
        &self.put.manifest
    }
}

/// Stores a batch. Batches that arrive during a rewrite share the next one.
///
/// A dropped future withdraws the batch unless its rewrite has begun.
pub(super) async fn commit(
    shared: &Arc<Shared>,
    repo: &Arc<Repo>,
    batch: Vec<PutManifest>,
) -> Result<Vec<Put>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let (here, there) = (Arc::clone(shared), Arc::clone(repo));
    let items = blocking(move || here.stage(&there, batch)).await?;
    let (answer, mut result) = oneshot::channel();
    lock(&repo.waiting).push(Waiting { items, answer });
    let turn = repo.turn.lock().await;
    // Whoever had the turn may have taken ours along.
    if let Ok(result) = result.try_recv() {
        return result;
    }
    let (here, there) = (Arc::clone(shared), Arc::clone(repo));
    blocking(move || {
        here.rewrite(&there);
        Ok(())
    })
    .await?;
    drop(turn);
    result.await.unwrap_or(Err(StoreError::Stopped))
}

impl Shared {
    /// Checks a batch and stores its manifests by digest.
    fn stage(&self, repo: &Repo, batch: Vec<PutManifest>) -> Result<Vec<Item>> {
        let loaded = self.load(repo)?;
        // Nothing is adopted before an index lists it: `index.json` may not come to be.
        let fresh = loaded.is_none();
        let index = match loaded {
            Some(index) => index,
            None => {
                self.check_not_lost(repo)?;
                self.demote(repo)?;
                Arc::new(IndexFile::empty()?)
            }
        };
        // A refusal that is certain comes before anything is written.
        for put in &batch {
            for tag in &put.tags {
                let current = current(&index, repo, tag)?;
                self.decide(repo, &index, tag, current.as_ref(), &put.manifest)?;
            }
        }
        let nodes: HashMap<Digest, Arc<Node>> = batch
            .iter()
            .map(|put| {
                (
                    put.manifest.digest().clone(),
                    Arc::new(Node::of(&put.manifest)),
                )
            })
            .collect();
        let listed: HashSet<Digest> = nodes
            .values()
            .flat_map(|node| node.children.iter().map(|child| child.digest.clone()))
            .collect();
        let mut earlier: HashMap<Digest, u64> = HashMap::new();
        let mut items = Vec::with_capacity(batch.len());
        let mut dirs = HashSet::new();
        for put in batch {
            let manifest = &put.manifest;
            self.check_children(repo, manifest, &earlier)?;
            for child in required(manifest).filter(|c| !earlier.contains_key(&c.digest)) {
                self.sync_blob(repo, &child.digest)?;
            }
            let written = self.store(repo, manifest)?;
            dirs.insert(repo.blobs(manifest.digest())?);
            earlier.insert(manifest.digest().clone(), manifest.descriptor().size);
            let marker = match !fresh && listed.contains(manifest.digest()) {
                true => Marker::Adopted,
                false => Marker::Pending,
            };
            let known = self.remember(repo, &index, &put, marker)?;
            let children = manifest.child_manifests().iter();
            let adopts = children.filter(|child| fresh || !nodes.contains_key(&child.digest));
            items.push(Item {
                subjects: self.subjects(repo, manifest.descriptor(), &nodes)?,
                adopts: adopts.map(|child| child.digest.clone()).collect(),
                stored: match written == Put::Present && known {
                    true => Put::Present,
                    false => Put::Uploaded,
                },
                put,
            });
        }
        for dir in dirs {
            self.files.sync_dir(&dir)?;
        }
        for item in &items {
            repo.set_synced(item.manifest().digest());
        }
        Ok(items)
    }

    fn check_children(
        &self,
        repo: &Repo,
        manifest: &Manifest,
        earlier: &HashMap<Digest, u64>,
    ) -> Result<()> {
        for child in required(manifest) {
            let size = match earlier.get(&child.digest) {
                Some(size) => Some(*size),
                None => self.stat_blob(repo, &child.digest)?.map(|stat| stat.size),
            };
            if size != Some(child.size) {
                return Err(StoreError::MissingChild {
                    place: repo.place.clone(),
                    parent: manifest.digest().clone(),
                    child: child.digest.clone(),
                });
            }
        }
        Ok(())
    }

    /// Writes the file of a manifest, when it is not there; its directory is synced by the caller.
    fn store(&self, repo: &Repo, manifest: &Manifest) -> Result<Put> {
        let path = repo.blob(manifest.digest())?;
        let there = match holds(&self.files, &path, manifest.bytes()) {
            Err(StoreError::Damaged { .. }) => {
                self.clear(&path)?;
                false
            }
            there => there?,
        };
        if there {
            self.refresh(&path)?;
            if !repo.is_synced(manifest.digest()) {
                self.files.sync_file(&path)?;
            }
            return Ok(Put::Present);
        }
        let create = || AtomicFile::create(&self.files, &path);
        let mut file = match create() {
            Err(error) if crate::files::is_absent(&error) => {
                self.files.create_dirs(&repo.blobs(manifest.digest())?)?;
                create()?
            }
            result => result?,
        };
        file.write_all(manifest.bytes())?;
        file.move_into_place()?;
        Ok(Put::Uploaded)
    }

    /// Makes sure that the blob counts as a manifest, where no entry of `index.json` will say so. Tells whether
    /// it did before.
    fn remember(
        &self,
        repo: &Repo,
        index: &IndexFile,
        put: &PutManifest,
        marker: Marker,
    ) -> Result<bool> {
        let (digest, media_type) = (put.manifest.digest(), put.manifest.media_type());
        if let Some(root) = index.root(digest) {
            return Ok(root.descriptor.media_type == *media_type);
        }
        let marked = self.marked(repo, digest)?;
        let known = matches!(&marked, Some((_, known)) if known == media_type);
        let entry = !put.tags.is_empty() || put.manifest.subject().is_some();
        let enough = matches!(&marked, Some((old, _)) if *old == marker || *old == Marker::Adopted);
        let settled = known && enough;
        if !entry && !settled {
            self.mark(repo, digest, media_type, marker)?;
        }
        Ok(known)
    }

    fn decide(
        &self,
        repo: &Repo,
        index: &IndexFile,
        tag: &(tofu_oci_types::oci::Tag, TagRule),
        current: Option<&Digest>,
        new: &Manifest,
    ) -> Result<Change> {
        decide(&repo.place, tag, current, new, |digest| {
            let media_type = index.root(digest).map(|root| &root.descriptor.media_type);
            let media_type = media_type.unwrap_or_else(|| new.media_type());
            let manifest = self.manifest(repo, digest, media_type)?;
            let missing = || {
                repo.blob(digest)
                    .map(|path| StoreError::damaged(path, Damage::Missing))
            };
            match manifest {
                Some(manifest) => Ok(manifest),
                None => Err(missing()?),
            }
        })
    }

    /// Takes everybody who waits and rewrites `index.json` once.
    fn rewrite(&self, repo: &Repo) {
        let mut waiting = std::mem::take(&mut *lock(&repo.waiting));
        waiting.retain(|waiting| !waiting.answer.is_closed());
        if waiting.is_empty() {
            return;
        }
        let outcomes = self.rewrite_for(repo, &waiting);
        let mut outcomes = outcomes.unwrap_or_else(|error| {
            // The first is told the error itself, the others its text.
            let text = error.to_string();
            let kind = match &error {
                StoreError::Io(error) => error.kind(),
                _ => std::io::ErrorKind::Other,
            };
            let others = || StoreError::Io(std::io::Error::new(kind, text.clone()));
            let others: Vec<_> = waiting.iter().skip(1).map(|_| Err(others())).collect();
            std::iter::once(Err(error)).chain(others).collect()
        });
        for (waiting, outcome) in waiting.into_iter().zip(outcomes.drain(..)) {
            // Whoever asked may have gone.
            let _ = waiting.answer.send(outcome);
        }
    }

    fn rewrite_for(&self, repo: &Repo, waiting: &[Waiting]) -> Result<Vec<Result<Vec<Put>>>> {
        self.found(repo)?;
        let _lock = self.files.lock(&repo.lock)?;
        let loaded = self.load(repo)?;
        let fresh = loaded.is_none();
        let index = match loaded {
            Some(index) => index,
            None => {
                self.check_not_lost(repo)?;
                Arc::new(IndexFile::empty()?)
            }
        };
        let mut edit = index.edit();
        let mut outcomes: Vec<Result<Vec<Put>>> = Vec::with_capacity(waiting.len());
        for batch in waiting {
            let outcome = self.apply(repo, &index, &mut edit, &batch.items);
            if outcome.is_err() {
                // A refused batch may have changed something: begin again without it.
                edit = index.edit();
                let accepted = waiting.iter().zip(&outcomes).filter(|(_, o)| o.is_ok());
                for (batch, _) in accepted {
                    self.apply(repo, &index, &mut edit, &batch.items)?;
                }
            }
            outcomes.push(outcome);
        }
        let accepted = || waiting.iter().zip(&outcomes).filter(|(_, o)| o.is_ok());
        if edit.is_changed() || (fresh && accepted().next().is_some()) {
            let adopted = accepted().flat_map(|(batch, _)| &batch.items);
            let adopted: Vec<&Digest> = adopted.flat_map(|item| &item.adopts).collect();
            let folded = self.fold(repo, &mut edit, &adopted)?;
            self.write_index(repo, edit)?;
            for digest in folded {
                self.unmark(repo, &digest)?;
            }
        }
        for (batch, _) in accepted() {
            for digest in batch.items.iter().flat_map(|item| &item.adopts) {
                self.adopt(repo, digest)?;
            }
        }
        Ok(outcomes)
    }

    /// Changes the entries as a batch wants it, or says why not.
    fn apply(
        &self,
        repo: &Repo,
        index: &IndexFile,
        edit: &mut Edit,
        items: &[Item],
    ) -> Result<Vec<Put>> {
        let mut puts = Vec::with_capacity(items.len());
        for item in items {
            // Somebody may have swept since they were stored.
            self.check_children(repo, item.manifest(), &HashMap::new())?;
            self.check_stored(repo, index, item)?;
            let mut put = item.stored;
            if item.manifest().subject().is_some() || !item.put.tags.is_empty() {
                let descriptor = described(item.manifest());
                if item.put.tags.is_empty() && !edit.has(&descriptor.digest) {
                    edit.add_root(&descriptor, &item.subjects)?;
                    put = Put::Uploaded;
                }
            }
            puts.push(put);
        }
        for (item, put) in items.iter().zip(&mut puts) {
            let descriptor = described(item.manifest());
            for tag in &item.put.tags {
                current(index, repo, tag)?;
                let ambiguous = index.tag(&tag.0, &repo.index).is_err();
                let current = edit.tagged(&tag.0).filter(|_| !ambiguous).cloned();
                let change = self.decide(repo, index, tag, current.as_ref(), item.manifest())?;
                if change == Change::Tag {
                    edit.set_tag(&tag.0, &descriptor, &item.subjects)?;
                    *put = Put::Uploaded;
                }
            }
        }
        Ok(puts)
    }

    /// Stores a manifest once more that was swept meanwhile: its file may have been an old one.
    fn check_stored(&self, repo: &Repo, index: &IndexFile, item: &Item) -> Result<()> {
        let descriptor = item.manifest().descriptor();
        let stat = self.stat_blob(repo, &descriptor.digest)?;
        if stat.is_some_and(|stat| stat.size == descriptor.size) {
            return Ok(());
        }
        self.store(repo, item.manifest())?;
        self.files.sync_dir(&repo.blobs(&descriptor.digest)?)?;
        self.remember(repo, index, &item.put, Marker::Pending)?;
        Ok(())
    }

    /// Makes roots of what nothing listed for an hour. Tells which.
    fn fold(&self, repo: &Repo, edit: &mut Edit, adopted: &[&Digest]) -> Result<Vec<Digest>> {
        if self.all_marked(repo, Marker::Pending)?.is_empty() {
            return Ok(Vec::new());
        }
        // The file system's clock is the one that the markers were made by.
        self.files.touch(&repo.lock)?;
        let Some(now) = self.files.metadata(&repo.lock)? else {
            return Ok(Vec::new());
        };
        let mut folded = Vec::new();
        for digest in self.abandoned(repo, now.modified()?)? {
            if adopted.contains(&&digest) {
                continue;
            }
            let stat = self.stat_blob(repo, &digest)?;
            if let (Some(stat), Some((_, media_type))) = (stat, self.marked(repo, &digest)?) {
                let root = Descriptor::new(media_type, digest.clone(), stat.size);
                let subjects = self.subjects(repo, &root, &HashMap::new())?;
                edit.add_root(&root, &subjects)?;
            }
            folded.push(digest);
        }
        Ok(folded)
    }

    /// Makes the directory a layout, when there is none.
    fn found(&self, repo: &Repo) -> Result<()> {
        if self.files.metadata(&repo.mark)?.is_some() || self.files.metadata(&repo.index)?.is_some()
        {
            return Ok(());
        }
        self.files.create_dirs(&repo.dir)?;
        AtomicFile::write(&self.files, &repo.mark, MARK_TEXT.as_bytes())?;
        Ok(())
    }

    /// Replaces `index.json`; the caller holds the lock.
    pub(super) fn write_index(&self, repo: &Repo, edit: Edit) -> Result<()> {
        let index = edit.finish();
        let bytes = index.to_bytes();
        if bytes.len() as u64 > INDEX_LIMIT {
            // Nobody could read it again.
            let limit = INDEX_LIMIT;
            return Err(StoreError::damaged(&repo.index, Damage::TooLarge { limit }));
        }
        let mut file = AtomicFile::create(&self.files, &repo.index)?;
        file.write_all(&bytes)?;
        let file = file.commit()?;
        // It is done; what is noted helps only when it is lost.
        let _ = self.note_root(repo, &index);
        repo.set_loaded(file, index)
    }
}

/// What a tag names now. A name with two digests may only be overwritten.
fn current(
    index: &IndexFile,
    repo: &Repo,
    (tag, rule): &(tofu_oci_types::oci::Tag, TagRule),
) -> Result<Option<Digest>> {
    match index.tag(tag, &repo.index) {
        Ok(entry) => Ok(entry.map(|entry| entry.descriptor.digest.clone())),
        Err(_) if *rule == TagRule::Overwrite => Ok(None),
        Err(error) => Err(error),
    }
}

/// How `index.json` describes a manifest.
fn described(manifest: &Manifest) -> Descriptor {
    Descriptor {
        artifact_type: manifest.artifact_type().cloned(),
        ..manifest.descriptor().clone()
    }
}
