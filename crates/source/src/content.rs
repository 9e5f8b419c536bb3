//! Reading a package to its end, as an install does, without unpacking it.

use std::path::PathBuf;
use std::sync::Arc;

use fs_err::File;
use tofu_oci_store::Repository;
use tofu_oci_store::files::{FileMode, Files};
use tofu_oci_trust::content::{Examine, HashZip, NullSink, Threads, examine};
use tofu_oci_trust::evidence::Claim;
use tofu_oci_trust::zip::{Archive, ZipLimits};
use tofu_oci_trust::{Expected, TrustError, VerifiedPackage, provider_package};
use tofu_oci_types::oci::Descriptor;
use tofu_oci_types::tofu::Platform;

use crate::{SourceError, spool};

/// A package whose content is to be read.
#[derive(Debug, Clone)]
pub struct Sought {
    /// What it is called where something is said about it.
    pub subject: String,
    /// The blob.
    pub layer: Descriptor,
    /// The type of the provider and the platform that it has to run on; `None` where it is no package of a provider,
    /// or nobody knows.
    pub provider: Option<(String, Platform)>,
    /// What others say about it.
    pub claims: Vec<Claim>,
}

/// Where packages are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// File access.
    pub files: Files,
    /// A directory for one file for each package that comes over a network, which is removed when it was read.
    pub scratch: PathBuf,
}

impl Reading {
    /// Reads a package to its end. Its digest must be that of the descriptor, its zip pass the policy, its content
    /// have the checksums that the zip declares; it must have the executable of its provider, and the hashes that
    /// others claim.
    ///
    /// # Errors
    ///
    /// [`SourceError::Read`] where it cannot be had, [`SourceError::Refused`] where it is not what it should be.
    pub async fn read(
        &self,
        repository: &Arc<dyn Repository>,
        sought: Sought,
    ) -> Result<VerifiedPackage, SourceError> {
        let create =
            |files: &Files| files.create_temporary(&self.scratch, "package.zip", FileMode::Private);
        let file = spool::open(repository, &sought.layer, &self.files, create).await;
        let file = file.map_err(|source| SourceError::Read {
            subject: sought.subject.clone(),
            place: repository.place().to_string(),
            source,
        })?;
        let subject = sought.subject.clone();
        let work = tokio::task::spawn_blocking(move || {
            sought.work(&file).map_err(|source| SourceError::Refused {
                subject: sought.subject,
                source: Box::new(source),
            })
        });
        work.await
            .unwrap_or(Err(SourceError::Interrupted { subject }))
    }
}

impl Sought {
    fn work(&self, file: &File) -> Result<VerifiedPackage, TrustError> {
        let archive = Archive::read(file.file(), self.layer.size, &ZipLimits::default())?;
        if let Some((kind, platform)) = &self.provider {
            provider_package::check(&archive, kind, platform, file.file())?;
        }
        let options = Examine {
            digest: HashZip::Yes,
            threads: Threads::One,
            progress: None,
        };
        let examined = examine(file.file(), &Arc::new(archive), Box::new(NullSink), options)?;
        let expected = Expected {
            claims: self.claims.clone(),
            ..Expected::layer(&self.layer)
        };
        VerifiedPackage::verify(examined, &expected)
    }
}
