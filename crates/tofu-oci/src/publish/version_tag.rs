//! Which tag a version gets, and whether it may have it.

use tofu_oci_types::artifact::{MODULE_PACKAGE, PROVIDER};
use tofu_oci_types::oci::{Address, MediaType, Tag};
use tofu_oci_types::tofu::Version;

use super::PublishError;
use super::destination::Destination;
use super::repair::is_lost;

/// The version that an address names, if it names one.
pub(super) fn tagged(address: &Address) -> Result<Option<Version>, PublishError> {
    if let Some(digest) = address.digest() {
        return Err(PublishError::DigestGiven {
            digest: digest.clone(),
        });
    }
    let Some(tag) = address.tag() else {
        return Ok(None);
    };
    // `_` stands for `+`, which no tag can have.
    let text = tag.as_str().replace('_', "+");
    Version::canonical(&text)
        .map(Some)
        .map_err(|source| PublishError::NotAVersion {
            tag: tag.clone(),
            source,
        })
}

/// The tag of a version, which must be the one that the address names, if it names one.
pub(super) fn tag_of(version: &Version, address: &Address) -> Result<Tag, PublishError> {
    let expected = version
        .to_tag()
        .map_err(|source| PublishError::Untaggable {
            version: version.clone(),
            source,
        })?;
    match address.tag() {
        Some(tag) if *tag != expected => Err(PublishError::OtherTag {
            tag: tag.clone(),
            version: version.clone(),
            expected,
        }),
        _ => Ok(expected),
    }
}

/// Refuses a version that differs in build metadata only from one that is there: clients take
/// them for the same.
pub(super) fn refuse_twin(
    to: &Destination,
    version: &Version,
    versions: &[Version],
) -> Result<(), PublishError> {
    match versions
        .iter()
        .find(|other| other.same_release(version) && *other != version)
    {
        Some(existing) => Err(PublishError::Twin {
            place: to.place(),
            version: version.clone(),
            existing: existing.clone(),
        }),
        None => Ok(()),
    }
}

/// Refuses to put a module beside a provider's versions and the reverse. `at` is the version's own
/// tag, where it is there; otherwise the newest of `versions` tells.
pub(super) async fn refuse_mixed(
    to: &Destination,
    ours: &MediaType,
    at: Option<&Tag>,
    versions: &[Version],
) -> Result<(), PublishError> {
    let newest = || versions.iter().max().and_then(|v| v.to_tag().ok());
    let (Some(reader), Some(tag)) = (to.reader(), at.cloned().or_else(newest)) else {
        return Ok(());
    };
    let manifest = match reader.manifest(&tag.clone().into()).await {
        Ok(manifest) => manifest,
        // What is lost does not say what it was.
        Err(error) if is_lost(&error) => return Ok(()),
        Err(error) => return Err(to.failed(error)),
    };
    match manifest.artifact_type() {
        Some(found) if found != ours && [PROVIDER, MODULE_PACKAGE].contains(found) => {
            Err(PublishError::MixedRepository {
                place: to.place(),
                tag,
                found: found.clone(),
            })
        }
        _ => Ok(()),
    }
}

/// Whether `version` is the newest stable one of `others` and itself.
pub(super) fn is_newest(version: &Version, others: &[Version]) -> bool {
    !version.is_prerelease()
        && others
            .iter()
            .filter(|other| !other.is_prerelease())
            .all(|other| other.precedence_cmp(version).is_le())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn tags() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        assert_eq!(tagged(&address("dir:r//a")).unwrap(), None);
        assert_eq!(
            tagged(&address("dir:r//a:1.2.3_b.1")).unwrap(),
            Some(version("1.2.3+b.1"))
        );
        for (text, says) in [
            ("dir:r//a:v1.2.3", "write 1.2.3"),
            ("dir:r//a:1.2", "write 1.2.0"),
            ("dir:r//a:latest", ""),
        ] {
            let error = tagged(&address(text)).unwrap_err();
            let PublishError::NotAVersion { source, .. } = error else {
                panic!("{text}: {error}");
            };
            assert!(source.to_string().contains(says), "{text}: {source}");
        }
        let tag = tag_of(&version("1.2.3+b.1"), &address("dir:r//a")).unwrap();
        assert_eq!(tag.as_str(), "1.2.3_b.1");
        assert!(tag_of(&version("1.2.4"), &address("dir:r//a:1.2.3")).is_err());
    }

    #[test]
    fn latest_never_moves_backwards() {
        let others = ["1.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0"].map(version);
        for (text, newest) in [
            ("1.10.1", true),
            ("1.10.0", true),
            ("1.9.9", false),
            ("2.0.0-rc.2", false),
            ("2.0.0", true),
        ] {
            assert_eq!(is_newest(&version(text), &others), newest, "{text}");
        }
        assert!(is_newest(&version("0.0.1"), &[]));
        assert!(!is_newest(&version("0.0.1-a"), &[]));
    }
}
