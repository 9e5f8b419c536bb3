//! Verifying a release, or a module, in a repository.

use std::collections::BTreeSet;
use std::sync::Arc;

use tofu_oci_source::evidence::{EvidenceOptions, EvidenceSubjects, read_evidence};
use tofu_oci_source::{Reading, Sought};
use tofu_oci_store::Repository;
use tofu_oci_trust::VerifiedPackage;
use tofu_oci_trust::evidence::{CheckedSums, Claim, Voucher};
use tofu_oci_trust::policy::{LockStanding, Refusal, Subject};
use tofu_oci_types::artifact::annotation;
use tofu_oci_types::oci::{Address, Descriptor, Digest};
use tofu_oci_types::tofu::{PackageFilename, PackageHash, Platform, Version};

use super::{
    Checked, Depth, PackageReport, VerifiedPlace, Verifier, VerifyError, VerifyOptions,
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
            let content = self
                .content(&opened.repository, &package, options, &mut report)
                .await;
            let subject = Subject {
                filename: &package.filename,
                digest: &package.layer.digest,
                lock: LockStanding::Unknown,
            };
            report.add(PackageReport {
                provider: None,
                module: None,
                version: version.clone(),
                platform: package.platform.clone(),
                verdict: options.judge.judge(&subject, &lists),
                filename: Some(package.filename),
                digest: Some(package.layer.digest),
                h1: content.h1(),
                dir: None,
                checked: content.checked(),
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
        let wanted = EvidenceOptions::checksums();
        let evidence = read_evidence(opened.repository.as_ref(), &subjects, &wanted).await?;
        let refused = evidence.refused.into_iter().chain(evidence.passed_over);
        report.failures.extend(refused.map(VerifyError::Evidence));
        Ok(options.judge.check(&evidence.documents))
    }

    /// Reads a package to its end, where that is asked for, and checks it as an install does.
    pub(super) async fn content(
        &self,
        repository: &Arc<dyn Repository>,
        package: &Named,
        options: &VerifyOptions,
        report: &mut VerifyReport,
    ) -> ReadContent {
        let Depth::Content { scratch } = &options.depth else {
            return ReadContent::NotAsked;
        };
        let reading = Reading {
            files: self.files.clone(),
            scratch: scratch.clone(),
        };
        match reading.read(repository, package.sought(repository)).await {
            Ok(package) => ReadContent::Verified(Box::new(package)),
            Err(error) => {
                report.failures.push(VerifyError::Content(Box::new(error)));
                ReadContent::Failed
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
    /// What the index says is the hash of its files.
    pub(super) reported_h1: Option<PackageHash>,
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
            reported_h1: package.reported_h1.clone(),
        }
    }

    fn sought(&self, repository: &Arc<dyn Repository>) -> Sought {
        let kind = self.filename.parse::<PackageFilename>().ok();
        let kind = kind.map(|name| name.kind().to_owned());
        Sought {
            subject: format!("{:?} of {}", self.filename, repository.place()),
            layer: self.layer.clone(),
            provider: kind.zip(self.platform.clone()),
            claims: Vec::from_iter(self.reported_h1.clone().map(|hash| Claim {
                hash,
                voucher: Voucher::Annotation {
                    key: annotation::PACKAGE_H1.to_owned(),
                },
            })),
        }
    }
}

/// What came of reading a package.
pub(super) enum ReadContent {
    /// Nobody wanted to.
    NotAsked,
    /// It could not be read, or is not what it should be.
    Failed,
    /// It is what it should be.
    Verified(Box<VerifiedPackage>),
}

impl ReadContent {
    pub(super) fn checked(&self) -> Checked {
        match self {
            Self::NotAsked => Checked::Manifests,
            Self::Failed => Checked::Nothing,
            Self::Verified(_) => Checked::Content,
        }
    }

    /// The hash of its files.
    pub(super) fn h1(&self) -> Option<PackageHash> {
        match self {
            Self::Verified(package) => Some(package.h1().clone()),
            Self::NotAsked | Self::Failed => None,
        }
    }

    /// Whether one of these is a hash of it.
    pub(super) fn has_one_of(&self, hashes: &[&PackageHash]) -> bool {
        match self {
            Self::Verified(package) => package.hashes().any(|hash| hashes.contains(&hash)),
            Self::NotAsked | Self::Failed => false,
        }
    }
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
