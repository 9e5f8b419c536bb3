//! Sweeping what nothing reaches any more.
//!
//! One repository at a time, under its lock: mark what the entries of `index.json` and the pending manifests
//! reach, then remove the files that are not marked and have not changed for a while. Whoever puts a blob, or is
//! told that it is there, makes it young again, and a manifest's children are looked up again under the same
//! lock, so servers and publishers may go on beside it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tofu_oci_types::oci::{Descriptor, Digest, RepositoryName};

use super::index_file::IndexFile;
use super::loaded::Repo;
use super::markers::Marker;
use super::paths::{BLOBS, placeholder};
use super::{LayoutStorage, Shape, Shared};
use crate::blocking::blocking;
use crate::error::{Damage, Result, StoreError};
use crate::files::{Entry, EntryKind, FileLock, is_absent, is_temporary};
use crate::place::Place;

/// Whether files are removed, or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sweep {
    /// They are removed.
    #[default]
    Remove,
    /// They are counted, and nothing is written.
    Count,
}

/// What is swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcOptions {
    /// The time from which ages are reckoned. What is younger stays.
    pub now: SystemTime,
    /// How long a file must not have changed. It protects what is being published.
    pub grace: Duration,
    /// How old manifests without a tag must be to go, and referrers whose subject is not there; `None` keeps
    /// them. What is younger than `grace` stays in any case.
    pub untagged: Option<Duration>,
    /// Whether anything is removed.
    pub sweep: Sweep,
}

impl GcOptions {
    /// A grace of 24 hours; manifests without a tag stay.
    pub fn at(now: SystemTime) -> Self {
        Self {
            now,
            grace: Duration::from_secs(24 * 3600),
            untagged: None,
            sweep: Sweep::Remove,
        }
    }
}

/// Files that were removed or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// How many.
    pub files: u64,
    /// Their length together, in bytes. One that has a second name elsewhere is counted all the same.
    pub bytes: u64,
}

impl Swept {
    pub(super) fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// What a sweep found in one repository.
#[derive(Debug)]
pub struct GcRepository {
    /// The repository.
    pub place: Place,
    /// Blobs and manifests that nothing reaches.
    pub content: Swept,
    /// What writers left that were stopped: temporary files, markers without a manifest.
    pub leftovers: Swept,
    /// How many manifests without a tag leave `index.json`.
    pub untagged: u64,
    /// What nothing reaches and is too young to go.
    pub young: Swept,
    /// Why nothing but leftovers was swept here.
    pub problem: Option<StoreError>,
}

/// What a sweep found.
#[derive(Debug)]
pub struct GcReport {
    /// The repositories, sorted by name, also those that had nothing to sweep.
    pub repositories: Vec<GcRepository>,
    /// Uploads that nobody goes on with.
    pub uploads: Swept,
}

/// Sweeps one repository, or all of them and the uploads.
///
/// A repository with a manifest that is damaged or missing keeps all its content: nobody knows what the
/// manifest listed. Dropping the future stops after the repository that is being swept.
///
/// # Errors
/// Those of the file system that concern the whole directory. What concerns a repository is part of the report.
pub async fn gc(
    storage: &LayoutStorage,
    repository: Option<&RepositoryName>,
    options: &GcOptions,
) -> Result<GcReport> {
    let names = match repository {
        Some(name) => vec![name.clone()],
        None => {
            let shared = Arc::clone(&storage.shared);
            blocking(move || shared.sweepable()).await?
        }
    };
    let mut repositories = Vec::with_capacity(names.len());
    for name in names {
        let repo = storage.shared.repo(&name)?;
        // Writers of this process wait here and not on threads.
        let _turn = repo.turn.lock().await;
        let (shared, there, options) = (
            Arc::clone(&storage.shared),
            Arc::clone(&repo),
            options.clone(),
        );
        let swept = blocking(move || Ok(Sweeper::new(&shared, &there, &options).run()));
        repositories.push(swept.await?);
    }
    let mut uploads = Swept::default();
    if repository.is_none() {
        let (shared, options) = (Arc::clone(&storage.shared), options.clone());
        uploads = blocking(move || shared.sweep_uploads(&options)).await?;
    }
    Ok(GcReport {
        repositories,
        uploads,
    })
}

impl Shared {
    /// The names of everything that has content or markers, sorted.
    fn sweepable(&self) -> Result<Vec<RepositoryName>> {
        match self.shape {
            Shape::Single => Ok(vec![placeholder()?]),
            Shape::Directory => self.traces(),
        }
    }
}

impl GcOptions {
    /// Whether something of this age may go. What was changed after `now` is younger than anything.
    pub(super) fn is_old(&self, modified: SystemTime, age: Duration) -> bool {
        let age = age.max(self.grace);
        modified.checked_add(age).is_some_and(|end| end <= self.now)
    }
}

struct Sweeper<'a> {
    shared: &'a Shared,
    repo: &'a Repo,
    options: &'a GcOptions,
    found: GcRepository,
}

impl<'a> Sweeper<'a> {
    fn new(shared: &'a Shared, repo: &'a Repo, options: &'a GcOptions) -> Self {
        Self {
            shared,
            repo,
            options,
            found: GcRepository {
                place: repo.place.clone(),
                content: Swept::default(),
                leftovers: Swept::default(),
                untagged: 0,
                young: Swept::default(),
                problem: None,
            },
        }
    }

    fn run(mut self) -> GcRepository {
        if let Err(error) = self.sweep() {
            self.found.problem.get_or_insert(error);
        }
        self.found
    }

    fn removes(&self) -> bool {
        self.options.sweep == Sweep::Remove
    }

    fn sweep(&mut self) -> Result<()> {
        let _lock = self.lock()?;
        if self.shared.is_lost(self.repo)? {
            return Err(StoreError::damaged(&self.repo.index, Damage::Missing));
        }
        match self.mark() {
            Ok(marked) => self.sweep_blobs(Some(&marked))?,
            Err(error) => {
                self.found.problem = Some(error);
                self.sweep_blobs(None)?;
            }
        }
        let dir = self.repo.dir.clone();
        for entry in list(self.shared, &dir)? {
            if is_temporary(Path::new(&entry.name)) {
                self.leftover(&dir.join(&entry.name), entry.kind)?;
            }
        }
        self.sweep_markers()
    }

    /// Nothing is written for a count, so it is made of whatever is there at the moment.
    fn lock(&self) -> Result<Option<FileLock>> {
        let there = self.shared.files.metadata(&self.repo.dir)?.is_some();
        match self.removes() && there {
            true => Ok(Some(self.shared.files.lock(&self.repo.lock)?)),
            false => Ok(None),
        }
    }

    /// Everything that stays; what does not has left `index.json`.
    fn mark(&mut self) -> Result<HashSet<Digest>> {
        let index = match self.shared.load(self.repo)? {
            Some(index) => index,
            None => Arc::new(IndexFile::empty()?),
        };
        let mut marked = HashSet::new();
        let mut old = Vec::new();
        for keeper in self.shared.keepers(self.repo)? {
            if index.is_named(&keeper.digest) || !self.may_go(&keeper)? {
                self.mark_below(&keeper, &mut marked)?;
            } else {
                old.push(keeper);
            }
        }
        // Whatever refers to something that stays, stays, and so does what refers to that.
        loop {
            let mut stays = Vec::new();
            let mut left = Vec::new();
            for root in old {
                match marked.contains(&root.digest) || self.refers(&root, &marked)? {
                    true => stays.push(root),
                    false => left.push(root),
                }
            }
            old = left;
            if stays.is_empty() {
                break;
            }
            for root in stays {
                self.mark_below(&root, &mut marked)?;
            }
        }
        self.drop_roots(&index, &old)?;
        Ok(marked)
    }

    fn refers(&self, root: &Descriptor, marked: &HashSet<Digest>) -> Result<bool> {
        let subjects = self.shared.hint(self.repo, root)?;
        Ok(subjects.iter().any(|subject| marked.contains(subject)))
    }

    /// Whether a manifest without a tag is old enough.
    fn may_go(&self, root: &Descriptor) -> Result<bool> {
        let Some(age) = self.options.untagged else {
            return Ok(false);
        };
        let path = self.repo.blob(&root.digest)?;
        match self.shared.files.metadata(&path)? {
            Some(metadata) => Ok(self.options.is_old(metadata.modified()?, age)),
            None => Ok(true),
        }
    }

    /// Marks a manifest and everything that it lists. Digests make no cycles, so it ends.
    fn mark_below(&self, root: &Descriptor, marked: &mut HashSet<Digest>) -> Result<()> {
        let mut left = vec![root.clone()];
        while let Some(manifest) = left.pop() {
            if !marked.insert(manifest.digest.clone()) || !manifest.media_type.is_manifest() {
                continue;
            }
            let (digest, media_type) = (&manifest.digest, &manifest.media_type);
            let Some(node) = self.shared.node(self.repo, digest, media_type)? else {
                let path = self.repo.blob(digest)?;
                return Err(StoreError::damaged(path, Damage::Missing));
            };
            marked.extend(node.blobs.iter().cloned());
            left.extend(node.children.iter().cloned());
        }
        Ok(())
    }

    /// Takes old manifests out of `index.json`, before their files go.
    fn drop_roots(&mut self, index: &IndexFile, old: &[Descriptor]) -> Result<()> {
        self.found.untagged = old.len() as u64;
        if !self.removes() || old.is_empty() {
            return Ok(());
        }
        let mut edit = index.edit();
        for root in old {
            edit.remove(&root.digest);
        }
        if edit.is_changed() {
            self.shared.write_index(self.repo, edit)?;
        }
        for root in old {
            self.shared.unmark(self.repo, &root.digest)?;
        }
        Ok(())
    }

    /// Goes through the files of all blobs. Without marks only leftovers go.
    fn sweep_blobs(&mut self, marked: Option<&HashSet<Digest>>) -> Result<()> {
        let blobs = self.repo.dir.join(BLOBS);
        for algorithm in list(self.shared, &blobs)? {
            if algorithm.kind != EntryKind::Directory {
                continue;
            }
            let dir = blobs.join(&algorithm.name);
            for entry in list(self.shared, &dir)? {
                let (path, name) = (dir.join(&entry.name), entry.name.to_string_lossy());
                if is_temporary(&path) {
                    self.leftover(&path, entry.kind)?;
                    continue;
                }
                let digest = format!("{}:{name}", algorithm.name.to_string_lossy());
                // What other tools put there is theirs.
                let digest = digest.parse::<Digest>().ok();
                let digest =
                    digest.filter(|d| d.hasher().is_some() && entry.kind == EntryKind::File);
                if let (Some(digest), Some(marked)) = (digest, marked)
                    && !marked.contains(&digest)
                {
                    self.unreached(&path, &digest)?;
                }
            }
        }
        Ok(())
    }

    fn unreached(&mut self, path: &Path, digest: &Digest) -> Result<()> {
        let Some(metadata) = self.shared.files.metadata(path)? else {
            return Ok(());
        };
        if !self.options.is_old(metadata.modified()?, Duration::ZERO) {
            self.found.young.add(metadata.len());
            return Ok(());
        }
        self.found.content.add(metadata.len());
        if self.removes() {
            self.shared.unmark(self.repo, digest)?;
            self.shared.remove_blob(self.repo, digest)?;
        }
        Ok(())
    }

    /// A file, or what once stood in the place of one, that a writer left.
    fn leftover(&mut self, path: &Path, kind: EntryKind) -> Result<()> {
        let Some(metadata) = self.shared.files.metadata(path)? else {
            return Ok(());
        };
        if !self.options.is_old(metadata.modified()?, Duration::ZERO) {
            return Ok(());
        }
        self.found.leftovers.add(metadata.len());
        if !self.removes() {
            return Ok(());
        }
        let removed = match kind {
            EntryKind::Directory => self.shared.files.remove_tree(path),
            EntryKind::File | EntryKind::Other => self.shared.files.remove_file(path),
        };
        match removed {
            Err(error) if !is_absent(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Removes markers whose manifest is gone, and what was left while one was written.
    fn sweep_markers(&mut self) -> Result<()> {
        for marker in [Marker::Adopted, Marker::Pending] {
            for digest in self.shared.all_marked(self.repo, marker)? {
                if self.shared.stat_blob(self.repo, &digest)?.is_none() {
                    self.leftover(&marker.path(self.repo, &digest), EntryKind::File)?;
                }
            }
            let dir = self.repo.markers.join(marker.dir());
            for algorithm in list(self.shared, &dir)? {
                let inner = dir.join(&algorithm.name);
                if algorithm.kind == EntryKind::Directory {
                    for entry in list(self.shared, &inner)? {
                        if is_temporary(Path::new(&entry.name)) {
                            self.leftover(&inner.join(&entry.name), entry.kind)?;
                        }
                    }
                } else if is_temporary(&inner) {
                    self.leftover(&inner, algorithm.kind)?;
                }
            }
        }
        Ok(())
    }
}

fn list(shared: &Shared, dir: &Path) -> Result<Vec<Entry>> {
    match shared.files.read_dir(dir) {
        Ok(entries) => Ok(entries),
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
