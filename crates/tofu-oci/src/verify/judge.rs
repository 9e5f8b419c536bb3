//! Evidence and policy brought together.

use std::collections::BTreeSet;

use tofu_oci_source::evidence::EvidenceDocument;
use tofu_oci_trust::evidence::{CheckedSums, PgpSums};
use tofu_oci_trust::pgp::{Budget, Keyring, SignatureRules};
use tofu_oci_trust::policy::{BadSignatures, Policy, Subject, Verdict, evaluate};
use tofu_oci_types::artifact::Timestamp;
use tofu_oci_types::tofu::cli_config::ProviderPattern;
use tofu_oci_types::tofu::{PackageFilename, PackageHash, Platform, ProviderAddr, Version};

use super::TrustedKeys;
use super::list_files::ListFiles;

/// Whether packages have to be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signatures {
    /// They need not be; what is found is checked.
    #[default]
    Optional,
    /// They have to be, by a key that is trusted. A key that lay beside a package is not.
    Required,
}

/// Decides what checksums files and their signatures are worth. It knows whom the user believes and what they ask
/// for; the rules are those of [`tofu_oci_trust::policy`].
#[derive(Debug, Clone)]
pub struct Judge {
    keys: Keyring,
    policy: Policy,
    rules: SignatureRules,
}

impl Default for Judge {
    /// Asks for nothing, trusts nobody, and does not know the time.
    fn default() -> Self {
        Self::new(TrustedKeys::default(), Signatures::Optional, None)
    }
}

impl Judge {
    /// Somebody who believes these keys. Without the time nothing has expired since it was signed.
    pub fn new(trusted: TrustedKeys, signatures: Signatures, now: Option<Timestamp>) -> Self {
        let policy = match signatures {
            Signatures::Required => Policy::signature_required(),
            Signatures::Optional => Policy::new(ProviderPattern::all()),
        };
        let policy = Policy {
            pgp_fingerprints: trusted.fingerprints,
            ..policy
        };
        Self {
            keys: trusted.keys,
            rules: policy.rules(now),
            policy,
        }
    }

    /// The same, who refuses what has signatures of which none counts.
    #[must_use]
    pub fn refusing_bad_signatures(mut self) -> Self {
        self.policy.bad_signatures = BadSignatures::Refuse;
        self
    }

    /// Checks the signatures of the checksums files among `documents`. One that lies in several places is checked
    /// once, one that is too long to be one is none. Together they may take as much work as one release may.
    pub fn check(&self, documents: &[EvidenceDocument]) -> Vec<CheckedSums> {
        self.check_files(&ListFiles::of(documents))
    }

    pub(crate) fn check_files(&self, lists: &[ListFiles]) -> Vec<CheckedSums> {
        let budget = Budget::default();
        let lists = lists.iter().filter_map(ListFiles::sums);
        lists
            .filter_map(|files| files.check_within(&self.keys, &self.rules, &budget).ok())
            .collect()
    }

    /// The hashes of the zips of a release in lists that somebody who is believed has signed.
    pub(crate) fn signed_hashes(
        &self,
        lists: &[CheckedSums],
        provider: &ProviderAddr,
        version: &Version,
    ) -> Vec<PackageHash> {
        let believed = |proof: &PgpSums| self.policy.accepts(self.policy.level(&proof.signature));
        let proofs = lists.iter().flat_map(CheckedSums::proofs).filter(believed);
        let hashes = proofs.flat_map(|proof| {
            proof.covers.into_iter().filter_map(|(name, digest)| {
                let name: PackageFilename = name.parse().ok()?;
                let same = name.kind() == provider.kind() && name.version() == version;
                same.then(|| PackageHash::zh(&digest))?
            })
        });
        let hashes: BTreeSet<PackageHash> = hashes.collect();
        hashes.into_iter().collect()
    }

    /// Judges one package.
    pub fn judge(&self, subject: &Subject<'_>, lists: &[CheckedSums]) -> Verdict {
        evaluate(Some(&self.policy), subject, lists)
    }
}

/// The name that a package must have in a checksums file. Its title may be any that the list has, such as that of an
/// older version: what counts is what the package is meant to be.
pub(crate) fn expected_filename(
    title: &str,
    version: Option<&Version>,
    platform: &Platform,
) -> String {
    let Ok(name) = title.parse::<PackageFilename>() else {
        return title.to_owned();
    };
    let version = version.unwrap_or_else(|| name.version()).clone();
    match PackageFilename::new(name.kind(), version, platform.clone()) {
        Ok(name) => name.to_string(),
        Err(_) => title.to_owned(),
    }
}
