//! Bytes that do not prove what they should.

use tofu_oci::trust::TrustError;
use tofu_oci::trust::pgp::{PgpError, SignatureProblem};
use tofu_oci::trust::policy::{PolicyWarning, Refusal};
use tofu_oci::trust::shasums::ShasumsError;
use tofu_oci::trust::zip_writer::WriteZipError;
use tofu_oci::types::tofu::PackageHash;

use super::{Advice, Code, io, zip};

pub(super) fn advice(error: &TrustError) -> Advice {
    match error {
        TrustError::Zip(error) => zip::zip(error),
        TrustError::Package(error) => zip::package(error),
        TrustError::Shasums(error) => shasums(error),
        TrustError::Pgp(error) => pgp(error),
        TrustError::Refused(refusal) => refused(refusal),
        TrustError::WriteZip(error) => write_zip(error),
        TrustError::Content { .. } | TrustError::Length { .. } => {
            Advice::new(Code::ZipDamaged).hint("copy or build the file again")
        }
        TrustError::Read(error) => io::advice_or(error, Code::ZipUnreadable),
        TrustError::Unpack { source, .. } => io::advice_or(source, Code::UnpackFailed),
        TrustError::Worker(error) => io::advice_or(error, Code::Interrupted),
        TrustError::NoDigest => Advice::new(Code::Interrupted),
        TrustError::Digest { .. } => Advice::new(Code::DigestMismatch),
        TrustError::Size { .. } => Advice::new(Code::SizeMismatch),
        TrustError::Locked { locked, actual } => {
            let shown = |hashes: &[PackageHash]| {
                let texts: Vec<String> = hashes.iter().map(ToString::to_string).collect();
                texts.join(", ")
            };
            let locked = match locked.as_slice() {
                [] => "the lock file has no hash that can be compared".to_owned(),
                some => format!("the lock file has {}", shown(some)),
            };
            Advice::new(Code::LockMismatch)
                .detail(locked)
                .detail(format!("the package has {}", shown(actual)))
        }
        TrustError::Claim { .. } => Advice::new(Code::HashMismatch),
    }
}

pub(super) fn shasums(error: &ShasumsError) -> Advice {
    match error {
        ShasumsError::TooLarge { .. } => Advice::new(Code::ChecksumsInvalid),
        ShasumsError::Unreadable { .. } => Advice::new(Code::ChecksumsInvalid).hint(
            "lines are 64 hex digits, two blanks and a file name, as `sha256sum` writes them",
        ),
        ShasumsError::NotCovered { .. } => Advice::new(Code::ChecksumsMismatch).hint(
            "make the checksums file again from the zips that are published, and sign it again",
        ),
    }
}

pub(super) fn pgp(error: &PgpError) -> Advice {
    let signature = Advice::new(Code::SignatureInvalid);
    match error {
        PgpError::ArmoredSignature => {
            signature.hint("sign with `gpg --detach-sign`, without `--armor`")
        }
        PgpError::NotADocumentSignature => signature.hint("sign with `gpg --detach-sign`"),
        PgpError::TooLarge { .. }
        | PgpError::TooMany { .. }
        | PgpError::NotOpenPgp { .. }
        | PgpError::Damaged { .. }
        | PgpError::OtherPackets { .. }
        | PgpError::NoIssuer => signature.hint(
            "make signatures with `gpg --detach-sign`, key files with `gpg --export --armor KEYID`",
        ),
        PgpError::PrivateKey => Advice::new(Code::PrivateKey)
            .hint("export the public key with `gpg --export --armor KEYID`"),
    }
}

/// A signature that was checked.
pub(super) fn signature(problem: &SignatureProblem) -> Advice {
    let advice = Advice::new(Code::SignatureRefused);
    match problem {
        SignatureProblem::Mismatch => {
            advice.hint("sign the checksums file again, after the last change to it")
        }
        SignatureProblem::Hash { .. } => {
            advice.hint("sign with `gpg --digest-algo SHA256 --detach-sign`")
        }
        SignatureProblem::NotADocument
        | SignatureProblem::Unreadable
        | SignatureProblem::NoTime
        | SignatureProblem::NoIssuer
        | SignatureProblem::UnknownCondition => advice.hint("sign with `gpg --detach-sign`"),
        SignatureProblem::InFuture { .. } => {
            advice.hint("set the clocks of this machine and of the one that signs")
        }
        SignatureProblem::TooMuchWork => Advice::new(Code::SignatureLimit).hint(
            "look at the keys beside the release: one has hundreds of statements that may not be its owner's",
        ),
        SignatureProblem::UnknownKey => advice.hint(
            "get the signer's public key from where you trust it, and compare its fingerprint",
        ),
        SignatureProblem::NotBound
        | SignatureProblem::NotForSigning
        | SignatureProblem::OlderThanKey { .. } => {
            advice.hint("export the whole public key again, or sign with a key made for signing")
        }
        SignatureProblem::Revoked { .. }
        | SignatureProblem::KeyExpired { .. }
        | SignatureProblem::SignatureExpired { .. } => advice.hint(
            "sign with a key that is valid; an expiry that was moved needs the key exported again",
        ),
    }
}

fn is_too_much_work(found: &PolicyWarning) -> bool {
    matches!(
        found,
        PolicyWarning::Signature {
            problem: SignatureProblem::TooMuchWork,
            ..
        }
    )
}

/// A package that a policy does not let in.
pub(super) fn refused(refusal: &Refusal) -> Advice {
    match refusal {
        Refusal::Unproven { found, .. } => {
            let details = |advice: Advice| {
                let found = found.iter();
                found.fold(advice, |advice, found| advice.detail(found.to_string()))
            };
            if found.iter().any(is_too_much_work) {
                return details(signature(&SignatureProblem::TooMuchWork));
            }
            let advice = details(Advice::new(Code::ProofMissing));
            let keys = found
                .iter()
                .any(|found| matches!(found, PolicyWarning::NotBelieved { .. }));
            match (found.is_empty(), keys) {
                (true, _) => advice.hint("the release is not signed: ask the publisher for a signed checksums file, and name their key with `--trusted-key`"),
                (false, true) => advice
                    .hint("if the fingerprint is that of the publisher, get their key from where you trust it and name it with `--trusted-key`"),
                (false, false) => advice.hint(
                    "get the publisher's key from where you trust it, and name it with `--trusted-key`",
                ),
            }
        }
        Refusal::BadSignature { found, .. } => {
            let advice = match found.as_ref() {
                PolicyWarning::Signature { problem, .. } => signature(problem),
                PolicyWarning::SignatureFile { problem, .. } => pgp(problem),
                _ => Advice::new(Code::SignatureRefused),
            };
            advice.detail(found.to_string())
        }
        Refusal::ListsDisagree { digests, .. } => Advice::new(Code::ChecksumsDisagree)
            .detail(format!("one says {}, the other {}", digests.0, digests.1))
            .hint("ask the publisher which of them is theirs"),
        Refusal::OtherDigest { .. } => Advice::new(Code::ChecksumsMismatch)
            .hint("the package is not the one that was signed: do not use it"),
        Refusal::Locked { .. } => Advice::new(Code::LockMismatch).hint(
            "where the lock file was made for other platforms only, install with `--platform` for every platform; \
             otherwise somebody replaced what was locked",
        ),
    }
}

pub(super) fn write_zip(error: &WriteZipError) -> Advice {
    match error {
        WriteZipError::Write(error) => io::advice_or(error, Code::ZipUnwritable),
        WriteZipError::Content { source, .. } => io::advice_or(source, Code::ZipUnwritable),
        WriteZipError::Name { .. } => {
            Advice::new(Code::ZipUnsafeName).hint("rename the file, or name it in .terraformignore")
        }
        WriteZipError::Order { .. } => Advice::new(Code::ZipUnwritable),
        WriteZipError::Changed { .. } => Advice::new(Code::ZipUnwritable)
            .hint("run the command again when nothing writes into the directory"),
    }
}
