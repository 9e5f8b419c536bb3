//! Writing a release back as the files that it was published from.
//!
//! What will be written is known, checked and compared with the directory before the first file is
//! written. Each file is written beside its place and moved there when its digest agreed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _};
use tofu_oci_store::files::{AtomicFile, FileMode, Files};
use tofu_oci_trust::policy::Verdict;
use tofu_oci_types::artifact::AttachmentKind;
use tofu_oci_types::oci::{Address, Descriptor, Digest, Tag};
use tofu_oci_types::tofu::Platform;

use super::pull_plan::{Plan, Planned};
use super::{Inspector, Opened, PullError};
use crate::verify::Judge;
use crate::{Outcome, Warning, Work};

/// How much of a file is read at a time, in bytes.
const CHUNK: usize = 256 * 1024;

/// What happens to a file that is there already and is another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExistingFile {
    /// It stays, and nothing is pulled.
    #[default]
    Keep,
    /// It is replaced.
    Replace,
}

/// How a release is pulled.
#[derive(Debug, Clone, Default)]
pub struct PullOptions {
    /// Only these platforms; all that there are when empty. Files of the whole release always come.
    pub platforms: Vec<Platform>,
    /// What happens to files that are there.
    pub existing: ExistingFile,
    /// How many files are fetched at once; `None` is 4.
    pub jobs: Option<NonZeroUsize>,
    /// Who is believed, and what is asked for.
    pub judge: Judge,
}

/// What was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullReport {
    /// Where it came from, with its digest.
    pub address: Address,
    /// The tag that was named, or chosen.
    pub tag: Option<Tag>,
    /// The files, by name.
    pub files: Vec<PulledFile>,
    /// What is proven about the packages, by platform.
    pub proofs: Vec<PulledProof>,
}

/// What is proven about a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledProof {
    /// The platform; `None` for a module.
    pub platform: Option<Platform>,
    /// The name that it must have in checksums files.
    pub filename: String,
    /// What is proven.
    pub verdict: Verdict,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledFile {
    /// Its name.
    pub filename: String,
    /// Where it lies now.
    pub path: PathBuf,
    /// What it is.
    pub kind: PulledKind,
    /// The digest of its content.
    pub digest: Digest,
    /// Its length, in bytes.
    pub size: u64,
    /// `Done` where it was written, `Unchanged` where it was there.
    pub outcome: Outcome,
}

/// What a pulled file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PulledKind {
    /// A provider's package.
    Package(Platform),
    /// A module's package.
    Module,
    /// A file of an attachment.
    Attachment(AttachmentKind),
}

impl Inspector {
    /// Writes what `address` names into the directory `into`. Without tag and digest, the newest
    /// version.
    ///
    /// # Errors
    ///
    /// [`PullError`]. Before the first file is written for everything that the repository or the
    /// directory can be blamed for; only lost or damaged content shows later.
    pub async fn pull(
        &self,
        address: &Address,
        into: &Path,
        options: &PullOptions,
    ) -> Result<PullReport, PullError> {
        let (opened, resolved) = self.resolved(address).await?;
        let packages = opened.packages(&resolved, &options.platforms).await?;
        let mut plan = Plan {
            opened: &opened,
            resolved: &resolved,
            files: BTreeMap::new(),
            documents: Vec::new(),
        };
        plan.read_evidence(&packages, &self.progress).await?;
        let judge = options.judge.clone().refusing_bad_signatures();
        let lists = judge.check(&plan.documents);
        let proofs = plan.judge(&packages, &judge, &lists)?;
        plan.add_all(&packages)?;
        plan.check_names()?;
        plan.check_shasums(&lists)?;
        self.warn_of_proofs(&resolved.address, &proofs);
        let there = self.compare(&plan, into, options).await?;
        let files = self.write(&plan, into, &there, options).await?;
        Ok(PullReport {
            address: resolved.address.clone(),
            tag: resolved.tag.clone(),
            files,
            proofs,
        })
    }

    /// Tells once what several packages have in common.
    fn warn_of_proofs(&self, address: &Address, proofs: &[PulledProof]) {
        let warnings = proofs.iter().flat_map(|proof| &proof.verdict.warnings);
        let problems: BTreeSet<String> = warnings.map(ToString::to_string).collect();
        for problem in problems {
            self.progress.warn(Warning::Proof {
                subject: address.to_string(),
                problem,
            });
        }
    }

    /// Which of the files are there already. One that is another stops everything.
    async fn compare(
        &self,
        plan: &Plan<'_>,
        into: &Path,
        options: &PullOptions,
    ) -> Result<BTreeMap<String, bool>, PullError> {
        let (mut there, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, planned) in &plan.files {
            let (files, path) = (self.files.clone(), into.join(name));
            let (layer, failing) = (planned.layer.clone(), path.clone());
            let compare = move || is_there(&files, &path, &layer);
            let result = match tokio::task::spawn_blocking(compare).await {
                Ok(result) => result,
                Err(error) => Err(write_error(&failing, error.into())),
            };
            match result {
                Ok(Some(false)) if options.existing == ExistingFile::Keep => {
                    errors.push(PullError::Exists { path: failing });
                }
                Ok(same) => {
                    there.insert(name.clone(), same == Some(true));
                }
                Err(error) => errors.push(error),
            }
        }
        PullError::all(errors)?;
        Ok(there)
    }

    async fn write(
        &self,
        plan: &Plan<'_>,
        into: &Path,
        there: &BTreeMap<String, bool>,
        options: &PullOptions,
    ) -> Result<Vec<PulledFile>, PullError> {
        let (files, dir) = (self.files.clone(), into.to_owned());
        on_thread(into, move || files.create_dirs(&dir)).await?;
        let jobs = options.jobs.map_or(4, NonZeroUsize::get);
        futures_util::stream::iter(&plan.files)
            .map(|(name, planned)| async move {
                let path = into.join(name);
                let outcome = match there.get(name) {
                    Some(true) => Outcome::Unchanged,
                    _ => self.write_file(plan.opened, planned, &path).await?,
                };
                Ok(PulledFile {
                    filename: name.clone(),
                    path,
                    kind: planned.kind.clone(),
                    digest: planned.layer.digest.clone(),
                    size: planned.layer.size,
                    outcome,
                })
            })
            .buffered(jobs)
            .try_collect()
            .await
    }

    async fn write_file(
        &self,
        opened: &Opened,
        planned: &Planned,
        path: &Path,
    ) -> Result<Outcome, PullError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let work = Work::Pull {
            filename: name.into_owned(),
        };
        let task = self.progress.begin(work, Some(planned.layer.size));
        let failed = |source| opened.failed(&planned.layer.digest, source);
        let mut content = opened
            .repository
            .blob(&planned.layer)
            .await
            .map_err(failed)?;
        let (files, place) = (self.files.clone(), path.to_owned());
        let create = move || AtomicFile::create_tidy(&files, &place, FileMode::Plain);
        let mut file = on_thread(path, create).await?;
        while let Some(chunk) = content.next().await.map_err(failed)? {
            let bytes = chunk.len() as u64;
            file = on_thread(path, move || {
                io::Write::write_all(&mut file, &chunk)?;
                Ok(file)
            })
            .await?;
            task.advance(bytes);
        }
        on_thread(path, move || file.commit()).await?;
        task.end(Outcome::Done);
        Ok(Outcome::Done)
    }
}

/// Whether the file at `path` is the content of `layer`; `None` where there is none. Blocks.
fn is_there(files: &Files, path: &Path, layer: &Descriptor) -> Result<Option<bool>, PullError> {
    let failed = |source| write_error(path, source);
    let Some(metadata) = files.metadata(path).map_err(failed)? else {
        return Ok(None);
    };
    if !metadata.is_file() {
        return Err(PullError::NotAFile {
            path: path.to_owned(),
        });
    }
    let Some(mut hasher) = layer
        .digest
        .hasher()
        .filter(|_| metadata.len() == layer.size)
    else {
        return Ok(Some(false));
    };
    let mut file = files.open(path).map_err(failed)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        match io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return Ok(Some(hasher.finish() == layer.digest)),
            Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

fn write_error(path: &Path, source: io::Error) -> PullError {
    PullError::Write {
        path: path.to_owned(),
        source,
    }
}

/// Runs file work where it may block.
async fn on_thread<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PullError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|source| write_error(path, source)),
        Err(error) => Err(write_error(path, error.into())),
    }
}
