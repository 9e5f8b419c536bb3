//! Uploads: content that has no digest yet, in `.tofu-oci/uploads/ID`.
//!
//! The file is all there is: its length is the offset, its name says whose it is, and whoever writes to it holds
//! its lock. The hasher is remembered between two requests, and made again from the file after a restart.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use tofu_oci_types::oci::{Algorithm, Digest, Hasher};
use tokio::task::JoinHandle;

use super::Shared;
use super::blobs::hash_file;
use super::gc::{GcOptions, Sweep, Swept};
use super::loaded::Repo;
use super::paths::STATE;
use crate::blocking::{BATCH, blocking, lock};
use crate::error::{Result, StoreError};
use crate::files::{FileIdentity, FileMode, FileWriter, is_absent};
use crate::storage::{Stat, Upload, UploadId};

/// How many hashers are remembered.
const REMEMBERED: usize = 1024;

/// Hashers of uploads that nobody holds; each knows how many bytes it took.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<UploadId, Hasher>>);

impl Sessions {
    fn keep(&self, id: &UploadId, hasher: Hasher) {
        let mut sessions = lock(&self.0);
        if sessions.len() >= REMEMBERED {
            // Forgetting costs reading the file again.
            sessions.clear();
        }
        sessions.insert(id.clone(), hasher);
    }
}

impl Shared {
    fn uploads(&self) -> PathBuf {
        self.root.join(STATE).join("uploads")
    }

    pub(super) fn start_upload(&self, id: UploadId) -> Result<UploadId> {
        let path = self.uploads().join(id.as_str());
        let created = match self.files.create_new(&path, FileMode::Plain) {
            Err(error) if is_absent(&error) => {
                self.files.create_dirs(&self.uploads())?;
                self.files.create_new(&path, FileMode::Plain)
            }
            created => created,
        };
        created?;
        self.sessions.keep(&id, Hasher::sha256());
        Ok(id)
    }

    pub(super) fn resume_upload(
        self: Arc<Self>,
        repo: Arc<Repo>,
        id: UploadId,
    ) -> Result<LayoutUpload> {
        let path = self.uploads().join(id.as_str());
        let absent = || StoreError::AbsentUpload {
            place: repo.place.clone(),
            id: id.clone(),
        };
        let mut writer = match self.files.open_for_writing(&path) {
            Ok(writer) => writer,
            Err(error) if is_absent(&error) => return Err(absent()),
            Err(error) => return Err(error.into()),
        };
        if !writer.try_lock()? {
            let place = repo.place.clone();
            return Err(StoreError::Busy { place, id });
        }
        // Between opening and locking it may have become a blob.
        let now = self.files.metadata(&path)?.map(|m| FileIdentity::of(&m));
        if now != Some(FileIdentity::of(&writer.file().metadata()?)) {
            return Err(absent());
        }
        let length = writer.seek_end()?;
        let kept = lock(&self.sessions.0).remove(&id);
        let hasher = match kept.filter(|hasher| hasher.length() == length) {
            Some(hasher) => hasher,
            None => rehash(&writer, length)?,
        };
        Ok(LayoutUpload {
            shared: self,
            repo,
            id,
            offset: length,
            pending: Vec::new(),
            pending_length: 0,
            writing: Arc::new(Mutex::new(Some(Writing {
                writer,
                hasher,
                queue: Vec::new(),
            }))),
            job: None,
        })
    }

    pub(super) fn expire_uploads(&self, now: SystemTime, age: Duration) -> Result<usize> {
        let options = GcOptions {
            grace: age,
            ..GcOptions::at(now)
        };
        let swept = self.sweep_uploads(&options)?;
        Ok(usize::try_from(swept.files).unwrap_or(usize::MAX))
    }

    /// Removes uploads that nobody wrote to for a while and nobody holds.
    pub(super) fn sweep_uploads(&self, options: &GcOptions) -> Result<Swept> {
        let mut swept = Swept::default();
        let entries = match self.files.read_dir(&self.uploads()) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(swept),
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let path = self.uploads().join(&entry.name);
            let Some(metadata) = self.files.metadata(&path)? else {
                continue;
            };
            if !metadata.is_file() || !options.is_old(metadata.modified()?, Duration::ZERO) {
                continue;
            }
            if options.sweep == Sweep::Remove && !self.remove_upload(&path)? {
                continue;
            }
            swept.add(metadata.len());
        }
        Ok(swept)
    }

    /// Removes an upload, unless somebody holds it or it is gone.
    fn remove_upload(&self, path: &Path) -> Result<bool> {
        let writer = match self.files.open_for_writing(path) {
            Ok(writer) => writer,
            Err(error) if is_absent(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if !writer.try_lock()? {
            return Ok(false);
        }
        // Held while the name goes: whoever opened it meanwhile sees that it is gone.
        match self.files.remove_file(path) {
            Err(error) if !is_absent(&error) => Err(error.into()),
            result => Ok(result.is_ok()),
        }
    }
}

fn rehash(writer: &FileWriter, length: u64) -> Result<Hasher> {
    let mut hasher = Hasher::sha256();
    while hasher.length() < length {
        let left = length - hasher.length();
        let batch = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
        let bytes = writer.read_at(hasher.length(), batch)?;
        if bytes.is_empty() {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        hasher.update(&bytes);
    }
    Ok(hasher)
}

/// An upload that is held. Chunks are collected and written in batches on a blocking thread, one batch at a
/// time, while the next is collected.
pub(super) struct LayoutUpload {
    shared: Arc<Shared>,
    repo: Arc<Repo>,
    id: UploadId,
    offset: u64,
    pending: Vec<Bytes>,
    pending_length: usize,
    /// `None` after a failed write, when file and hasher may disagree, and while [`run`](Self::run) has it.
    writing: Arc<Mutex<Option<Writing>>>,
    job: Option<JoinHandle<Result<()>>>,
}

struct Writing {
    writer: FileWriter,
    hasher: Hasher,
    /// What comes next. It lies here and not with the job, so that whoever is first writes it in order.
    queue: Vec<Bytes>,
}

impl Writing {
    fn drain(&mut self) -> Result<()> {
        for bytes in std::mem::take(&mut self.queue) {
            self.writer.write_all(&bytes)?;
            self.hasher.update(&bytes);
        }
        Ok(())
    }
}

/// Runs `work` on the open file; a failure closes it.
fn with<T>(
    writing: &Mutex<Option<Writing>>,
    work: impl FnOnce(&mut Writing) -> Result<T>,
) -> Result<T> {
    let mut slot = lock(writing);
    let result = work(slot.as_mut().ok_or(StoreError::Stopped)?);
    if result.is_err() {
        *slot = None;
    }
    result
}

impl LayoutUpload {
    fn path(&self) -> PathBuf {
        self.shared.uploads().join(self.id.as_str())
    }

    /// Waits for the batch that is being written.
    async fn settle(&mut self) -> Result<()> {
        match self.job.take() {
            None => Ok(()),
            Some(job) => job.await.unwrap_or(Err(StoreError::Stopped)),
        }
    }

    async fn write_pending(&mut self) -> Result<()> {
        self.settle().await?;
        let batch = std::mem::take(&mut self.pending);
        self.pending_length = 0;
        with(&self.writing, |writing| {
            writing.queue = batch;
            Ok(())
        })?;
        let writing = Arc::clone(&self.writing);
        self.job = Some(tokio::task::spawn_blocking(move || {
            with(&writing, Writing::drain)
        }));
        Ok(())
    }

    /// Runs `work`, which may take long, without holding the lock: dropping the upload meanwhile waits for
    /// nothing. No job may be running.
    async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writing) -> Result<T> + Send + 'static,
    {
        let slot = Arc::clone(&self.writing);
        let mut writing = lock(&slot).take().ok_or(StoreError::Stopped)?;
        blocking(move || {
            let result = work(&mut writing);
            if result.is_ok() {
                *lock(&slot) = Some(writing);
            }
            result
        })
        .await
    }
}

#[async_trait]
impl Upload for LayoutUpload {
    fn offset(&self) -> u64 {
        self.offset
    }

    async fn reserve(&mut self, total: u64) -> Result<()> {
        /// What is smaller shows by itself whether it fits.
        const LARGE: u64 = 1024 * 1024;
        let needed = total.saturating_sub(self.offset);
        if needed < LARGE {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let path = shared.uploads();
            let available = shared.files.space(&path)?;
            if available < needed {
                return Err(StoreError::NoSpace {
                    path,
                    needed,
                    available,
                });
            }
            Ok(())
        })
        .await
    }

    async fn truncate(&mut self, to: u64) -> Result<()> {
        if to >= self.offset {
            return Ok(());
        }
        self.flush().await?;
        self.run(move |writing| {
            writing.writer.resize(to)?;
            writing.hasher = rehash(&writing.writer, to)?;
            Ok(())
        })
        .await?;
        self.offset = to;
        Ok(())
    }

    async fn append(&mut self, chunk: Bytes) -> Result<()> {
        self.offset += chunk.len() as u64;
        self.pending_length += chunk.len();
        self.pending.push(chunk);
        if self.pending_length >= BATCH {
            self.write_pending().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            self.write_pending().await?;
        }
        self.settle().await
    }

    async fn finish(mut self: Box<Self>, digest: &Digest) -> Result<Stat> {
        self.settle().await?;
        let batch = std::mem::take(&mut self.pending);
        let (shared, repo) = (Arc::clone(&self.shared), Arc::clone(&self.repo));
        let (path, digest) = (self.path(), digest.clone());
        let stat = self
            .run(move |writing| {
                writing.queue = batch;
                writing.drain()?;
                let got = match digest.algorithm() {
                    Algorithm::Sha256 => writing.hasher.clone().finish(),
                    // The hasher that rolls along is of the usual kind.
                    _ => hash_file(&shared.files, writing.writer.file(), &digest)?,
                };
                if got != digest {
                    // Not a failure of the file: the upload can go on.
                    return Ok(Err(StoreError::DigestMismatch {
                        expected: digest,
                        got,
                    }));
                }
                writing.writer.sync()?;
                shared.place_blob(&repo, &path, &digest)?;
                shared.files.sync_dir(&repo.blobs(&digest)?)?;
                repo.set_synced(&digest);
                Ok(Ok(Stat {
                    size: writing.hasher.length(),
                    digest,
                    media_type: None,
                }))
            })
            .await??;
        // The file has another name now: there is nothing to keep.
        *lock(&self.writing) = None;
        Ok(stat)
    }

    async fn cancel(mut self: Box<Self>) -> Result<()> {
        self.pending.clear();
        // A failed write does not keep the file from being removed.
        let _ = self.settle().await;
        let (shared, path) = (Arc::clone(&self.shared), self.path());
        let writing = Arc::clone(&self.writing);
        blocking(move || {
            *lock(&writing) = None;
            match shared.files.remove_file(&path) {
                Err(error) if !is_absent(&error) => Err(error.into()),
                _ => Ok(()),
            }
        })
        .await
    }
}

impl Drop for LayoutUpload {
    fn drop(&mut self) {
        // A batch that is being written holds the lock for a moment; at most one batch is left.
        let batch = std::mem::take(&mut self.pending);
        let Some(mut writing) = lock(&self.writing).take() else {
            return;
        };
        writing.queue.extend(batch);
        // When this fails the file is shorter than was promised, and resuming tells.
        if writing.drain().is_ok() {
            self.shared.sessions.keep(&self.id, writing.hasher);
        }
    }
}
