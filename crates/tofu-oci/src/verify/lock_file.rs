//! Verifying what a lock file names against the source that it would come from.

use std::num::NonZeroUsize;
use std::path::Path;

use futures_util::{StreamExt as _, stream};
use tofu_oci_source::evidence::EvidenceOptions;
use tofu_oci_source::{Location, PackageMeta, Release, Source};
use tofu_oci_trust::evidence::CheckedSums;
use tofu_oci_trust::policy::{LockStanding, Subject};
use tofu_oci_types::tofu::{PackageFilename, PackageHash, Platform, ProviderAddr, ProviderLock};

use super::release::{Named, ReadContent, check_lists};
use super::{PackageReport, VerifiedPlace, Verifier, VerifyError, VerifyOptions, VerifyReport};
use crate::install::read_lock_file;

impl Verifier {
    /// Asks `source` for each version that the lock file at `path` names: whether its packages are those that are
    /// locked, and what their signatures prove. `jobs` entries at a time.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] where the lock file cannot be used. What is said about an entry is in
    /// [`VerifyReport::failures`].
    pub async fn lock_file(
        &self,
        path: &Path,
        source: &dyn Source,
        jobs: NonZeroUsize,
        options: &VerifyOptions,
    ) -> Result<VerifyReport, VerifyError> {
        let (lock, _) =
            read_lock_file(&self.files, path)?.ok_or_else(|| VerifyError::NoLockFile {
                path: path.to_owned(),
            })?;
        let options = &options.strict();
        let mut report = VerifyReport::new(VerifiedPlace::LockFile {
            path: path.to_owned(),
        });
        let addresses: Vec<ProviderAddr> = lock.iter().map(|entry| entry.addr.clone()).collect();
        if let (Err(error), Some(first)) = (source.distinguish(&addresses), lock.iter().next()) {
            return Err(failed(first, error));
        }
        let asked: Vec<_> = lock
            .iter()
            .map(|entry| self.entry(entry, source, options))
            .collect();
        let entries: Vec<_> = stream::iter(asked).buffered(jobs.get()).collect().await;
        for entry in entries {
            match entry {
                Ok(entry) => {
                    report.packages.extend(entry.packages);
                    report.failures.extend(entry.failures);
                }
                Err(error) => report.failures.push(error),
            }
        }
        Ok(report)
    }

    async fn entry(
        &self,
        entry: &ProviderLock,
        source: &dyn Source,
        options: &VerifyOptions,
    ) -> Result<VerifyReport, VerifyError> {
        let (provider, version) = (&entry.addr, &entry.version);
        let of = |platforms: Vec<Platform>| async move {
            let release = source.release(provider, version, &platforms).await;
            release.map_err(|error| failed(entry, error))
        };
        let release = match options.platforms.is_empty() {
            true => of(of(Vec::new()).await?.platforms).await?,
            false => of(options.platforms.clone()).await?,
        };
        let mut report = VerifyReport::new(VerifiedPlace::LockFile {
            path: Default::default(),
        });
        let lists = self.evidence(&release, options, &mut report).await?;
        let mut packages = Vec::new();
        for meta in &release.packages {
            let Location::Blob {
                repository,
                descriptor,
            } = &meta.location;
            let package = Named {
                filename: filename(meta),
                layer: descriptor.plain(),
                platform: Some(meta.platform.clone()),
                reported_h1: meta.reported_h1.clone(),
            };
            let content = self
                .content(repository, &package, options, &mut report)
                .await;
            packages.push((package, content));
        }
        let standings = standings(entry, &packages, options);
        for ((package, content), lock) in packages.into_iter().zip(standings) {
            let subject = Subject {
                filename: &package.filename,
                digest: &package.layer.digest,
                lock,
            };
            report.add(PackageReport {
                provider: Some(provider.clone()),
                module: None,
                version: Some(version.clone()),
                platform: package.platform.clone(),
                verdict: options.judge.judge(&subject, &lists),
                filename: Some(package.filename),
                digest: Some(package.layer.digest),
                h1: content.h1(),
                dir: None,
                checked: content.checked(),
                lock: Some(lock),
            });
        }
        check_lists(&lists, &mut report);
        Ok(report)
    }

    async fn evidence(
        &self,
        release: &Release,
        options: &VerifyOptions,
        report: &mut VerifyReport,
    ) -> Result<Vec<CheckedSums>, VerifyError> {
        let Some(beside) = &release.beside else {
            return Ok(Vec::new());
        };
        let evidence = beside.read(&EvidenceOptions::checksums()).await?;
        let refused = evidence.refused.into_iter().chain(evidence.passed_over);
        report.failures.extend(refused.map(VerifyError::Evidence));
        Ok(options.judge.check(&evidence.documents))
    }
}

/// The name that a package must have in checksums files. Providers whose name cannot be in one have the title's.
pub(crate) fn filename(meta: &PackageMeta) -> String {
    let (version, platform) = (meta.version.clone(), meta.platform.clone());
    match PackageFilename::new(meta.provider.kind(), version, platform) {
        Ok(name) => name.to_string(),
        Err(_) => meta.filename.clone(),
    }
}

/// What the entry says about each package. It does not say which hash is for which platform: one that it lacks is
/// another package only where that platform was asked for, or where it has none of the release. Hashes of unpacked
/// files are compared where packages were read.
fn standings(
    entry: &ProviderLock,
    packages: &[(Named, ReadContent)],
    options: &VerifyOptions,
) -> Vec<LockStanding> {
    let hashes: Vec<&PackageHash> = entry.usable_hashes().collect();
    let zips = hashes.iter().any(|hash| hash.is_zh());
    let has = |(package, content): &(Named, ReadContent)| {
        let zh = PackageHash::zh(&package.layer.digest);
        zh.is_some_and(|zh| hashes.contains(&&zh)) || content.has_one_of(&hashes)
    };
    let none = !packages.iter().any(has);
    let standing = |package: &(Named, ReadContent)| {
        let read = matches!(package.1, ReadContent::Verified(_)) && !hashes.is_empty();
        match has(package) {
            true => LockStanding::Matches,
            false if (zips || read) && (none || !options.platforms.is_empty()) => {
                LockStanding::Differs
            }
            false => LockStanding::Unknown,
        }
    };
    packages.iter().map(standing).collect()
}

fn failed(entry: &ProviderLock, source: tofu_oci_source::SourceError) -> VerifyError {
    VerifyError::Source {
        provider: entry.addr.clone(),
        version: entry.version.clone(),
        source: Box::new(source),
    }
}
