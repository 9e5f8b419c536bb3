//! The packages of a release, or of a module, by their manifests.

use tofu_oci_types::artifact::{
    ArtifactError, MODULE_PACKAGE, ModuleManifest, PROVIDER, ProviderIndex, annotation,
};
use tofu_oci_types::oci::{Descriptor, Manifest};
use tofu_oci_types::tofu::{PackageHash, Platform, Version};

use super::{Opened, PullError, Resolved};

/// One package.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// The platform; `None` for a module.
    pub(crate) platform: Option<Platform>,
    /// Its name, as written; not yet safe as a file name.
    pub(crate) title: Option<String>,
    pub(crate) layer: Descriptor,
    /// The hash of its unpacked files, as the index says.
    pub(crate) reported_h1: Option<PackageHash>,
}

/// The packages, as the manifests name them.
#[derive(Debug)]
pub(crate) enum Packages {
    /// Of a provider, with their target manifests.
    Provider(Vec<(Package, Manifest)>),
    /// Of a module.
    Module(Box<Package>),
}

impl Packages {
    /// All of them.
    pub(crate) fn all(&self) -> Vec<Package> {
        match self {
            Self::Provider(packages) => packages.iter().map(|(of, _)| of.clone()).collect(),
            Self::Module(package) => vec![(**package).clone()],
        }
    }

    /// The target manifests.
    pub(crate) fn targets(&self) -> Vec<(Platform, &Manifest)> {
        match self {
            Self::Provider(packages) => packages
                .iter()
                .filter_map(|(of, target)| Some((of.platform.clone()?, target)))
                .collect(),
            Self::Module(_) => Vec::new(),
        }
    }
}

impl Resolved {
    /// The version that was asked for: that of the tag, else the one that the manifest states.
    pub(crate) fn version(&self) -> Option<Version> {
        let tagged = self.tag.as_ref().and_then(Version::from_tag);
        tagged.or_else(|| {
            let annotations = self.manifest.annotations()?;
            annotations.get(annotation::VERSION)?.parse().ok()
        })
    }

    fn broken(&self, source: ArtifactError) -> PullError {
        PullError::Artifact {
            place: self.address.to_string(),
            source: Box::new(source),
        }
    }
}

impl Opened {
    /// The packages for `platforms`, all that there are when it is empty.
    ///
    /// # Errors
    ///
    /// [`PullError`] where it is no release and no module, is broken, or lacks a platform.
    pub(crate) async fn packages(
        &self,
        resolved: &Resolved,
        platforms: &[Platform],
    ) -> Result<Packages, PullError> {
        match resolved.manifest.artifact_type() {
            Some(kind) if *kind == PROVIDER => self.provider(resolved, platforms).await,
            Some(kind) if *kind == MODULE_PACKAGE => {
                let module = ModuleManifest::read(&resolved.manifest);
                let module = module.map_err(|error| resolved.broken(error))?;
                Ok(Packages::Module(Box::new(Package {
                    platform: None,
                    title: module.filename,
                    layer: module.package,
                    reported_h1: None,
                })))
            }
            other => Err(PullError::NotAPackage {
                place: resolved.address.to_string(),
                found: other.cloned(),
            }),
        }
    }

    async fn provider(
        &self,
        resolved: &Resolved,
        platforms: &[Platform],
    ) -> Result<Packages, PullError> {
        let index = ProviderIndex::read(&resolved.manifest);
        let index = index.map_err(|error| resolved.broken(error))?;
        let available = index.platforms();
        if available.is_empty() {
            return Err(PullError::NoPackages {
                place: resolved.address.to_string(),
            });
        }
        let mut missing: Vec<Platform> = platforms.to_vec();
        missing.retain(|platform| !available.contains(platform));
        if !missing.is_empty() {
            missing.sort();
            return Err(PullError::PlatformMissing {
                place: resolved.address.to_string(),
                missing,
                available,
            });
        }
        let mut packages = Vec::new();
        for platform in available {
            if !platforms.is_empty() && !platforms.contains(&platform) {
                continue;
            }
            let entry = index.select(&platform);
            let entry = entry.map_err(|error| resolved.broken(error))?;
            let target = self.target(resolved, &entry.descriptor).await?;
            let layer = entry.package(&target);
            let layer = layer.map_err(|error| resolved.broken(error))?.clone();
            let title = layer.annotations.get(annotation::TITLE);
            let package = Package {
                platform: Some(platform),
                title: title.or(entry.hints.filename.as_ref()).cloned(),
                layer,
                reported_h1: entry.hints.h1.clone(),
            };
            packages.push((package, target));
        }
        Ok(Packages::Provider(packages))
    }

    async fn target(
        &self,
        resolved: &Resolved,
        descriptor: &Descriptor,
    ) -> Result<Manifest, PullError> {
        let at = descriptor.digest.clone().into();
        let target = self.repository.manifest(&at).await;
        let target = target.map_err(|error| self.failed(&descriptor.digest, error))?;
        let (expected, got) = (descriptor.size, target.descriptor().size);
        if expected != got {
            return Err(PullError::TargetSize {
                place: resolved.address.to_string(),
                digest: descriptor.digest.clone(),
                expected,
                got,
            });
        }
        Ok(target)
    }
}
