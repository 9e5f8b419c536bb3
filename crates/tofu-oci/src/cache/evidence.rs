//! The checksums files of releases with their signatures and keys, as they were fetched.
//!
//! Whoever asks for proofs of packages that are there already asks with these. They are checked each time: what is
//! written here by anybody else is at most a proof that is missing.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tofu_oci_store::files::AtomicFile;
use tofu_oci_types::tofu::{ProviderAddr, Version};

use super::PackageCache;
use crate::verify::ListFiles;

/// How large the evidence of one release may be, in bytes.
const LIMIT: u64 = 16 << 20;
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Kept {
    form: u32,
    lists: Vec<ListFiles>,
}

impl PackageCache {
    /// `evidence/HOST/NAMESPACE/TYPE/VERSION`
    fn evidence_path(&self, provider: &ProviderAddr, version: &Version) -> PathBuf {
        self.release_path("evidence", provider, version)
    }

    /// What was kept of a release; nothing where it cannot be read.
    pub(crate) fn recall_evidence(
        &self,
        provider: &ProviderAddr,
        version: &Version,
    ) -> Option<Vec<ListFiles>> {
        let path = self.evidence_path(provider, version);
        let bytes = self.files.read(&path, LIMIT).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        (kept.form == FORM).then_some(kept.lists)
    }

    /// Keeps what was fetched. Whoever cannot keep it asks again next time.
    pub(crate) fn remember_evidence(
        &self,
        provider: &ProviderAddr,
        version: &Version,
        lists: Vec<ListFiles>,
    ) {
        if self.recall_evidence(provider, version).as_ref() == Some(&lists) {
            return;
        }
        let path = self.evidence_path(provider, version);
        let Ok(bytes) = serde_json::to_vec(&Kept { form: FORM, lists }) else {
            return;
        };
        let dir = path.parent();
        if bytes.len() as u64 <= LIMIT && dir.is_some_and(|dir| self.files.create_dirs(dir).is_ok())
        {
            let _ = AtomicFile::write_tidy(&self.files, &path, &bytes);
        }
    }
}
