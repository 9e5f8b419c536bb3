//! Reading the whole cache.

use std::io;
use std::path::{Path, PathBuf};

use tofu_oci_types::oci::Digest;

use super::meta::Meta;
use super::{PackageCache, PackageName, Tree};

/// What a package in the cache was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEntry {
    /// The digest of its zip.
    pub digest: Digest,
    /// What it says it is.
    pub package: Option<PackageName>,
    /// What came out.
    pub verdict: Verdict,
}

/// What reading a package gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It has the hash that we computed when it was unpacked or used.
    Sound,
    /// It has the hash that it says it has. Nobody computed that here; a lock file will tell.
    Unproven,
    /// It is not what it was.
    Damaged {
        /// Why.
        reason: String,
        /// What became of it.
        aside: PutAside,
    },
    /// Somebody else works on it.
    Busy,
}

/// Whether a damaged package is out of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutAside {
    /// It is in the quarantine now.
    To(PathBuf),
    /// It is where it was: the cache cannot be written to. Installs do not use it either way.
    Not {
        /// What failed.
        reason: String,
    },
}

/// What comes out of reading a tree.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Sound,
    Unproven,
    /// With the reason.
    Damaged(String),
}

impl PackageCache {
    /// Reads every package and puts those aside that are not what they were, where the cache can be written to. One
    /// that can only be read is verified all the same.
    ///
    /// # Errors
    ///
    /// Where the cache cannot be read; of the kind `NotADirectory` where something else is in its place.
    pub fn verify(&self) -> io::Result<Vec<VerifiedEntry>> {
        let mut verified = Vec::new();
        for digest in self.digests()? {
            let Some(entry) = self.entry(&digest) else {
                continue;
            };
            let lock = match self.try_lock(&digest) {
                Err(error) if !is_unwritable(&error) => return Err(error),
                lock => lock,
            };
            // Somebody else removed it, or put it aside, since it was listed.
            if self.files.metadata(&entry)?.is_none() {
                continue;
            }
            let meta = Meta::read(&self.files, &entry);
            let judgement = match &lock {
                Ok(None) => None,
                Ok(Some(_)) => Some(self.judge(&digest, &entry, meta.as_ref())?),
                Err(_) => self.judge_unlocked(&digest, &entry, meta.as_ref())?,
            };
            let verdict = match (judgement, lock) {
                (None, _) => Verdict::Busy,
                (Some(Judgement::Sound), _) => Verdict::Sound,
                (Some(Judgement::Unproven), _) => Verdict::Unproven,
                (Some(Judgement::Damaged(reason)), lock) => {
                    let moved = lock.and_then(|_lock| self.quarantine_locked(&digest, &reason));
                    let aside = match moved {
                        Ok(path) => PutAside::To(path),
                        Err(error) => PutAside::Not {
                            reason: error.to_string(),
                        },
                    };
                    Verdict::Damaged { reason, aside }
                }
            };
            verified.push(VerifiedEntry {
                digest,
                package: meta.and_then(|meta| meta.name()),
                verdict,
            });
        }
        Ok(verified)
    }

    /// As [`judge`](Self::judge), without keeping others from replacing the package meanwhile; `None` where they may
    /// have.
    fn judge_unlocked(
        &self,
        digest: &Digest,
        entry: &Path,
        meta: Option<&Meta>,
    ) -> io::Result<Option<Judgement>> {
        let judgement = self.judge(digest, entry, meta)?;
        let stays = match judgement {
            Judgement::Damaged(_) => self.judge(digest, entry, meta)? == judgement,
            Judgement::Sound | Judgement::Unproven => true,
        };
        Ok(stays.then_some(judgement))
    }

    /// Reads the package `digest` in the directory `entry`.
    fn judge(&self, digest: &Digest, entry: &Path, meta: Option<&Meta>) -> io::Result<Judgement> {
        let hashed = Tree::look(&self.files, &entry.join("tree"));
        let h1 = match hashed.and_then(|tree| tree.hash(&self.files)) {
            Ok(h1) => h1,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::InvalidData
                ) =>
            {
                return Ok(Judgement::Damaged(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        let was = self.stamp(digest).and_then(|stamp| stamp.h1());
        Ok(match (was, meta) {
            (Some(was), _) if was == h1 => Judgement::Sound,
            (Some(was), _) => damaged(h1.as_str(), was.as_str()),
            (None, Some(meta)) if meta.h1 != h1.as_str() => damaged(h1.as_str(), &meta.h1),
            (None, Some(_)) => Judgement::Unproven,
            (None, None) => Judgement::Damaged("nothing says what it is".to_owned()),
        })
    }
}

fn damaged(is: &str, was: &str) -> Judgement {
    Judgement::Damaged(format!("its tree has the hash {is}, not {was}"))
}

/// Whether the error says that nothing can be written, which keeps nobody from reading.
fn is_unwritable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
    )
}
