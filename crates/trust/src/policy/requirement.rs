//! What is asked for, and whom the user believes.

use std::collections::BTreeSet;
use std::fmt;

use tofu_oci_types::artifact::Timestamp;
use tofu_oci_types::tofu::ProviderAddr;
use tofu_oci_types::tofu::cli_config::ProviderPattern;

use super::Level;
use crate::pgp::{Expired, Fingerprint, GoodSignature, KeyOrigin, SignatureRules};

/// A kind of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProofKind {
    /// The lock file has a hash of the package.
    Lock,
    /// A checksums file with an OpenPGP signature covers the package.
    PgpSums,
}

impl fmt::Display for ProofKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "lock",
            Self::PgpSums => "pgp-sums",
        })
    }
}

/// Kinds of which one is enough. Of no kind nothing is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    kinds: BTreeSet<ProofKind>,
}

impl Requirement {
    /// One of these kinds.
    pub fn any_of(kinds: impl IntoIterator<Item = ProofKind>) -> Self {
        Self {
            kinds: kinds.into_iter().collect(),
        }
    }

    /// The kinds, sorted.
    pub fn kinds(&self) -> impl Iterator<Item = ProofKind> {
        self.kinds.iter().copied()
    }

    /// Whether a kind is among them.
    pub fn has(&self, kind: ProofKind) -> bool {
        self.kinds.contains(&kind)
    }
}

impl From<ProofKind> for Requirement {
    fn from(kind: ProofKind) -> Self {
        Self::any_of([kind])
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.kinds().enumerate() {
            let or = if index > 0 { " or " } else { "" };
            write!(f, "{or}{kind}")?;
        }
        Ok(())
    }
}

/// Whether keys that only the origin registry names are believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OriginKeys {
    /// They are not: the user names the keys.
    #[default]
    Refuse,
    /// They are.
    Accept,
}

/// What happens to a checksums file whose signatures were checked, and of which none counts. One that nobody can
/// check, because its key is not at hand, is neither good nor bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BadSignatures {
    /// It is told.
    #[default]
    Warn,
    /// The package is refused, whatever else is proven.
    Refuse,
}

/// What is asked of the packages of some providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The providers.
    pub providers: ProviderPattern,
    /// What is asked for: all of it.
    pub require: Vec<Requirement>,
    /// Keys that are believed wherever their bytes come from: primary keys or subkeys.
    pub pgp_fingerprints: BTreeSet<Fingerprint>,
    /// Whether keys of the origin registry are believed.
    pub origin_keys: OriginKeys,
    /// What happens to signatures whose keys have expired since.
    pub expired: Expired,
    /// What happens where there are signatures and none counts.
    pub bad_signatures: BadSignatures,
}

impl Policy {
    /// Asks nothing of anybody.
    pub fn new(providers: ProviderPattern) -> Self {
        Self {
            providers,
            require: Vec::new(),
            pgp_fingerprints: BTreeSet::new(),
            origin_keys: OriginKeys::default(),
            expired: Expired::default(),
            bad_signatures: BadSignatures::default(),
        }
    }

    /// Asks for a signed checksums file for every package. Keys that are
    /// [pinned](KeyOrigin::Pinned) are believed; so are those that are named in
    /// [`pgp_fingerprints`](Self::pgp_fingerprints) later.
    pub fn signature_required() -> Self {
        Self {
            require: vec![ProofKind::PgpSums.into()],
            ..Self::new(ProviderPattern::all())
        }
    }

    /// How signatures are judged at a time.
    pub fn rules(&self, now: Option<Timestamp>) -> SignatureRules {
        SignatureRules {
            now,
            expired: self.expired,
        }
    }

    /// How much the word of this key counts.
    pub fn level(&self, signature: &GoodSignature) -> Level {
        let named = |key| self.pgp_fingerprints.contains(key);
        match signature.key_origin {
            _ if named(&signature.fingerprint) || named(&signature.signer) => Level::Trusted,
            origin => Level::of(origin),
        }
    }

    /// Whether a proof of this level is one that was asked for.
    pub fn accepts(&self, level: Level) -> bool {
        match level {
            Level::Trusted => true,
            Level::Origin => self.origin_keys == OriginKeys::Accept,
            Level::SelfAsserted | Level::Integrity => false,
        }
    }

    /// Whether it should be told that a good signature is by a key that is not believed: where signatures are
    /// asked for, and where somebody named keys and meant others to be noticed.
    pub(super) fn tells_of_strangers(&self) -> bool {
        self.asks_for(ProofKind::PgpSums) || !self.pgp_fingerprints.is_empty()
    }

    /// Whether a kind is asked for, alone or as one of several.
    pub fn asks_for(&self, kind: ProofKind) -> bool {
        self.require.iter().any(|requirement| requirement.has(kind))
    }
}

impl Level {
    /// The level of a key that nobody named.
    pub(super) fn of(origin: KeyOrigin) -> Self {
        match origin {
            KeyOrigin::Pinned => Self::Trusted,
            KeyOrigin::OriginRegistry => Self::Origin,
            KeyOrigin::Repository => Self::SelfAsserted,
        }
    }
}

/// Policies in their order. The first that is about a provider counts, alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies(pub Vec<Policy>);

impl Policies {
    /// The policy for a provider.
    pub fn of(&self, provider: &ProviderAddr) -> Option<&Policy> {
        let mut policies = self.0.iter();
        policies.find(|policy| policy.providers.matches(provider))
    }
}
