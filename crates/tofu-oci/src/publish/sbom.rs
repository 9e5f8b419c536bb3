//! Whether an SBOM says anything about the package that it lies beside, and anything that scanners use.
//!
//! Neither stops a publish: formats leave room for documents that we would not recognise.

use tofu_oci_types::artifact::{Attachment, AttachmentKind};
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::{Platform, Version};

use super::beside::Beside;
use super::release_artifact::Proven;
use crate::{Progress, Warning};

/// Warns of SBOMs that are likely the wrong ones, or of no use.
pub(super) fn check(beside: &Beside, proven: &[Proven], version: &Version, progress: &Progress) {
    for (platform, attachment) in &beside.attachments {
        let about = |package: &&Proven| platform.as_ref().is_none_or(|of| *of == package.platform);
        let digests = proven.iter().filter(about);
        let digests: Vec<&Digest> = digests.map(|package| package.package.digest()).collect();
        for (filename, problem) in problems(attachment, platform.as_ref(), &digests, version) {
            progress.warn(Warning::Sbom { filename, problem });
        }
    }
}

fn problems(
    attachment: &Attachment,
    platform: Option<&Platform>,
    digests: &[&Digest],
    version: &Version,
) -> Vec<(String, String)> {
    if !matches!(
        attachment.kind,
        AttachmentKind::Spdx | AttachmentKind::CycloneDx
    ) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for layer in &attachment.layers {
        let mut say = |problem: String| problems.push((layer.filename.clone(), problem));
        let content = layer.content.as_ref();
        let version = version.to_string();
        let named = mentions(content, &version)
            || digests
                .iter()
                .any(|digest| mentions(content, digest.encoded()));
        if !named {
            let what = platform.map_or_else(
                || "the packages of this release".to_owned(),
                |platform| format!("the package for {platform}"),
            );
            say(format!(
                "it does not refer to {what}: it has neither the digest of a zip nor the version {version}"
            ));
        }
        if !contains(content, b"pkg:golang/") {
            say(
                "it names no Go module (`pkg:golang/…`), so scanners find nothing in it".to_owned(),
            );
        }
    }
    problems
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|found| found == part)
}

/// Whether a text is in the content, and is not a part of a longer number or version.
fn mentions(content: &[u8], text: &str) -> bool {
    let (text, mut at) = (text.as_bytes(), 0);
    while let Some(rest) = content.get(at..) {
        let Some(found) = rest.windows(text.len()).position(|found| found == text) else {
            return false;
        };
        let (start, end) = (at + found, at + found + text.len());
        let before = start.checked_sub(1).and_then(|before| content.get(before));
        let whole =
            |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_digit() && *byte != b'.');
        if whole(before) && whole(content.get(end)) {
            return true;
        }
        at = start + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use tofu_oci_types::artifact::AttachmentLayer;

    use super::*;

    #[test]
    fn what_an_sbom_is_about() {
        let digest = Digest::of(b"zip");
        let version: Version = "1.2.3".parse().unwrap();
        let platform: Platform = "linux_amd64".parse().unwrap();
        let told = |content: String| {
            let attachment = Attachment {
                kind: AttachmentKind::Spdx,
                layers: vec![AttachmentLayer {
                    media_type: AttachmentKind::Spdx.layer_type(),
                    filename: "x.spdx.json".to_owned(),
                    content: content.into(),
                }],
                annotations: Default::default(),
            };
            problems(&attachment, Some(&platform), &[&digest], &version).len()
        };
        let go = "pkg:golang/example.com/x@v0.1.0";
        assert_eq!(told(format!("{{\"v\":\"1.2.3\",\"p\":\"{go}\"}}")), 0);
        assert_eq!(told(format!("{{\"v\":\"v1.2.3\",\"p\":\"{go}\"}}")), 0);
        let hex = digest.encoded();
        assert_eq!(told(format!("{{\"d\":\"{hex}\",\"p\":\"{go}\"}}")), 0);
        for other in ["11.2.3", "1.2.30", "0.1.2.3", "1.2.3.4", "1.2"] {
            assert_eq!(
                told(format!("{{\"v\":\"{other}\",\"p\":\"{go}\"}}")),
                1,
                "{other}"
            );
        }
        // A longer one first does not hide it.
        assert_eq!(
            told(format!("{{\"v\":[\"11.2.3\",\"1.2.3\"],\"p\":\"{go}\"}}")),
            0
        );
        assert_eq!(told("{\"v\":\"1.2.3\"}".to_owned()), 1);
        assert_eq!(told("{}".to_owned()), 2);
    }
}
