//! Which files a release comes back as.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use tofu_oci_source::evidence::{
    Contents, EvidenceDocument, EvidenceOptions, EvidenceSubjects, read_evidence,
};
use tofu_oci_trust::evidence::CheckedSums;
use tofu_oci_trust::policy::{LockStanding, Refusal, Subject};
use tofu_oci_trust::shasums::ShasumsError;
use tofu_oci_types::artifact::AttachmentKind;
use tofu_oci_types::oci::{Descriptor, Digest};

use super::{Opened, Packages, PullError, PulledKind, PulledProof, Resolved, filename};
use crate::verify::{Judge, expected_filename};
use crate::{Progress, Warning};

/// A file that will be written.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) kind: PulledKind,
    pub(super) layer: Descriptor,
}

/// What will be written, by file name.
pub(super) struct Plan<'a> {
    pub(super) opened: &'a Opened,
    pub(super) resolved: &'a Resolved,
    pub(super) files: BTreeMap<String, Planned>,
    /// What lies beside the packages.
    pub(super) documents: Vec<EvidenceDocument>,
}

impl Plan<'_> {
    /// Reads what lies beside the packages, of kinds that we know, wherever it lies.
    pub(super) async fn read_evidence(
        &mut self,
        packages: &Packages,
        progress: &Progress,
    ) -> Result<(), PullError> {
        let subjects = EvidenceSubjects {
            root: &self.resolved.manifest,
            targets: packages.targets(),
        };
        // Only the lists are looked into; everything else goes from the repository to its file.
        let options = EvidenceOptions {
            contents: Contents::Only(vec![AttachmentKind::Shasums]),
            ..EvidenceOptions::default()
        };
        let evidence = read_evidence(self.opened.repository.as_ref(), &subjects, &options).await?;
        for nothing in &evidence.passed_over {
            progress.warn(Warning::passed_over(nothing));
        }
        self.documents = evidence.into_documents()?;
        Ok(())
    }

    /// Adds the packages, and everything beside them.
    pub(super) fn add_all(&mut self, packages: &Packages) -> Result<(), PullError> {
        for package in packages.all() {
            let kind = match package.platform {
                Some(platform) => PulledKind::Package(platform),
                None => PulledKind::Module,
            };
            self.add(package.title, kind, &package.layer)?;
        }
        for document in std::mem::take(&mut self.documents) {
            // The list of hashes is made from the packages, so it was no file of the release.
            if document.kind == AttachmentKind::PackageHashes {
                continue;
            }
            for layer in document.layers {
                let kind = PulledKind::Attachment(document.kind);
                self.add(layer.title, kind, &layer.descriptor)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: Option<String>,
        kind: PulledKind,
        layer: &Descriptor,
    ) -> Result<(), PullError> {
        let name = name.unwrap_or_else(|| match kind {
            PulledKind::Package(_) | PulledKind::Module => {
                format!("{}.zip", layer.digest.encoded())
            }
            PulledKind::Attachment(_) => layer.digest.encoded().to_owned(),
        });
        if let Some(problem) = filename::problem(&name) {
            return Err(PullError::Filename {
                filename: name,
                digest: layer.digest.clone(),
                problem,
            });
        }
        let planned = Planned {
            kind,
            layer: layer.plain(),
        };
        // Packages come first, and stay what they are whatever claims to be the same file.
        match self.files.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(planned);
                Ok(())
            }
            Entry::Occupied(first) if first.get().layer.digest == layer.digest => Ok(()),
            Entry::Occupied(first) => Err(PullError::Collision {
                filename: first.key().clone(),
                first: first.get().layer.digest.clone(),
                second: layer.digest.clone(),
            }),
        }
    }

    /// Names that are one where case does not count would overwrite each other there.
    pub(super) fn check_names(&self) -> Result<(), PullError> {
        let mut folded = BTreeMap::new();
        for (name, planned) in &self.files {
            if let Some(first) = folded.insert(name.to_lowercase(), &planned.layer.digest) {
                return Err(PullError::Collision {
                    filename: name.clone(),
                    first: first.clone(),
                    second: planned.layer.digest.clone(),
                });
            }
        }
        Ok(())
    }

    /// Each checksums file names every package, with the digest that will be written.
    pub(super) fn check_shasums(&self, lists: &[CheckedSums]) -> Result<(), PullError> {
        let files = self.files.iter();
        let packages = files.filter_map(|(name, planned)| match planned.kind {
            PulledKind::Package(_) => Some((name.clone(), planned.layer.digest.clone())),
            _ => None,
        });
        let packages: Vec<(String, Digest)> = packages.collect();
        for list in lists {
            let refused = |source: ShasumsError| PullError::Shasums {
                filename: list.name.clone(),
                source,
            };
            list.list.check_covers(&packages).map_err(refused)?;
        }
        Ok(())
    }

    /// What is proven about each package. One that is refused stops everything.
    pub(super) fn judge(
        &self,
        packages: &Packages,
        judge: &Judge,
        lists: &[CheckedSums],
    ) -> Result<Vec<PulledProof>, PullError> {
        let version = self.resolved.version();
        let mut proofs = Vec::new();
        let mut refused: Vec<Refusal> = Vec::new();
        for package in packages.all() {
            let title = package.title.unwrap_or_default();
            let filename = match &package.platform {
                Some(platform) => expected_filename(&title, version.as_ref(), platform),
                None => title,
            };
            let subject = Subject {
                filename: &filename,
                digest: &package.layer.digest,
                lock: LockStanding::Unknown,
            };
            let verdict = judge.judge(&subject, lists);
            if let Some(refusal) = &verdict.refusal
                && !refused.iter_mut().any(|told| told.unite(refusal))
            {
                refused.push(refusal.clone());
            }
            proofs.push(PulledProof {
                platform: package.platform,
                filename,
                verdict,
            });
        }
        let refused = refused
            .into_iter()
            .map(|source| PullError::Refused { source });
        PullError::all(refused.collect())?;
        Ok(proofs)
    }
}
