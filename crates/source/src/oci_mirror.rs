//! Providers in OCI repositories, found by a template.
//!
//! This is OpenTofu's `oci_mirror` installation method: the repository follows from the source
//! address, the tag from the version.

use std::cmp::Ordering;
use std::sync::Arc;

use async_trait::async_trait;
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_types::artifact::{ArtifactError, IndexEntry, ProviderIndex, annotation};
use tofu_oci_types::oci::{Address, Descriptor, Manifest};
use tofu_oci_types::tofu::{PackageFilename, Platform, ProviderAddr, RepositoryTemplate, Version};

use crate::evidence::Beside;
use crate::{Connect, Location, PackageMeta, Release, Source, SourceError, VersionList};

/// A source over repositories whose addresses follow from a template.
pub struct OciMirror {
    template: RepositoryTemplate,
    connect: Connect,
}

impl OciMirror {
    /// The providers under `template`, reached through `connect`.
    pub fn new(template: RepositoryTemplate, connect: Connect) -> Self {
        Self { template, connect }
    }

    async fn open(
        &self,
        provider: &ProviderAddr,
    ) -> Result<(Address, Arc<dyn Repository>), SourceError> {
        let address =
            self.template
                .for_provider(provider)
                .map_err(|source| SourceError::Unmappable {
                    provider: provider.clone(),
                    source,
                })?;
        match self.connect.reader(&address).await {
            Ok(repository) => Ok((address, repository)),
            Err(source) => Err(absent_or(source, &address, |place, source| {
                SourceError::UnknownProvider {
                    provider: provider.clone(),
                    place,
                    source,
                }
            })),
        }
    }

    async fn package(
        &self,
        found: &Found<'_>,
        index: &ProviderIndex,
        platform: &Platform,
    ) -> Result<(PackageMeta, Manifest), SourceError> {
        let entry = index
            .select(platform)
            .map_err(|error| found.refuse(error))?;
        let target = read_target(found, entry).await?;
        let layer = entry
            .package(&target)
            .map_err(|error| found.refuse(error))?;
        let filename = layer
            .annotations
            .get(annotation::TITLE)
            .cloned()
            .unwrap_or_else(|| {
                let (kind, version) = (found.provider.kind(), found.version.clone());
                PackageFilename::new(kind, version, platform.clone())
                    .map_or_else(|_| digest_name(layer), |name| name.to_string())
            });
        let meta = PackageMeta {
            provider: found.provider.clone(),
            version: found.version.clone(),
            platform: platform.clone(),
            filename,
            location: Location::Blob {
                repository: Arc::clone(&found.repository),
                descriptor: layer.clone(),
            },
            reported_h1: entry.hints.h1.clone(),
        };
        Ok((meta, target))
    }
}

/// A release that was found, for messages about its parts.
struct Found<'a> {
    provider: &'a ProviderAddr,
    version: &'a Version,
    address: Address,
    repository: Arc<dyn Repository>,
}

impl Found<'_> {
    fn refuse(&self, error: ArtifactError) -> SourceError {
        if let ArtifactError::PlatformMissing {
            platform,
            available,
        } = error
        {
            return SourceError::PlatformMissing {
                provider: self.provider.clone(),
                version: self.version.clone(),
                platform,
                place: self.address.to_string(),
                available,
            };
        }
        SourceError::Artifact {
            subject: format!("{} {}", self.provider, self.version),
            place: self.address.to_string(),
            source: Box::new(error),
        }
    }
}

/// A name for a package whose provider's name cannot be in one.
fn digest_name(layer: &Descriptor) -> String {
    format!("{}.zip", layer.digest.encoded())
}

async fn read_target(found: &Found<'_>, entry: &IndexEntry) -> Result<Manifest, SourceError> {
    let listed = &entry.descriptor;
    let failed = |source| SourceError::Read {
        subject: format!("the manifest of {} {}", found.provider, found.version),
        place: found.address.repository().to_string(),
        source,
    };
    let at = listed.digest.clone().into();
    let manifest = found.repository.manifest(&at).await.map_err(failed)?;
    let (digest, expected, got) = (
        listed.digest.clone(),
        listed.size,
        manifest.descriptor().size,
    );
    // Its digest agreed, so it is the index that is wrong; clients that go by the size refuse it.
    match got.cmp(&expected) {
        Ordering::Equal => Ok(manifest),
        Ordering::Less => Err(failed(StoreError::TooShort {
            digest,
            expected,
            got,
        })),
        Ordering::Greater => Err(failed(StoreError::TooLong {
            digest,
            expected,
            got,
        })),
    }
}

fn absent_or(
    source: StoreError,
    address: &Address,
    absent: impl FnOnce(String, StoreError) -> SourceError,
) -> SourceError {
    let place = address.repository().to_string();
    if source.is_absent() {
        return absent(place, source);
    }
    SourceError::Read {
        subject: "the repository".to_owned(),
        place,
        source,
    }
}

#[async_trait]
impl Source for OciMirror {
    fn distinguish(&self, providers: &[ProviderAddr]) -> Result<(), SourceError> {
        Ok(self.template.check_distinct(providers)?)
    }

    async fn versions(&self, provider: &ProviderAddr) -> Result<VersionList, SourceError> {
        let (address, repository) = self.open(provider).await?;
        let unknown = |place, source| SourceError::UnknownProvider {
            provider: provider.clone(),
            place,
            source,
        };
        let tags = repository
            .tags()
            .await
            .map_err(|source| absent_or(source, &address, unknown))?;
        let mut list = VersionList::default();
        for tag in &tags {
            match Version::from_tag(tag) {
                Some(version) => list.versions.push(version),
                None if Version::listed_from_tag(tag).is_some() => {
                    list.misleading.push(tag.to_string());
                }
                None => {}
            }
        }
        list.versions.sort();
        list.versions.dedup();
        Ok(list)
    }

    async fn release(
        &self,
        provider: &ProviderAddr,
        version: &Version,
        platforms: &[Platform],
    ) -> Result<Release, SourceError> {
        let (address, repository) = self.open(provider).await?;
        let tag = version.to_tag().map_err(|source| SourceError::Untaggable {
            provider: provider.clone(),
            version: version.clone(),
            source,
        })?;
        let manifest = repository
            .manifest(&tag.clone().into())
            .await
            .map_err(|source| {
                absent_or(source, &address, |place, source| {
                    SourceError::UnknownVersion {
                        provider: provider.clone(),
                        version: version.clone(),
                        place,
                        source,
                    }
                })
            })?;
        let found = Found {
            provider,
            version,
            address: address.at_tag(&tag),
            repository,
        };
        let index = ProviderIndex::read(&manifest).map_err(|error| found.refuse(error))?;
        let mut packages = Vec::with_capacity(platforms.len());
        let mut targets = Vec::with_capacity(platforms.len());
        for platform in platforms {
            let (meta, target) = self.package(&found, &index, platform).await?;
            packages.push(meta);
            targets.push((platform.clone(), target));
        }
        let created = manifest
            .annotations()
            .and_then(|annotations| annotations.get(annotation::CREATED))
            .and_then(|text| text.parse().ok());
        Ok(Release {
            index: manifest.descriptor().clone(),
            packages,
            platforms: index.platforms(),
            created,
            beside: Some(Beside {
                repository: found.repository,
                root: manifest,
                targets,
            }),
        })
    }
}
