//! A directory of OCI image layouts, and a directory that is itself one.
//!
//! ```text
//! PATH/acme/demo/oci-layout                     {"imageLayoutVersion":"1.0.0"}
//! PATH/acme/demo/index.json                     tags, referrers, untagged roots: the truth
//! PATH/acme/demo/.index.json.lock               held by writers
//! PATH/acme/demo/blobs/sha256/HEX               content, manifests included
//! PATH/.tofu-oci/uploads/ID                     content that is not complete
//! PATH/.tofu-oci/manifests/acme/demo/_adopted/sha256/HEX   media type of a manifest that an index lists
//! PATH/.tofu-oci/manifests/acme/demo/_adopted/root         digest of an entry that `index.json` has or had
//! PATH/.tofu-oci/manifests/acme/demo/_pending/sha256/HEX   media type of one that nothing lists yet
//! ```
//!
//! `PATH/acme/demo/` is a valid layout for every other tool, at any moment: a blob gets its name when it is
//! complete and its digest agreed, and `index.json` is replaced whole. A manifest is what `index.json` reaches or
//! what has a marker; the markers are a short cut for what we wrote, and nothing but time is lost without them,
//! except for untagged manifests that nothing lists yet.
//!
//! Writers of one repository wait for each other at the lock; readers take none. Image spec v1.1.1,
//! `image-layout.md`.

mod blobs;
mod commit;
mod delete;
mod entries;
mod fsck;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gc;
mod graph;
mod index_file;
mod loaded;
mod lookup;
mod markers;
mod paths;
mod referrers;
mod uploads;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tofu_oci_types::oci::{
    Descriptor, Digest, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};

use crate::blocking::{blocking, lock};
use crate::error::{Result, StoreError};
use crate::files::Files;
use crate::place::{Domain, Place};
use crate::reader::PartReader;
use crate::repository::{Put, PutManifest};
use crate::storage::{Keep, Kind, Stat, Storage, Upload, UploadId, User};

pub use fsck::{Finding, Problem, Severity, fsck};
pub use gc::{GcOptions, GcReport, GcRepository, Sweep, Swept, gc};
pub(crate) use paths::{TLS, placeholder};

use graph::GraphCache;
use loaded::Repo;
use uploads::Sessions;

/// Whether a directory is opened for reading only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It must exist, and nothing is written.
    Read,
    /// It is created when it is missing.
    Write,
}

/// How many repositories are remembered; each may hold one file open.
const REMEMBERED: usize = 256;

/// A directory of layouts as a [`Storage`]. A clone shares everything.
#[derive(Clone)]
pub struct LayoutStorage {
    shared: Arc<Shared>,
}

/// What all operations have in common.
struct Shared {
    files: Files,
    root: PathBuf,
    shape: Shape,
    domain: Domain,
    repos: Mutex<HashMap<RepositoryName, Arc<Repo>>>,
    graph: GraphCache,
    sessions: Sessions,
}

/// What the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Layouts lie below it, by name.
    Directory,
    /// It is one layout, whatever name is asked for.
    Single,
}

impl std::fmt::Debug for LayoutStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LayoutStorage")
            .field("root", &self.shared.root)
            .field("shape", &self.shared.shape)
            .finish_non_exhaustive()
    }
}

impl LayoutStorage {
    /// The layouts below `path`. Blocks.
    ///
    /// # Errors
    /// [`StoreError::AbsentRepository`] when it is to be read and is not there;
    /// [`StoreError::NetworkFileSystem`] when it is to be written; those of the file system.
    pub fn directory(path: &Path, files: &Files, access: Access) -> Result<Self> {
        Self::open(path, files, access, Shape::Directory)
    }

    /// The one layout that `path` is. The storage answers to every name. Blocks.
    ///
    /// # Errors
    /// As [`directory`](Self::directory).
    pub fn single(path: &Path, files: &Files, access: Access) -> Result<Self> {
        Self::open(path, files, access, Shape::Single)
    }

    fn open(path: &Path, files: &Files, access: Access, shape: Shape) -> Result<Self> {
        if access == Access::Write {
            files.create_dirs(path)?;
        }
        let root = match files.canonicalize(path) {
            Ok(root) => root,
            Err(error) if crate::files::is_absent(&error) => {
                return Err(StoreError::AbsentRepository {
                    place: Place {
                        domain: Domain::Directory(path.to_owned()),
                        name: None,
                    },
                });
            }
            Err(error) => return Err(error.into()),
        };
        if access == Access::Write && files.is_remote(&root)? {
            return Err(StoreError::NetworkFileSystem { path: root });
        }
        Ok(Self {
            shared: Arc::new(Shared {
                files: files.clone(),
                domain: Domain::Directory(root.clone()),
                root,
                shape,
                repos: Mutex::default(),
                graph: GraphCache::default(),
                sessions: Sessions::default(),
            }),
        })
    }

    /// Removes uploads that were last written `age` before `now` and that nobody holds, and tells how many.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn expire_uploads(&self, now: SystemTime, age: Duration) -> Result<usize> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.expire_uploads(now, age)).await
    }

    pub(crate) fn check_name(&self, name: &RepositoryName) -> Result<()> {
        self.shared.repo(name).map(drop)
    }

    /// Runs `work` on one repository where it may block.
    async fn on<T, F>(&self, name: &RepositoryName, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &Repo) -> Result<T> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let repo = self.shared.repo(name)?;
        blocking(move || work(&shared, &repo)).await
    }
}

impl Shared {
    /// What is remembered about a repository, which need not exist.
    fn repo(&self, name: &RepositoryName) -> Result<Arc<Repo>> {
        let mut repos = lock(&self.repos);
        if let Some(repo) = repos.get(name) {
            return Ok(Arc::clone(repo));
        }
        let repo = Arc::new(Repo::new(self.paths(name)?));
        if repos.len() >= REMEMBERED {
            // What nobody uses at the moment is loaded again when it is needed.
            repos.retain(|_, repo| Arc::strong_count(repo) > 1);
        }
        repos.insert(name.clone(), Arc::clone(&repo));
        Ok(repo)
    }
}

#[async_trait]
impl Storage for LayoutStorage {
    fn domain(&self) -> &Domain {
        &self.shared.domain
    }

    async fn repositories(
        &self,
        after: Option<&RepositoryName>,
        max: usize,
    ) -> Result<Vec<RepositoryName>> {
        let shared = Arc::clone(&self.shared);
        let after = after.cloned();
        blocking(move || shared.repositories(after.as_ref(), max)).await
    }

    async fn stat(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        kind: Kind,
    ) -> Result<Option<Stat>> {
        let digest = digest.clone();
        self.on(repository, move |shared, repo| match kind {
            Kind::Manifest => shared.stat_manifest(repo, &digest),
            Kind::Blob => shared.stat_blob(repo, &digest),
        })
        .await
    }

    async fn open(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        kind: Kind,
        range: Option<Range<u64>>,
    ) -> Result<PartReader> {
        let digest = digest.clone();
        self.on(repository, move |shared, repo| {
            if kind == Kind::Manifest && shared.stat_manifest(repo, &digest)?.is_none() {
                let place = repo.place.clone();
                return Err(StoreError::AbsentManifest { place, digest });
            }
            shared.open_blob(repo, &digest)?.part(range)
        })
        .await
    }

    async fn manifest(
        &self,
        repository: &RepositoryName,
        at: &TagOrDigest,
    ) -> Result<Option<Manifest>> {
        let at = at.clone();
        self.on(repository, move |shared, repo| {
            shared.read_manifest(repo, &at)
        })
        .await
    }

    async fn manifests(
        &self,
        repository: &RepositoryName,
        at: &[TagOrDigest],
    ) -> Result<Vec<Result<Option<Manifest>>>> {
        let at = at.to_vec();
        self.on(repository, move |shared, repo| {
            shared.read_manifests(repo, &at)
        })
        .await
    }

    async fn start(&self, repository: &RepositoryName, user: &User) -> Result<UploadId> {
        let id = UploadId::new(repository, user);
        self.on(repository, move |shared, _| shared.start_upload(id))
            .await
    }

    async fn resume(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        user: &User,
    ) -> Result<Box<dyn Upload>> {
        let repo = self.shared.repo(repository)?;
        if !id.belongs_to(repository, user) {
            return Err(StoreError::AbsentUpload {
                place: repo.place.clone(),
                id: id.clone(),
            });
        }
        let (shared, id) = (Arc::clone(&self.shared), id.clone());
        let upload = blocking(move || shared.resume_upload(repo, id)).await?;
        Ok(Box::new(upload))
    }

    async fn find(
        &self,
        digest: &Digest,
        readable: &[RepositoryName],
    ) -> Result<Option<RepositoryName>> {
        for name in readable {
            if self.stat(name, digest, Kind::Blob).await?.is_some() {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    async fn link(
        &self,
        from: &RepositoryName,
        to: &RepositoryName,
        digest: &Digest,
    ) -> Result<Put> {
        let source = self.shared.repo(from)?;
        let digest = digest.clone();
        self.on(to, move |shared, repo| shared.link(&source, repo, &digest))
            .await
    }

    async fn commit(&self, repository: &RepositoryName, batch: &[PutManifest]) -> Result<Vec<Put>> {
        let repo = self.shared.repo(repository)?;
        commit::commit(&self.shared, &repo, batch.to_vec()).await
    }

    async fn resolve(&self, repository: &RepositoryName, tag: &Tag) -> Result<Option<Stat>> {
        let tag = tag.clone();
        self.on(repository, move |shared, repo| shared.resolve(repo, &tag))
            .await
    }

    async fn tags(
        &self,
        repository: &RepositoryName,
        after: Option<&Tag>,
        max: usize,
    ) -> Result<Vec<Tag>> {
        let after = after.cloned();
        self.on(repository, move |shared, repo| {
            let index = shared.load(repo)?;
            let index = index.ok_or_else(|| repo.absent())?;
            Ok(index.tags_after(after.as_ref(), max))
        })
        .await
    }

    async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        let (subject, kind) = (subject.clone(), kind.cloned());
        self.on(repository, move |shared, repo| {
            shared.referrers(repo, &subject, kind.as_ref())
        })
        .await
    }

    async fn delete(
        &self,
        repository: &RepositoryName,
        at: &TagOrDigest,
        kind: Kind,
        keep: Keep,
    ) -> Result<()> {
        let at = at.clone();
        let repo = self.shared.repo(repository)?;
        let turn = Arc::clone(&repo);
        let _turn = turn.turn.lock().await;
        self.on(repository, move |shared, repo| match (&at, kind) {
            (TagOrDigest::Tag(tag), _) => shared.delete_tag(repo, tag, keep),
            (TagOrDigest::Digest(digest), Kind::Manifest) => {
                shared.delete_manifest(repo, digest, keep)
            }
            (TagOrDigest::Digest(digest), Kind::Blob) => shared.delete_blob(repo, digest),
        })
        .await
    }
}
