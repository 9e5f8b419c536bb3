//! Where the evidence of a release lies.

use std::fmt;
use std::sync::Arc;

use tofu_oci_store::Repository;
use tofu_oci_types::oci::Manifest;
use tofu_oci_types::tofu::Platform;

use super::{EvidenceError, EvidenceOptions, EvidenceSubjects, ReleaseEvidence, read_evidence};

/// The repository and the manifests of a release, as they were read. Nobody was asked for evidence yet.
#[derive(Clone)]
pub struct Beside {
    /// The repository.
    pub repository: Arc<dyn Repository>,
    /// The index of the release.
    pub root: Manifest,
    /// The manifests of the platforms that were asked for.
    pub targets: Vec<(Platform, Manifest)>,
}

impl Beside {
    /// Reads the evidence.
    ///
    /// # Errors
    ///
    /// As [`read_evidence`].
    pub async fn read(&self, options: &EvidenceOptions) -> Result<ReleaseEvidence, EvidenceError> {
        let targets = self.targets.iter();
        let subjects = EvidenceSubjects {
            root: &self.root,
            targets: targets.map(|(of, target)| (of.clone(), target)).collect(),
        };
        read_evidence(self.repository.as_ref(), &subjects, options).await
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository.place(), self.root.digest())
    }
}
