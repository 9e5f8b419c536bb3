//! Reading the whole cache.

use std::io;

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
    /// It is not what it was. It is in the quarantine now.
    Damaged {
        /// Why.
        reason: String,
    },
    /// Somebody else works on it.
    Busy,
}

impl PackageCache {
    /// Reads every package and puts those aside that are not what they were.
    ///
    /// # Errors
    ///
    /// Where the cache cannot be read, or a package cannot be put aside.
    pub fn verify(&self) -> io::Result<Vec<VerifiedEntry>> {
        let mut verified = Vec::new();
        for digest in self.digests()? {
            let Some(entry) = self.entry(&digest) else {
                continue;
            };
            let lock = self.try_lock(&digest)?;
            // Somebody else removed it, or put it aside, since it was listed.
            if self.files.metadata(&entry)?.is_none() {
                continue;
            }
            let meta = Meta::read(&self.files, &entry);
            let verdict = match lock {
                None => Verdict::Busy,
                Some(_lock) => {
                    let verdict = self.judge(&digest, meta.as_ref())?;
                    if let Verdict::Damaged { reason } = &verdict {
                        self.quarantine_locked(&digest, reason)?;
                    }
                    verdict
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

    fn judge(&self, digest: &Digest, meta: Option<&Meta>) -> io::Result<Verdict> {
        let Some(entry) = self.entry(digest) else {
            return Ok(Verdict::Unproven);
        };
        let hashed = Tree::look(&self.files, &entry.join("tree"))
            .and_then(|tree| Ok((tree.hash(&self.files)?, tree)));
        let (h1, _) = match hashed {
            Ok(hashed) => hashed,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::InvalidData
                ) =>
            {
                return Ok(Verdict::Damaged {
                    reason: error.to_string(),
                });
            }
            Err(error) => return Err(error),
        };
        let was = self.stamp(digest).and_then(|stamp| stamp.h1());
        Ok(match (was, meta) {
            (Some(was), _) if was == h1 => Verdict::Sound,
            (Some(was), _) => damaged(h1.as_str(), was.as_str()),
            (None, Some(meta)) if meta.h1 != h1.as_str() => damaged(h1.as_str(), &meta.h1),
            (None, Some(_)) => Verdict::Unproven,
            (None, None) => Verdict::Damaged {
                reason: "nothing says what it is".to_owned(),
            },
        })
    }
}

fn damaged(is: &str, was: &str) -> Verdict {
    Verdict::Damaged {
        reason: format!("its tree has the hash {is}, not {was}"),
    }
}
