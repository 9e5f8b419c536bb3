//! A package that proved to be the one that was asked for.

use std::sync::Arc;

use tofu_oci_types::oci::{Algorithm, Descriptor, Digest};
use tofu_oci_types::tofu::PackageHash;

use crate::TrustError;
use crate::content::{Content, Examined};
use crate::evidence::{Claim, Evidence, LockCheck, LockMatch, Voucher};
use crate::zip::Archive;

/// What a package must be, as far as anybody knows before it was examined.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Digest and size of the blob, from its descriptor.
    pub layer: Option<(Digest, u64)>,
    /// The lock entry of this version.
    pub lock: LockCheck,
    /// What others say about this very package.
    pub claims: Vec<Claim>,
}

impl Expected {
    /// Expects the blob that `layer` describes.
    pub fn layer(layer: &Descriptor) -> Self {
        Self {
            layer: Some((layer.digest.clone(), layer.size)),
            ..Self::default()
        }
    }
}

/// A zip whose bytes were examined and agree with everything that was expected of them.
///
/// There is no other way to one than [`verify`](Self::verify), so a function that takes it need
/// not ask whether somebody checked.
#[derive(Debug, Clone)]
pub struct VerifiedPackage {
    digest: Digest,
    zh: PackageHash,
    content: Content,
    lock: LockMatch,
    evidence: Evidence,
}

impl VerifiedPackage {
    /// Compares what was found with what was expected.
    ///
    /// The layer's digest and size and every claim of a checksums file, signed or not, or an annotation must
    /// agree; of the lock entry, and of each mirror, one hash must.
    ///
    /// # Errors
    ///
    /// [`TrustError::NoDigest`] where the digest of the zip was not taken, and
    /// [`Size`](TrustError::Size), [`Digest`](TrustError::Digest), [`Claim`](TrustError::Claim),
    /// [`Locked`](TrustError::Locked) with the hashes of both sides.
    pub fn verify(examined: Examined, expected: &Expected) -> Result<Self, TrustError> {
        let (content, digest) = examined.into_parts();
        let digest = digest.ok_or(TrustError::NoDigest)?;
        let zh = PackageHash::zh(&digest).ok_or(TrustError::NoDigest)?;
        let mut evidence = Evidence::new();
        for hash in [&zh, content.h1(), content.archive_h1()] {
            evidence.add(hash.clone(), Voucher::Computed);
        }
        if let Some((layer, size)) = &expected.layer {
            check_layer(layer, *size, &digest, content.archive().size())?;
            evidence.add(zh.clone(), Voucher::Layer);
        }
        check_claims(&expected.claims, &zh, &content, &mut evidence)?;
        let computed: Vec<_> = evidence.computed().cloned().collect();
        let lock = expected.lock.compare(&computed)?;
        if let LockMatch::Matched(hashes) = &lock {
            for hash in hashes {
                evidence.add(hash.clone(), Voucher::LockFile);
            }
        }
        Ok(Self {
            digest,
            zh,
            content,
            lock,
            evidence,
        })
    }

    /// The sha256 digest of the zip.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Bytes of the zip.
    pub fn size(&self) -> u64 {
        self.archive().size()
    }

    /// The hash of the zip.
    pub fn zh(&self) -> &PackageHash {
        &self.zh
    }

    /// The hash of the unpacked tree.
    pub fn h1(&self) -> &PackageHash {
        self.content.h1()
    }

    /// Every hash that was computed: `h1` of the tree, of the archive where it differs, `zh`.
    pub fn hashes(&self) -> impl Iterator<Item = &PackageHash> {
        self.evidence.computed()
    }

    /// What the zip contains.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The structure of the zip.
    pub fn archive(&self) -> &Arc<Archive> {
        self.content.archive()
    }

    /// Why the lock file let it in.
    pub fn lock(&self) -> &LockMatch {
        &self.lock
    }

    /// Who vouches for which of its hashes.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

fn check_layer(
    layer: &Digest,
    size: u64,
    digest: &Digest,
    actual_size: u64,
) -> Result<(), TrustError> {
    if size != actual_size {
        return Err(TrustError::Size {
            expected: size,
            actual: actual_size,
        });
    }
    // The clients refuse layers with other digests, so one that we could not compare is no match.
    if layer.algorithm() != Algorithm::Sha256 || layer != digest {
        return Err(TrustError::Digest {
            expected: layer.clone(),
            actual: digest.clone(),
        });
    }
    Ok(())
}

fn check_claims(
    claims: &[Claim],
    zh: &PackageHash,
    content: &Content,
    evidence: &mut Evidence,
) -> Result<(), TrustError> {
    let usable = || claims.iter().filter(|claim| claim.hash.is_usable());
    let agrees =
        |hash: &PackageHash| hash == zh || hash == content.h1() || hash == content.archive_h1();
    for claim in usable() {
        if agrees(&claim.hash) {
            evidence.extend([claim.clone()]);
            continue;
        }
        let enough = match &claim.voucher {
            // A mirror lists hashes of any scheme and platform: another one that matches is enough.
            Voucher::Mirror { .. } => {
                usable().any(|other| other.voucher == claim.voucher && agrees(&other.hash))
            }
            // The lock file has its own comparison; what we computed cannot be claimed.
            Voucher::LockFile | Voucher::Computed => true,
            Voucher::Layer
            | Voucher::ChecksumsFile { .. }
            | Voucher::Signed { .. }
            | Voucher::Annotation { .. } => false,
        };
        if !enough {
            return Err(TrustError::Claim {
                voucher: claim.voucher.clone(),
                claimed: claim.hash.clone(),
                actual: match claim.hash.is_zh() {
                    true => zh.clone(),
                    false => content.h1().clone(),
                },
            });
        }
    }
    Ok(())
}
