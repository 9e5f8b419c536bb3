//! One zip on its way: structure first, content while it is sent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err::File;
use tofu_oci_store::files::Files;
use tofu_oci_trust::Expected;
use tofu_oci_trust::content::{Examine, HashZip, NullSink, Threads, examine};
use tofu_oci_trust::evidence::{Claim, Voucher};
use tofu_oci_trust::shasums::{Gap, ShasumsError};
use tofu_oci_trust::zip::{Archive, ZipLimits};
use tofu_oci_trust::{TrustError, VerifiedPackage, provider_package};
use tofu_oci_types::artifact::{PACKAGE_LAYER, Timestamp};
use tofu_oci_types::oci::{Descriptor, Digest};
use tofu_oci_types::tofu::{PackageHash, Platform};

use super::PublishError;
use crate::{Progress, Task, Warning};

/// A zip whose structure passed the policy. The file stays open: what was checked is what is sent.
#[derive(Debug)]
pub(super) struct CheckedZip {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The name it is published under.
    pub(super) filename: String,
    pub(super) file: Arc<File>,
    pub(super) archive: Arc<Archive>,
    /// What the checksums file says its digest is, and which file that is.
    pub(super) listed: Option<(Digest, PathBuf)>,
}

impl CheckedZip {
    /// Opens a zip and reads its structure. Blocks.
    pub(super) fn open(files: &Files, path: &Path, filename: &str) -> Result<Self, PublishError> {
        let failed = |source| PublishError::Read {
            path: path.to_owned(),
            source,
        };
        let real = files.canonicalize(path).map_err(failed)?;
        let file = files.open(&real).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let archive = Archive::read(file.file(), size, &ZipLimits::default())
            .map_err(|error| refused(path, error.into()))?;
        Ok(Self {
            path: path.to_owned(),
            filename: filename.to_owned(),
            file: Arc::new(file),
            archive: Arc::new(archive),
            listed: None,
        })
    }

    /// Checks that clients can run it as the provider `kind` on `platform`, and warns about what
    /// is odd. Blocks.
    pub(super) fn check_provider(
        &self,
        kind: &str,
        platform: &Platform,
        progress: &Progress,
    ) -> Result<(), PublishError> {
        let executable = provider_package::check(&self.archive, kind, platform, self.file.file())
            .map_err(|error| refused(&self.path, error.into()))?;
        for warning in executable.warnings {
            self.warn(progress, warning.to_string());
        }
        self.warn_structure(progress);
        Ok(())
    }

    /// Warns about what is odd in the structure.
    pub(super) fn warn_structure(&self, progress: &Progress) {
        for warning in self.archive.warnings() {
            self.warn(progress, warning.to_string());
        }
        if self.archive.has_directory_entries() {
            let problem = "the zip has entries for directories, so that the hash clients compute from the zip differs from the one of its files";
            self.warn(progress, problem.to_owned());
        }
    }

    fn warn(&self, progress: &Progress, problem: String) {
        progress.warn(Warning::Package {
            filename: self.filename.clone(),
            problem,
        });
    }

    pub(super) fn size(&self) -> u64 {
        self.archive.size()
    }

    /// When its newest entry was written.
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.archive.newest_time()?.to_string().parse().ok()
    }

    /// The layer that the zip becomes.
    pub(super) fn layer(&self, digest: Digest) -> Descriptor {
        Descriptor::new(PACKAGE_LAYER, digest, self.size())
    }

    /// What must come out of the content: the checksums file is believed only when it agrees.
    pub(super) fn expected(&self, layer: Option<&Descriptor>) -> Expected {
        let mut expected = layer.map_or_else(Expected::default, Expected::layer);
        if let Some((digest, file)) = &self.listed
            && let Some(hash) = PackageHash::zh(digest)
        {
            expected.claims.push(Claim {
                hash,
                voucher: Voucher::ChecksumsFile {
                    file: file.to_string_lossy().into_owned(),
                },
            });
        }
        expected
    }

    /// Says why the content is refused: a digest that is not the listed one is the list's matter.
    pub(super) fn refuse(&self, error: TrustError) -> PublishError {
        let actual = match &error {
            TrustError::Digest { actual, .. } => Some(actual.clone()),
            TrustError::Claim { actual, .. } => actual.digest(),
            _ => None,
        };
        match (&self.listed, actual) {
            (Some((listed, list)), Some(actual)) => PublishError::Shasums {
                path: list.clone(),
                source: ShasumsError::NotCovered {
                    gaps: vec![Gap::Wrong {
                        name: self.filename.clone(),
                        listed: listed.clone(),
                        actual,
                    }],
                },
            },
            _ => refused(&self.path, error),
        }
    }

    /// Goes through the content without sending it; it must be `layer`, where that is known.
    /// Blocks.
    pub(super) fn examine(
        &self,
        layer: Option<&Descriptor>,
        threads: Threads,
        task: Option<&Task>,
    ) -> Result<VerifiedPackage, PublishError> {
        let mut advance = |bytes| {
            if let Some(task) = task {
                task.advance(bytes);
            }
        };
        let examined = examine(
            self.file.file(),
            &self.archive,
            Box::new(NullSink),
            Examine {
                digest: HashZip::Yes,
                threads,
                progress: Some(&mut advance),
            },
        );
        examined
            .and_then(|examined| VerifiedPackage::verify(examined, &self.expected(layer)))
            .map_err(|error| self.refuse(error))
    }
}

pub(super) fn refused(path: &Path, source: TrustError) -> PublishError {
    PublishError::Package {
        path: path.to_owned(),
        source: Box::new(source),
    }
}
