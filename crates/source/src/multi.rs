//! Several sources, each for some providers: a `provider_installation` block.
//!
//! Versions are those of all sources that are for the provider, together. A package comes from the
//! first source that has it, in the order of the block; that may be another source for another
//! platform. A source is passed over only where it says that it does not have what is asked for.
//! Whatever else goes wrong with one ends the search: a mirror that is unreachable today must not
//! turn into a package of somebody else.
//!
//! This is OpenTofu's rule but for one point: it takes an `oci_mirror` that has the provider and
//! lacks the version for a failure, and here that is absence like any other.

use std::sync::Arc;

use async_trait::async_trait;
use tofu_oci_types::tofu::cli_config::{
    InstallationMethod, MethodKind, ProviderInstallation, ProviderSelector,
};
use tofu_oci_types::tofu::syntax::SourceRange;
use tofu_oci_types::tofu::{Platform, ProviderAddr, Version};

use crate::{Connect, OciMirror, Release, Source, SourceError, VersionList};

/// Sources in order, each with the providers that it is for.
pub struct MultiSource {
    sources: Vec<(ProviderSelector, Arc<dyn Source>)>,
}

impl MultiSource {
    /// These sources, in this order.
    pub fn new(sources: Vec<(ProviderSelector, Arc<dyn Source>)>) -> Self {
        Self { sources }
    }

    /// The methods of a `provider_installation` block, reached through `connect`. Without any
    /// method there is no provider at all.
    pub fn of_installation(installation: &ProviderInstallation, connect: &Connect) -> Self {
        let methods = installation.methods.iter();
        Self::new(
            methods
                .map(|method| (method.selector.clone(), source(method, connect)))
                .collect(),
        )
    }

    /// The sources that are for `provider`.
    fn of(&self, provider: &ProviderAddr) -> impl Iterator<Item = &dyn Source> {
        self.sources
            .iter()
            .filter(move |(selector, _)| selector.selects(provider))
            .map(|(_, source)| source.as_ref())
    }
}

fn source(method: &InstallationMethod, connect: &Connect) -> Arc<dyn Source> {
    match &method.kind {
        MethodKind::OciMirror {
            repository_template,
        } => Arc::new(OciMirror::new(repository_template.clone(), connect.clone())),
        MethodKind::Direct { .. }
        | MethodKind::FilesystemMirror { .. }
        | MethodKind::NetworkMirror { .. } => Arc::new(Unsupported {
            method: method.kind.name(),
            at: method.at.clone(),
        }),
    }
}

/// What several sources said that do not have something.
#[derive(Default)]
struct Absences(Vec<SourceError>);

impl Absences {
    /// Remembers that something is absent; any other error ends the search.
    fn add(&mut self, error: SourceError) -> Result<(), SourceError> {
        if !error.is_absent() {
            return Err(error);
        }
        self.0.push(error);
        Ok(())
    }

    /// What to say where nothing was found: the one answer, or the one that came closest.
    fn explain(mut self, provider: &ProviderAddr) -> SourceError {
        let closeness = |error: &SourceError| match error {
            SourceError::PlatformMissing { .. } => 2,
            SourceError::UnknownVersion { .. } => 1,
            _ => 0,
        };
        let best = self.0.iter().map(closeness).max();
        match (self.0.len(), best) {
            (1, _) | (_, Some(1..)) => {
                let at = self
                    .0
                    .iter()
                    .position(|error| Some(closeness(error)) == best);
                self.0.swap_remove(at.unwrap_or_default())
            }
            _ => SourceError::Nowhere {
                provider: provider.clone(),
                places: self.0.iter().filter_map(place).collect(),
            },
        }
    }
}

fn place(error: &SourceError) -> Option<String> {
    match error {
        SourceError::UnknownProvider { place, .. } => Some(place.clone()),
        _ => None,
    }
}

#[async_trait]
impl Source for MultiSource {
    /// Each source is asked about the providers that it is for.
    fn distinguish(&self, providers: &[ProviderAddr]) -> Result<(), SourceError> {
        for (selector, source) in &self.sources {
            let selected: Vec<ProviderAddr> = providers
                .iter()
                .filter(|provider| selector.selects(provider))
                .cloned()
                .collect();
            source.distinguish(&selected)?;
        }
        Ok(())
    }

    async fn versions(&self, provider: &ProviderAddr) -> Result<VersionList, SourceError> {
        let mut absences = Absences::default();
        let mut union: Option<VersionList> = None;
        for source in self.of(provider) {
            match source.versions(provider).await {
                // An empty list is kept: its misleading tags may be all that there is to say.
                Ok(list) => {
                    let union = union.get_or_insert_default();
                    union.versions.extend(list.versions);
                    union.misleading.extend(list.misleading);
                }
                Err(error) => absences.add(error)?,
            }
        }
        let Some(mut union) = union else {
            return Err(absences.explain(provider));
        };
        union.versions.sort();
        union.versions.dedup();
        union.misleading.sort();
        union.misleading.dedup();
        Ok(union)
    }

    /// Where the platforms come from several sources, index, time and further platforms are those
    /// of the first.
    async fn release(
        &self,
        provider: &ProviderAddr,
        version: &Version,
        platforms: &[Platform],
    ) -> Result<Release, SourceError> {
        let mut absences = Absences::default();
        let mut found: Option<Release> = None;
        let mut wanted = platforms.to_vec();
        for source in self.of(provider) {
            let (release, absence) = some_of(source, provider, version, &wanted).await;
            if let Some(error) = absence {
                absences.add(error)?;
            }
            let Some(release) = release else {
                continue;
            };
            let has =
                |platform: &Platform| release.packages.iter().any(|p| p.platform == *platform);
            wanted.retain(|platform| !has(platform));
            match &mut found {
                None => found = Some(release),
                Some(found) => found.packages.extend(release.packages),
            }
            if wanted.is_empty() {
                break;
            }
        }
        match found {
            Some(mut release) if wanted.is_empty() => {
                let asked = |platform: &Platform| platforms.iter().position(|p| p == platform);
                release
                    .packages
                    .sort_by_key(|package| asked(&package.platform));
                Ok(release)
            }
            _ => Err(absences.explain(provider)),
        }
    }
}

/// What `source` has of a version for `wanted`; and, if that is not everything, what it lacks.
async fn some_of(
    source: &dyn Source,
    provider: &ProviderAddr,
    version: &Version,
    wanted: &[Platform],
) -> (Option<Release>, Option<SourceError>) {
    let lack = match source.release(provider, version, wanted).await {
        Ok(release) => return (Some(release), None),
        Err(error) => error,
    };
    let SourceError::PlatformMissing { available, .. } = &lack else {
        return (None, Some(lack));
    };
    let some: Vec<Platform> = wanted
        .iter()
        .filter(|platform| available.contains(platform))
        .cloned()
        .collect();
    if some.is_empty() {
        return (None, Some(lack));
    }
    match source.release(provider, version, &some).await {
        Ok(release) => (Some(release), Some(lack)),
        Err(error) => (None, Some(error)),
    }
}

/// An installation method whose packages cannot be read.
struct Unsupported {
    method: &'static str,
    at: SourceRange,
}

impl Unsupported {
    fn refuse(&self, provider: &ProviderAddr) -> SourceError {
        SourceError::UnsupportedMethod {
            provider: provider.clone(),
            method: self.method,
            at: Box::new(self.at.clone()),
        }
    }
}

#[async_trait]
impl Source for Unsupported {
    /// Nobody asked for a package yet: what is locked and installed needs no source.
    fn distinguish(&self, _: &[ProviderAddr]) -> Result<(), SourceError> {
        Ok(())
    }

    async fn versions(&self, provider: &ProviderAddr) -> Result<VersionList, SourceError> {
        Err(self.refuse(provider))
    }

    async fn release(
        &self,
        provider: &ProviderAddr,
        _: &Version,
        _: &[Platform],
    ) -> Result<Release, SourceError> {
        Err(self.refuse(provider))
    }
}

#[cfg(test)]
mod tests;
