//! Publishing a provider's release.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tofu_oci_store::{Blob, TagRule, WritableRepository};
use tofu_oci_types::artifact::PROVIDER;
use tofu_oci_types::oci::{Address, Tag};
use tofu_oci_types::tofu::Platform;

use super::beside::{self, Beside};
use super::destination::Destination;
use super::options::jobs;
use super::package::CheckedZip;
use super::release_artifact::{Proven, manifests, sent, stage};
use super::release_files::{PackageFile, ReleaseFiles, collect};
use super::repair::Lost;
use super::send::send_failed;
use super::sign::Signer;
use super::{
    Existing, PlannedSignature, ProviderOptions, ProviderReport, PublishError, PublishOutcome,
    Publisher, blocking, sbom, version_tag,
};
use crate::Warning;

/// A release whose structure is all right, before anything was written.
pub(super) struct ProviderPlan {
    pub(super) release: ReleaseFiles,
    pub(super) tag: Tag,
    /// By platform.
    packages: Vec<(Platform, Arc<CheckedZip>)>,
    pub(super) beside: Beside,
    /// Who signs the checksums file.
    pub(super) signer: Option<Signer>,
    /// What they would sign, where only the plan is asked for.
    pub(super) to_sign: Option<PlannedSignature>,
}

impl Publisher {
    /// Finds the files and checks everything that can be checked without reading content.
    pub(super) async fn plan_provider(
        &self,
        paths: &[PathBuf],
        address: &Address,
        options: &ProviderOptions,
    ) -> Result<ProviderPlan, PublishError> {
        let tagged = version_tag::tagged(address)?;
        let signer = self.signer(options).await?;
        let first = paths.first().cloned().unwrap_or_default();
        let (files, paths, given) = (self.files.clone(), paths.to_vec(), options.clone());
        let find = move || collect(&files, &paths, tagged.as_ref(), &given);
        let release = blocking(&first, find).await?;
        for (filename, problem) in &release.untaken {
            self.progress.warn(Warning::Package {
                filename: filename.clone(),
                problem: (*problem).to_owned(),
            });
        }
        let tag = version_tag::tag_of(release.name.version(), address)?;
        let (files, of, given) = (self.files.clone(), release.clone(), options.clone());
        let load = move || beside::load(&files, &of, &given);
        let (packages, beside) = futures_util::future::join(
            self.open_packages(&release, options),
            blocking(&first, load),
        )
        .await;
        let mut errors = Vec::new();
        let mut opened = Vec::new();
        for package in packages {
            match package {
                Ok(package) => opened.push(package),
                Err(error) => errors.push(error),
            }
        }
        let beside = beside
            .map_err(|error| errors.push(error))
            .unwrap_or_default();
        PublishError::all(errors)?;
        for warning in &beside.warnings {
            self.progress.warn(warning.clone());
        }
        let listed = |mut zip: CheckedZip| {
            if let Some((path, list)) = &beside.shasums {
                zip.listed = list.get(&zip.filename).map(|digest| (digest, path.clone()));
            }
            Arc::new(zip)
        };
        let packages = opened
            .into_iter()
            .map(|(platform, zip)| (platform, listed(zip)));
        Ok(ProviderPlan {
            packages: packages.collect(),
            release,
            tag,
            beside,
            signer,
            to_sign: None,
        })
    }

    async fn open_packages(
        &self,
        release: &ReleaseFiles,
        options: &ProviderOptions,
    ) -> Vec<Result<(Platform, CheckedZip), PublishError>> {
        let open = |(platform, package): (&Platform, &PackageFile)| {
            let (files, progress) = (self.files.clone(), self.progress.clone());
            let (platform, package) = (platform.clone(), package.clone());
            let kind = release.name.kind().to_owned();
            let path = package.path.clone();
            async move {
                let work = move || {
                    let zip = CheckedZip::open(&files, &package.path, &package.filename)?;
                    zip.check_provider(&kind, &platform, &progress)?;
                    Ok((platform, zip))
                };
                blocking(&path, work).await
            }
        };
        futures_util::stream::iter(release.packages.iter().map(open))
            .buffered(jobs(options.jobs).get())
            .collect()
            .await
    }

    /// Sends the packages, or only looks into them, and completes the artifact.
    pub(super) async fn execute_provider(
        &self,
        mut plan: ProviderPlan,
        to: &Destination,
        options: &ProviderOptions,
    ) -> Result<ProviderReport, PublishError> {
        let existing = to.head(&plan.tag).await?;
        let mut versions = Vec::new();
        if existing.is_none() {
            versions = to.versions().await?;
            version_tag::refuse_twin(to, plan.release.name.version(), &versions)?;
            version_tag::refuse_mixed(to, &PROVIDER, None, &versions).await?;
        }
        let writer = to.writer().filter(|_| existing.is_none());
        let mut proven = self.prove(&plan, writer, options).await?;
        sbom::check(
            &plan.beside,
            &proven,
            plan.release.name.version(),
            &self.progress,
        );
        let place = (to, options);
        self.sign(&mut plan, &proven, existing.as_ref(), place)
            .await?;
        let written = self.write(&plan, &proven, existing.as_ref(), place).await?;
        let index = &written.artifact.index;
        let replaced = existing
            .as_ref()
            .filter(|old| old.digest != *index.digest());
        if replaced.is_some() {
            // The same digest is the same kind of thing, and needs no look.
            version_tag::refuse_mixed(to, &PROVIDER, Some(&plan.tag), &versions).await?;
        }
        let rule = match replaced {
            None => TagRule::Create,
            Some(old) if options.existing == Existing::Replace => TagRule::Move {
                from: old.digest.clone(),
            },
            Some(old) => {
                return Err(PublishError::VersionExists {
                    place: to.place(),
                    tag: plan.tag,
                    existing: old.digest.clone(),
                    new: index.digest().clone(),
                });
            }
        };
        if replaced.is_some() {
            self.send_proven(&mut proven, to).await?;
        }
        let new = existing.is_none() || replaced.is_some();
        let mut lost = Lost::default();
        let (written, copied) = match new {
            true => self.store(&plan, &proven, (written, rule), place).await?,
            false => {
                let read = options.existing == Existing::Replace;
                let manifests = manifests(&written);
                lost = to.lost(&manifests, read).await?;
                // Lists cost more than looks: they are read where something is written anyway, and where a run that
                // was stopped can have stored what it did not list.
                if read || !lost.is_empty() || to.lists_by_hand(&written.attached).await? {
                    to.add_unlisted(&mut lost, &written.attached).await?;
                }
                let staging = stage(&written, &proven, options);
                let copied = to.repair(staging, &manifests, &plan.tag, &lost).await;
                let digest = written.artifact.index.digest();
                let copied = copied.map_err(|error| to.explain(error, &plan.tag, digest))?;
                if copied.is_some() && !lost.is_empty() {
                    to.check_listed(&written.attached).await?;
                }
                (written, copied)
            }
        };
        if (new || !lost.is_empty()) && copied.is_some() {
            to.read_back(&plan.tag, &written.artifact.index).await?;
        }
        let outcome = match &copied {
            _ if !new && lost.is_empty() && plan.to_sign.is_none() => PublishOutcome::Unchanged,
            None => PublishOutcome::Planned,
            Some(_) if new => PublishOutcome::Published,
            Some(_) => PublishOutcome::Completed,
        };
        let bytes = match &copied {
            Some(report) => sent(&proven) + report.bytes_sent(),
            None if new => self.to_send(&proven, to).await? + written.to_send(to).await?,
            None => lost.bytes(),
        };
        Ok(ProviderReport {
            address: to.address.clone(),
            version: plan.release.name.version().clone(),
            tag: plan.tag.clone(),
            digest: written.artifact.index.digest().clone(),
            profile: written.profile,
            outcome,
            replaced: replaced.map(|old| old.digest.clone()),
            attachments: written.report(copied.as_ref()),
            packages: proven.iter().map(Proven::report).collect(),
            bytes,
            to_sign: plan.to_sign.clone(),
        })
    }

    /// Goes through the content of every package, sending it where there is somewhere to send it.
    async fn prove(
        &self,
        plan: &ProviderPlan,
        writer: Option<&Arc<dyn WritableRepository>>,
        options: &ProviderOptions,
    ) -> Result<Vec<Proven>, PublishError> {
        let prove = |(platform, zip): &(Platform, Arc<CheckedZip>)| {
            let (platform, zip) = (platform.clone(), Arc::clone(zip));
            async move {
                let (package, put) = match writer {
                    Some(writer) => {
                        let (package, put) = self.send(&zip, writer).await?;
                        (package, Some(put))
                    }
                    None => (self.examine(&zip, None).await?, None),
                };
                Ok(Proven {
                    platform,
                    zip,
                    package,
                    put,
                })
            }
        };
        // The largest first, so that no core waits for it at the end.
        let mut packages: Vec<_> = plan.packages.iter().collect();
        packages.sort_by_key(|(_, zip)| std::cmp::Reverse(zip.size()));
        let results: Vec<Result<Proven, PublishError>> =
            futures_util::stream::iter(packages.into_iter().map(prove))
                .buffered(jobs(options.jobs).get())
                .collect()
                .await;
        let mut proven = Vec::with_capacity(results.len());
        let mut errors = Vec::new();
        for result in results {
            match result {
                Ok(package) => proven.push(package),
                Err(error) => errors.push(error),
            }
        }
        PublishError::all(errors)?;
        proven.sort_by(|a, b| a.platform.cmp(&b.platform));
        Ok(proven)
    }

    /// Sends packages that were looked into before: their digest is all that is left to check.
    async fn send_proven(
        &self,
        proven: &mut [Proven],
        to: &Destination,
    ) -> Result<(), PublishError> {
        let Some(writer) = to.writer() else {
            return Ok(());
        };
        for package in proven {
            let layer = package.layer();
            let content = Blob::File {
                file: Arc::clone(&package.zip.file),
                range: 0..layer.size,
            };
            let put = writer.put_blob(&layer, content).await;
            let put = put.map_err(|error| send_failed(&package.zip, writer, error))?;
            package.put = Some(put);
        }
        Ok(())
    }

    /// How many bytes of packages are not there yet.
    async fn to_send(&self, proven: &[Proven], to: &Destination) -> Result<u64, PublishError> {
        let mut bytes = 0;
        for package in proven {
            let layer = package.layer();
            if !to.has(&layer).await? {
                bytes += layer.size;
            }
        }
        Ok(bytes)
    }
}
