//! What packages have to prove beyond the lock file: signatures over their checksums files.
//!
//! A package that is fetched is known by the digest of its zip, before it is fetched. One that is there counts as a
//! zip only where we saw that zip become these files; otherwise it is fetched again. Its evidence may come from the
//! cache, and is checked like any other.

use std::collections::BTreeSet;

use tofu_oci_source::Source;
use tofu_oci_source::evidence::{Beside, EvidenceOptions};
use tofu_oci_trust::policy::{LockStanding, Refusal, Subject};
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::{PackageFilename, PackageHash, Platform, ProviderAddr, Version};

use super::providers::{PackageAction, PlannedPackage, Shelves};
use super::{InstallError, InstallOptions};
use crate::cache::PackageCache;
use crate::verify::{Judge, ListFiles};
use crate::{Progress, Warning};

/// Judges the packages of one release. `beside` is where their evidence is, where the source was asked already.
pub(crate) async fn prove(
    shelves: &Shelves,
    options: &InstallOptions,
    source: &dyn Source,
    planned: &mut [PlannedPackage],
    beside: Option<Beside>,
) -> Result<(), InstallError> {
    let (Some(judge), Some(first)) = (&options.judge, planned.first()) else {
        return Ok(());
    };
    let (provider, version) = (first.provider.clone(), first.version.clone());
    let cache = shelves.cache.as_deref();
    if let Some(beside) = beside {
        let lists = fetch(&beside, shelves, (&provider, &version)).await?;
        return apply(judge, planned, &lists);
    }
    let kept = cache.and_then(|cache| cache.recall_evidence(&provider, &version));
    let known = apply(judge, planned, &kept.unwrap_or_default());
    let Err(refused) = known else {
        return Ok(());
    };
    // What is kept may be old, or not there.
    let platforms: Vec<Platform> = planned.iter().map(|p| p.platform.clone()).collect();
    let release = match source.release(&provider, &version, &platforms).await {
        Ok(release) => release,
        Err(error) if error.is_offline() => return Err(refused),
        Err(error) => return Err(InstallError::Source(Box::new(error))),
    };
    match release.beside {
        Some(beside) => {
            let lists = fetch(&beside, shelves, (&provider, &version)).await?;
            apply(judge, planned, &lists)
        }
        None => Err(refused),
    }
}

/// Judges packages that are there, those of a release one after another, with what the cache has kept. `None` where
/// somebody has to be asked.
pub(crate) fn prove_warm(
    judge: &Judge,
    cache: Option<&PackageCache>,
    planned: &mut [PlannedPackage],
) -> Option<()> {
    for release in planned.chunk_by_mut(|one, next| one.provider == next.provider) {
        let Some(first) = release.first() else {
            continue;
        };
        let lists = cache?.recall_evidence(&first.provider, &first.version)?;
        apply(judge, release, &lists).ok()?;
    }
    Some(())
}

async fn fetch(
    beside: &Beside,
    shelves: &Shelves,
    (provider, version): (&ProviderAddr, &Version),
) -> Result<Vec<ListFiles>, InstallError> {
    let failed = |source| InstallError::Evidence {
        provider: provider.clone(),
        version: version.clone(),
        source: Box::new(source),
    };
    let evidence = beside
        .read(&EvidenceOptions::checksums())
        .await
        .map_err(failed)?;
    for nothing in &evidence.passed_over {
        shelves.progress.warn(Warning::passed_over(nothing));
    }
    let lists = ListFiles::of(&evidence.into_documents().map_err(failed)?);
    if let Some(cache) = &shelves.cache {
        cache.remember_evidence(provider, version, lists.clone());
    }
    Ok(lists)
}

fn apply(
    judge: &Judge,
    planned: &mut [PlannedPackage],
    lists: &[ListFiles],
) -> Result<(), InstallError> {
    let mut errors = Vec::new();
    let mut refused: Vec<(Refusal, Vec<Platform>)> = Vec::new();
    let checked = judge.check_files(lists);
    for package in planned.iter_mut() {
        let filename = package.filename();
        let Some(digest) = package.zip().cloned() else {
            // Whatever is not tied to a zip was asked for.
            let path = package.place.clone();
            errors.push(InstallError::Interrupted { path });
            continue;
        };
        let verdict = judge.judge(
            &Subject {
                filename: &filename,
                digest: &digest,
                lock: package.standing(&digest),
            },
            &checked,
        );
        if let Some(refusal) = &verdict.refusal {
            let platform = package.platform.clone();
            match refused
                .iter_mut()
                .find_map(|(told, platforms)| told.unite(refusal).then_some(platforms))
            {
                Some(platforms) => platforms.push(platform),
                None => refused.push((refusal.clone(), vec![platform])),
            }
        }
        package.signed = judge.signed_hashes(&checked, &package.provider, &package.version);
        package.verdict = Some(verdict);
    }
    if let Some(first) = planned.first() {
        errors.extend(
            refused
                .into_iter()
                .map(|(source, platforms)| InstallError::Refused {
                    provider: first.provider.clone(),
                    version: first.version.clone(),
                    platforms,
                    source: Box::new(source),
                }),
        );
    }
    InstallError::all(errors)
}

/// Tells once for each release what does not count, or is odd.
pub(crate) fn warn_of_proofs(progress: &Progress, planned: &[PlannedPackage]) {
    let mut told = BTreeSet::new();
    for package in planned {
        let warnings = package.verdict.iter().flat_map(|verdict| &verdict.warnings);
        for problem in warnings {
            let provider = package.provider.for_display();
            let subject = format!("{provider} {}", package.version);
            let problem = problem.to_string();
            if told.insert((subject.clone(), problem.clone())) {
                progress.warn(Warning::Proof { subject, problem });
            }
        }
    }
}

impl PlannedPackage {
    /// The zip that is judged: the one that will be fetched, or the one that what is there was unpacked from.
    fn zip(&self) -> Option<&Digest> {
        match &self.meta {
            Some(meta) => Some(meta.location.digest()),
            None => self.tied.as_ref(),
        }
    }

    /// The name that the package must have in checksums files.
    fn filename(&self) -> String {
        if let Some(meta) = &self.meta {
            return crate::verify::filename(meta);
        }
        let (version, platform) = (self.version.clone(), self.platform.clone());
        let name = PackageFilename::new(self.provider.kind(), version, platform);
        name.map_or_else(|_| self.provider.kind().to_owned(), |name| name.to_string())
    }

    fn standing(&self, zip: &Digest) -> LockStanding {
        let zh = PackageHash::zh(zip);
        // What is there was compared with the lock file already.
        let there = self.meta.is_none() && !self.locked.is_empty();
        match there || zh.is_some_and(|zh| self.locked.contains(&zh)) {
            true => LockStanding::Matches,
            false => LockStanding::Unknown,
        }
    }

    /// Takes what is there for nothing where it is not known which zip it was: a signature is about a zip.
    pub(crate) fn untie(&mut self) {
        if self.tied.is_some() {
            return;
        }
        self.cached = None;
        self.action = match self.action {
            PackageAction::Kept => PackageAction::Replaced,
            PackageAction::Linked => PackageAction::Installed,
            action => action,
        };
    }
}
