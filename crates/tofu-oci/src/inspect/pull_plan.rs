//! Which files a release comes back as.

use std::collections::BTreeMap;

use tofu_oci_source::evidence::{
    Contents, EvidenceLayer, EvidenceOptions, EvidenceSubjects, read_evidence,
};
use tofu_oci_trust::shasums::{Shasums, ShasumsError};
use tofu_oci_types::artifact::{
    ArtifactError, AttachmentKind, ModuleManifest, ProviderIndex, annotation,
};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest};
use tofu_oci_types::tofu::Platform;

use super::{Opened, PullError, PulledKind, Resolved, filename};

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
    /// The checksums files.
    pub(super) lists: Vec<EvidenceLayer>,
}

impl Plan<'_> {
    fn broken(&self, source: ArtifactError) -> PullError {
        PullError::Artifact {
            place: self.resolved.address.to_string(),
            source: Box::new(source),
        }
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest, PullError> {
        let at = descriptor.digest.clone().into();
        let manifest = self.opened.repository.manifest(&at).await;
        Ok(manifest.map_err(|error| self.opened.failed(&descriptor.digest, error))?)
    }

    pub(super) async fn provider(&mut self, platforms: &[Platform]) -> Result<(), PullError> {
        let root = &self.resolved.manifest;
        let index = ProviderIndex::read(root).map_err(|error| self.broken(error))?;
        let available = index.platforms();
        if available.is_empty() {
            return Err(PullError::NoPackages {
                place: self.resolved.address.to_string(),
            });
        }
        let mut missing: Vec<Platform> = platforms.to_vec();
        missing.retain(|platform| !available.contains(platform));
        if !missing.is_empty() {
            missing.sort();
            return Err(PullError::PlatformMissing {
                place: self.resolved.address.to_string(),
                missing,
                available,
            });
        }
        let mut targets = Vec::new();
        for platform in available {
            if !platforms.is_empty() && !platforms.contains(&platform) {
                continue;
            }
            let entry = index
                .select(&platform)
                .map_err(|error| self.broken(error))?;
            let target = self.manifest(&entry.descriptor).await?;
            let (expected, got) = (entry.descriptor.size, target.descriptor().size);
            if expected != got {
                return Err(PullError::TargetSize {
                    place: self.resolved.address.to_string(),
                    digest: entry.descriptor.digest.clone(),
                    expected,
                    got,
                });
            }
            let layer = entry.package(&target).map_err(|error| self.broken(error))?;
            let name = layer
                .annotations
                .get(annotation::TITLE)
                .or(entry.hints.filename.as_ref());
            self.add(name.cloned(), PulledKind::Package(platform.clone()), layer)?;
            targets.push((platform, target));
        }
        self.evidence(&targets).await
    }

    pub(super) async fn module(&mut self) -> Result<(), PullError> {
        let root = &self.resolved.manifest;
        let module = ModuleManifest::read(root).map_err(|error| self.broken(error))?;
        self.add(module.filename.clone(), PulledKind::Module, &module.package)?;
        self.evidence(&[]).await
    }

    /// The files of all evidence of kinds that we know, wherever it lies.
    async fn evidence(&mut self, targets: &[(Platform, Manifest)]) -> Result<(), PullError> {
        let targets = targets.iter();
        let subjects = EvidenceSubjects {
            root: &self.resolved.manifest,
            targets: targets.map(|(of, target)| (of.clone(), target)).collect(),
        };
        // Only the lists are looked into; everything else goes from the repository to its file.
        let options = EvidenceOptions {
            contents: Contents::Only(vec![AttachmentKind::Shasums]),
            ..EvidenceOptions::default()
        };
        let evidence = read_evidence(self.opened.repository.as_ref(), &subjects, &options).await?;
        for document in evidence.into_documents()? {
            // The list of hashes is made from the packages, so it was no file of the release.
            if document.kind == AttachmentKind::PackageHashes {
                continue;
            }
            if document.kind == AttachmentKind::Shasums {
                self.lists.extend(document.layers.first().cloned());
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
        match self.files.insert(name.clone(), planned) {
            Some(first) if first.layer.digest != layer.digest => Err(PullError::Collision {
                filename: name,
                first: first.layer.digest,
                second: layer.digest.clone(),
            }),
            _ => Ok(()),
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
    pub(super) fn check_shasums(&self) -> Result<(), PullError> {
        let files = self.files.iter();
        let packages = files.filter_map(|(name, planned)| match planned.kind {
            PulledKind::Package(_) => Some((name.clone(), planned.layer.digest.clone())),
            _ => None,
        });
        let packages: Vec<(String, Digest)> = packages.collect();
        for list in &self.lists {
            let refused = |source: ShasumsError| PullError::Shasums {
                filename: list.title.clone().unwrap_or_default(),
                source,
            };
            let content = list.content.as_deref().unwrap_or_default();
            let list = Shasums::parse(content).map_err(refused)?;
            list.check_covers(&packages).map_err(refused)?;
        }
        Ok(())
    }
}
