//! Verifying a release, or a module, in a repository.

use std::collections::BTreeSet;

use tofu_oci_source::evidence::{EvidenceSubjects, read_evidence};
use tofu_oci_store::{Repository, StoreError};
use tofu_oci_trust::evidence::CheckedSums;
use tofu_oci_trust::policy::{LockStanding, Refusal, Subject};
use tofu_oci_types::oci::{Address, Descriptor, Digest};
use tofu_oci_types::tofu::{Platform, Version};

use super::{
    Checked, Depth, Judge, PackageReport, VerifiedPlace, Verifier, VerifyError, VerifyOptions,
    VerifyReport, expected_filename,
};
use crate::inspect::{Inspector, Opened, Packages, Resolved};

impl Verifier {
    /// Verifies what `address` names: its manifests, its checksums files with their signatures, and, where that is
    /// asked for, its packages. Without tag and digest, the newest version.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] where nothing can be said about the whole. What is said about a part is in
    /// [`VerifyReport::failures`].
    pub async fn release(
        &self,
        address: &Address,
        options: &VerifyOptions,
    ) -> Result<VerifyReport, VerifyError> {
        let options = &options.strict();
        let inspector = Inspector {
            files: self.files.clone(),
            connect: self.connect.clone(),
            progress: self.progress.clone(),
        };
        let (opened, resolved) = inspector.resolved(address).await?;
        let packages = opened.packages(&resolved, &options.platforms).await?;
        let mut report = VerifyReport::new(VerifiedPlace::Release {
            address: resolved.address.clone(),
            tag: resolved.tag.clone(),
        });
        let lists = self
            .lists(&opened, (&resolved, &packages), options, &mut report)
            .await?;
        let version = resolved.version();
        for package in packages.all() {
            let package = Named::of(&package, version.as_ref());
            let checked = self
                .content(opened.repository.as_ref(), &package, options, &mut report)
                .await;
            let subject = Subject {
                filename: &package.filename,
                digest: &package.layer.digest,
                lock: LockStanding::Unknown,
            };
            report.add(PackageReport {
                provider: None,
                version: version.clone(),
                platform: package.platform.clone(),
                verdict: options.judge.judge(&subject, &lists),
                filename: Some(package.filename),
                digest: Some(package.layer.digest),
                dir: None,
                checked,
                lock: None,
            });
        }
        check_lists(&lists, &mut report);
        Ok(report)
    }

    async fn lists(
        &self,
        opened: &Opened,
        (resolved, packages): (&Resolved, &Packages),
        options: &VerifyOptions,
        report: &mut VerifyReport,
    ) -> Result<Vec<CheckedSums>, VerifyError> {
        let subjects = EvidenceSubjects {
            root: &resolved.manifest,
            targets: packages.targets(),
        };
        let wanted = Judge::wanted();
        let evidence = read_evidence(opened.repository.as_ref(), &subjects, &wanted).await?;
        let refused = evidence.refused.into_iter();
        report.failures.extend(refused.map(VerifyError::Evidence));
        Ok(options.judge.check(&evidence.documents))
    }

    /// Reads a package to its end, where that is asked for. Its digest is compared on the way.
    pub(super) async fn content(
        &self,
        repository: &dyn Repository,
        package: &Named,
        options: &VerifyOptions,
        report: &mut VerifyReport,
    ) -> Checked {
        if options.depth == Depth::Manifests {
            return Checked::Manifests;
        }
        match read_to_end(repository, &package.layer).await {
            Ok(()) => Checked::Content,
            Err(source) => {
                report.failures.push(VerifyError::Content {
                    filename: package.filename.clone(),
                    place: repository.place().to_string(),
                    source,
                });
                Checked::Nothing
            }
        }
    }
}

impl VerifyOptions {
    /// Whoever asks what is proven wants to hear of everything that is not.
    pub(super) fn strict(&self) -> Self {
        Self {
            judge: self.judge.clone().refusing_bad_signatures(),
            ..self.clone()
        }
    }
}

/// A package under the name that it must have in checksums files.
pub(super) struct Named {
    pub(super) filename: String,
    pub(super) layer: Descriptor,
    pub(super) platform: Option<Platform>,
}

impl Named {
    fn of(package: &crate::inspect::Package, version: Option<&Version>) -> Self {
        let title = package.title.clone();
        let title = title.unwrap_or_else(|| format!("{}.zip", package.layer.digest.encoded()));
        Self {
            filename: match &package.platform {
                Some(platform) => expected_filename(&title, version, platform),
                None => title,
            },
            layer: package.layer.plain(),
            platform: package.platform.clone(),
        }
    }
}

async fn read_to_end(repository: &dyn Repository, layer: &Descriptor) -> Result<(), StoreError> {
    let mut content = repository.blob(layer).await?;
    while content.next().await?.is_some() {}
    Ok(())
}

/// A checksums file that does not name a package, or gives it another digest, is not the one of this release, signed
/// or not. Where that was the reason to refuse a package it was told.
pub(super) fn check_lists(lists: &[CheckedSums], report: &mut VerifyReport) {
    let told = report.packages.iter().any(|package| {
        matches!(
            package.verdict.refusal,
            Some(Refusal::ListsDisagree { .. } | Refusal::OtherDigest { .. })
        )
    });
    if told {
        return;
    }
    let packages: Vec<(String, Digest)> = report
        .packages
        .iter()
        .filter(|package| package.platform.is_some())
        .filter_map(|package| Some((package.filename.clone()?, package.digest.clone()?)))
        .collect();
    let mut names = BTreeSet::new();
    for list in lists {
        if let Err(source) = list.list.check_covers(&packages)
            && names.insert(&list.name)
        {
            report.failures.push(VerifyError::Shasums {
                filename: list.name.clone(),
                source,
            });
        }
    }
}
