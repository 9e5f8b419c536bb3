//! Packages that cannot be found or fetched.

use tofu_oci::source::SourceError;
use tofu_oci::types::tofu::Platform;

use super::{Advice, Code, Exit, artifact, io, store, trust, word};

pub(super) fn advice(error: &SourceError) -> Advice {
    match error {
        SourceError::UnknownProvider { source, .. } => Advice {
            code: Code::ProviderNotFound,
            ..store::advice(source)
        }
        .hint("publish it with `tofu-oci publish provider`, or correct `--from` or the CLI configuration"),
        SourceError::UnknownVersion { source, .. } => Advice {
            code: Code::ProviderNotFound,
            ..store::advice(source)
        },
        SourceError::Nowhere { places, .. } if places.is_empty() => {
            Advice::new(Code::ProviderUnmapped).hint(
                "let a method of provider_installation include it, or say where providers are with `--from`",
            )
        }
        SourceError::Nowhere { .. } => Advice::new(Code::ProviderNotFound)
            .hint("publish it with `tofu-oci publish provider`, or correct the CLI configuration"),
        SourceError::UnsupportedMethod { .. } => Advice::new(Code::MethodUnsupported).hint(
            "say where providers are with `--from`, or exclude it there and include it in an oci_mirror block; `tofu-oci cli-config` prints one",
        ),
        SourceError::Unmappable { .. } => Advice::new(Code::ProviderUnmapped).hint(
            "say where providers are with `--from`, such as --from 'dir:./registry//{namespace}/{type}'",
        ),
        SourceError::Collision { .. } => Advice::new(Code::ProviderCollision).hint(
            "tell the providers apart in the template, such as --from 'dir:./registry//{hostname}/{namespace}/{type}'",
        ),
        SourceError::Untaggable { source, .. } => word::advice(source),
        SourceError::PlatformMissing {
            platform,
            place,
            available,
            ..
        } => {
            artifact::platform_missing(platform).detail(offered(place, available))
        }
        SourceError::Artifact { source, .. } => artifact::advice(source),
        SourceError::UnknownModule { source, .. } => Advice {
            code: Code::ModuleNotFound,
            ..store::advice(source)
        },
        SourceError::Read { source, .. } => store::advice(source),
        SourceError::Refused { source, .. } => {
            let advice = trust::advice(source);
            match advice.code {
                Code::LockMismatch => advice,
                Code::HashMismatch => advice.hint(
                    "the artifact was put together wrongly, or tampered with: publish the version again from its original files",
                ),
                Code::DigestMismatch | Code::SizeMismatch => advice.hint(
                    "what the repository holds is not what was published; `tofu-oci fsck PATH` checks a whole directory",
                ),
                // Nothing was learnt about the package.
                _ if advice.code.exit() == Exit::Failed => advice,
                // Zips are looked into before their digest is complete, so either may be the reason.
                _ => advice.hint(
                    "the package itself is unsafe or damaged: its publisher has to build it again and publish a new version, \
                     unless `tofu-oci fsck PATH` finds that only the copy in the repository is damaged",
                ),
            }
        }
        SourceError::Unpack { source, .. } => io::advice_or(source, Code::UnpackFailed),
        SourceError::Interrupted { .. } => Advice::new(Code::Interrupted),
    }
}

/// The platforms that a release has.
fn offered(place: &str, available: &[Platform]) -> String {
    if available.is_empty() {
        return format!("{place} has no packages");
    }
    let available: Vec<String> = available.iter().map(ToString::to_string).collect();
    format!("{place} has {}", available.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_without_packages_is_a_sentence() {
        assert_eq!(offered("x", &[]), "x has no packages");
        let linux: Platform = "linux_amd64".parse().unwrap();
        assert_eq!(offered("x", &[linux]), "x has linux_amd64");
    }
}
