//! Publishes that stopped.

use tofu_oci::publish::{Given, PublishError, SignError};

use super::{Advice, Code, Diagnostic, Failure, artifact, io, store, trust, word};

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self::from(diagnostics(&error))
    }
}

/// Independent failures are told one by one.
fn diagnostics(error: &PublishError) -> Vec<Diagnostic> {
    if let PublishError::Several(errors) = error {
        return errors.iter().flat_map(diagnostics).collect();
    }
    vec![Diagnostic::of(error, advice(error))]
}

fn advice(error: &PublishError) -> Advice {
    match error {
        PublishError::Several(_) => Advice::new(Code::ReleaseInvalid),
        PublishError::Read { source, .. } => io::advice(source),
        PublishError::NoPackages { .. } => Advice::new(Code::NoPackages)
            .hint("packages are named terraform-provider-TYPE_VERSION_OS_ARCH.zip; a single zip of another name needs `--source`, `--version` and `--platform`"),
        PublishError::NotOfARelease { .. } => {
            Advice::new(Code::NoPackages).hint("name zips, or directories with zips")
        }
        PublishError::Filename { source, .. } => word::advice(source),
        PublishError::Unnamed { missing, .. } => {
            let flags: Vec<&str> = missing.iter().map(flag).collect();
            Advice::new(Code::Usage).hint(format!("give {}", flags.join(" and ")))
        }
        PublishError::UnnamedAmongOthers { .. } => Advice::new(Code::Usage)
            .hint("name it terraform-provider-TYPE_VERSION_OS_ARCH.zip, or publish it alone"),
        PublishError::SeveralProviders { .. } => Advice::new(Code::ReleaseInvalid)
            .hint("choose one with `--source HOST/NAMESPACE/TYPE`, or name its zips"),
        PublishError::OtherProvider { .. } => Advice::new(Code::ReleaseInvalid).hint("correct `--source`"),
        PublishError::SeveralVersions { .. } => {
            Advice::new(Code::ReleaseInvalid).hint("choose one with `--version V`")
        }
        PublishError::VersionMissing { .. } => {
            Advice::new(Code::ReleaseInvalid).hint("correct `--version` or the tag of the address")
        }
        PublishError::PlatformMissing { .. } => {
            Advice::new(Code::PlatformMissing).hint("correct `--platform`, or build the package")
        }
        PublishError::DuplicatePlatform { .. } | PublishError::DuplicateFile { .. } => {
            Advice::new(Code::ReleaseInvalid).hint("name the files of the release one by one")
        }
        PublishError::Package { source, .. } => trust::advice(source),
        PublishError::Shasums { source, .. } => trust::shasums(source),
        PublishError::Signature { source, .. } | PublishError::Key { source, .. } => trust::pgp(source),
        PublishError::SignatureRefused { source, .. } => trust::signature(source),
        PublishError::Sign { source } => sign(source),
        PublishError::NoShasums { .. } => Advice::new(Code::ChecksumsInvalid)
            .hint("put the checksums file beside the zips, or leave the file out"),
        PublishError::KeyNotArmored { .. } => Advice::new(Code::SignatureInvalid)
            .hint("export the public key with `gpg --export --armor KEYID`"),
        PublishError::RegistryManifest { .. } => Advice::new(Code::ReleaseFileInvalid)
            .hint("the form is {\"version\":1,\"metadata\":{\"protocol_versions\":[\"6.0\"]}}"),
        PublishError::Sbom { .. } => {
            Advice::new(Code::ReleaseFileInvalid).hint("SBOMs are SPDX 2 or CycloneDX documents in JSON")
        }
        PublishError::SbomPlatform { .. } => Advice::new(Code::ReleaseFileInvalid),
        PublishError::DigestGiven { .. } => {
            Advice::new(Code::Usage).hint("name the repository, perhaps with a tag, without a digest")
        }
        PublishError::OtherTag { .. } => {
            Advice::new(Code::Usage).hint("leave the tag out, or correct it")
        }
        PublishError::NotAVersion { .. } => {
            Advice::new(Code::Usage).hint("tags of published versions are versions, such as 1.2.3")
        }
        PublishError::NoVersion => {
            Advice::new(Code::Usage).hint("give it as the tag of the address, or with `--version V`")
        }
        PublishError::Untaggable { source, .. } => word::advice(source),
        PublishError::Twin { .. } => Advice::new(Code::VersionExists).hint("publish under a new version"),
        PublishError::MixedRepository { .. } => Advice::new(Code::NotAPackage)
            .hint("publish into another repository: one holds the versions of one provider or of one module"),
        PublishError::NameMissing { example, .. } => Advice::new(Code::InvalidAddress)
            .hint(format!("write dir:PATH//NAME; one that is there is {example}")),
        PublishError::NameBelowLayout { .. } => Advice::new(Code::InvalidAddress)
            .hint("write dir:PATH without a name, or choose another directory"),
        PublishError::VersionExists { .. } => Advice::new(Code::VersionExists).hint(
            "publish under a new version; `--force` replaces this one, and breaks whoever has locked it",
        ),
        PublishError::Destination { source, .. } => store::advice(source),
        PublishError::Send { source, .. } => store::advice(source),
        PublishError::Store { source, .. } => store::copy(source),
        PublishError::EvidenceRefused { .. } => Advice::new(Code::EvidenceRefused).hint(
            "publish with `--profile embedded`, which keeps it inside the packages' manifests; the version has no tag yet",
        ),
        PublishError::EvidenceLost { .. } => Advice::new(Code::EvidenceLost).hint(
            "publish with `--profile embedded`, which keeps it inside the packages' manifests; what has its tag already stays, so that needs a new version",
        ),
        PublishError::ReadBack { .. } => Advice::new(Code::TagMoved)
            .hint("somebody else writes to this repository; look with `tofu-oci show`, then publish again"),
        PublishError::Artifact { source } => artifact::advice(source),
        PublishError::EmptyModule { .. } => {
            Advice::new(Code::ModuleInvalid).hint("check the path and .terraformignore")
        }
        PublishError::LinkOutside { .. } => Advice::new(Code::ModuleInvalid)
            .hint("copy the file into the module, or name the link in .terraformignore"),
        PublishError::LinkToExcluded { .. } => Advice::new(Code::ModuleInvalid)
            .hint("copy the file to a place that .terraformignore does not name, or remove the link"),
        PublishError::ModuleTooLarge { .. } => Advice::new(Code::ModuleInvalid)
            .hint("name what does not belong to the module in .terraformignore"),
        PublishError::Pack { source, .. } => trust::write_zip(source),
        PublishError::Scratch { source, .. } => io::advice(source).or_hint("choose another place with TMPDIR"),
        PublishError::LinkCycle { .. } | PublishError::SpecialFile { .. } => {
            Advice::new(Code::ModuleInvalid).hint("remove it, or name it in .terraformignore")
        }
        PublishError::UnpackableName { .. } => {
            Advice::new(Code::ModuleInvalid).hint("rename the file, or name it in .terraformignore")
        }
        PublishError::Interrupted { .. } => Advice::new(Code::Interrupted),
    }
}

fn sign(error: &SignError) -> Advice {
    let failed = Advice::new(Code::SigningFailed);
    match error {
        SignError::Start { .. } => failed.hint("check the installation of GnuPG"),
        SignError::NoKey { .. } => failed.hint("list the keys with `gpg --list-secret-keys --keyid-format long`"),
        SignError::Failed { .. } => failed.hint(
            "try `gpg --local-user KEYID! --detach-sign FILE`; name the subkey that signs where the key itself cannot",
        ),
        SignError::Timeout { .. } => failed.hint(
            "unlock the key first, for example with `gpg --sign`, or let its agent ask in a window",
        ),
        SignError::Output(_) | SignError::OtherKey { .. } => {
            failed.hint("name the key by its fingerprint")
        }
        SignError::Signature(problem) => trust::signature(problem),
    }
}

/// The flag that says it.
fn flag(given: &Given) -> &'static str {
    match given {
        Given::Source => "`--source HOST/NAMESPACE/TYPE`",
        Given::Version => "`--version V`",
        Given::Platform => "one `--platform P`",
    }
}
