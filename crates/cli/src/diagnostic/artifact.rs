//! Manifests that are not the artifacts they should be.

use tofu_oci::types::artifact::ArtifactError;
use tofu_oci::types::tofu::Platform;

use super::{Advice, Code};

pub(super) fn advice(error: &ArtifactError) -> Advice {
    match error {
        ArtifactError::NotAnIndex => Advice::new(Code::NotAProvider)
            .hint("a provider is published with `tofu-oci publish provider`; `tofu-oci show REF` shows what this is"),
        ArtifactError::NotAnImage => Advice::new(Code::NotAModule)
            .hint("a module is published with `tofu-oci publish module`; `tofu-oci show REF` shows what this is"),
        ArtifactError::MediaType(_)
        | ArtifactError::Undeclared
        | ArtifactError::EntryMediaType { .. }
        | ArtifactError::EntryPlatform { .. }
        | ArtifactError::NoPackages { .. }
        | ArtifactError::PlatformAmbiguous { .. }
        | ArtifactError::NoPackageLayer { .. }
        | ArtifactError::PackageLayers { .. }
        | ArtifactError::PackageDigest { .. } => Advice::new(Code::ArtifactInvalid)
            .hint("`tofu-oci show REF` shows what is there; publish the version again"),
        ArtifactError::ArtifactType { .. } => {
            Advice::new(Code::ArtifactInvalid).hint("`tofu-oci show REF` shows what is there")
        }
        ArtifactError::PlatformMissing { platform, .. } => platform_missing(platform),
        ArtifactError::PackagePlatform { .. } | ArtifactError::AnnotationMismatch { .. } => {
            Advice::new(Code::PackageMismatch)
        }
        ArtifactError::EmbeddedLayers { .. } | ArtifactError::EmbeddedSize { .. } => {
            Advice::new(Code::EvidenceTooLarge)
                .hint("publish fewer or smaller SBOMs with `--profile embedded`, or choose `--profile referrers`")
        }
        ArtifactError::Empty => Advice::new(Code::PlatformMissing),
        ArtifactError::Duplicate { .. } => {
            Advice::new(Code::Usage).hint("name the zips that belong to the release one by one")
        }
    }
}

pub(super) fn platform_missing(platform: &Platform) -> Advice {
    Advice::new(Code::PlatformMissing).hint(format!(
        "publish the release with a package for {platform}, or choose another platform with `--platform`"
    ))
}
