//! The documents beside a release, as far as they have to be understood.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tofu_oci_types::artifact::AttachmentKind;
use tofu_oci_types::tofu::SbomFormat;

/// The protocol versions that a registry manifest states, ascending.
pub(super) fn protocols(content: &[u8]) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct RegistryManifest {
        version: u64,
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        protocol_versions: Vec<String>,
    }
    let manifest: RegistryManifest =
        serde_json::from_slice(content).map_err(|error| error.to_string())?;
    if manifest.version != 1 {
        return Err(format!("it has format version {}, not 1", manifest.version));
    }
    let mut versions = BTreeSet::new();
    for text in &manifest.metadata.protocol_versions {
        let number = |part: &str| part.parse::<u16>().ok().filter(|n| n.to_string() == part);
        let version = text
            .split_once('.')
            .and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
        match version {
            Some(version) => versions.insert(version),
            None => return Err(format!("the protocol version {text:?} is not like \"6.0\"")),
        };
    }
    if versions.is_empty() {
        return Err("it states no protocol version".to_owned());
    }
    Ok(versions
        .iter()
        .map(|(major, minor)| format!("{major}.{minor}"))
        .collect())
}

/// The format of an SBOM: its content decides, and must not contradict its name.
pub(super) fn sbom_kind(
    format: SbomFormat,
    content: &[u8],
) -> Result<AttachmentKind, &'static str> {
    #[derive(Deserialize)]
    struct Probe {
        #[serde(default, rename = "spdxVersion")]
        spdx: Option<IgnoredAny>,
        #[serde(default, rename = "bomFormat")]
        cyclonedx: Option<String>,
        #[serde(default, rename = "@context")]
        context: Option<serde_json::Value>,
    }
    let probe: Probe = serde_json::from_slice(content).map_err(|_| "it is not a JSON object")?;
    let context = probe.context.as_ref().and_then(serde_json::Value::as_str);
    let spdx = probe.spdx.is_some() || context.is_some_and(|text| text.contains("spdx.org"));
    let cyclonedx = probe.cyclonedx.as_deref() == Some("CycloneDX");
    match (spdx, cyclonedx) {
        (true, false) if format == SbomFormat::CycloneDx => {
            Err("its content is that of an SPDX document")
        }
        (false, true) if format == SbomFormat::Spdx => {
            Err("its content is that of a CycloneDX document")
        }
        (true, false) => Ok(AttachmentKind::Spdx),
        (false, true) => Ok(AttachmentKind::CycloneDx),
        (true, true) => Err("it claims to be SPDX and CycloneDX at once"),
        (false, false) => Err("it is neither SPDX nor CycloneDX"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_manifests() {
        let read = |text: &str| protocols(text.as_bytes());
        assert_eq!(
            read(r#"{"version":1,"metadata":{"protocol_versions":["6.0","5.0","6.0"]}}"#).unwrap(),
            ["5.0", "6.0"]
        );
        // By number, not by text.
        assert_eq!(
            read(r#"{"version":1,"metadata":{"protocol_versions":["10.0","6.10","6.2"]}}"#)
                .unwrap(),
            ["6.2", "6.10", "10.0"]
        );
        for (name, text) in [
            ("no JSON", "protocols: 5"),
            (
                "other format",
                r#"{"version":2,"metadata":{"protocol_versions":["6.0"]}}"#,
            ),
            (
                "none",
                r#"{"version":1,"metadata":{"protocol_versions":[]}}"#,
            ),
            ("no metadata", r#"{"version":1}"#),
            (
                "major only",
                r#"{"version":1,"metadata":{"protocol_versions":["6"]}}"#,
            ),
            (
                "leading zero",
                r#"{"version":1,"metadata":{"protocol_versions":["06.0"]}}"#,
            ),
            (
                "a comma",
                r#"{"version":1,"metadata":{"protocol_versions":["5.0,6.0"]}}"#,
            ),
        ] {
            assert!(read(text).is_err(), "{name}");
        }
    }

    #[test]
    fn sboms_are_told_by_content() {
        let spdx = br#"{"SPDXID":"SPDXRef-DOCUMENT","spdxVersion":"SPDX-2.3"}"#;
        let spdx3 = br#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}"#;
        let cyclonedx = br#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#;
        for (format, content, kind) in [
            (SbomFormat::Spdx, &spdx[..], Some(AttachmentKind::Spdx)),
            (SbomFormat::Unsaid, spdx, Some(AttachmentKind::Spdx)),
            (SbomFormat::Spdx, spdx3, Some(AttachmentKind::Spdx)),
            (
                SbomFormat::Unsaid,
                cyclonedx,
                Some(AttachmentKind::CycloneDx),
            ),
            (
                SbomFormat::CycloneDx,
                cyclonedx,
                Some(AttachmentKind::CycloneDx),
            ),
            (SbomFormat::CycloneDx, spdx, None),
            (SbomFormat::Spdx, cyclonedx, None),
            (SbomFormat::Unsaid, b"{}", None),
            (SbomFormat::Unsaid, b"SPDXVersion: SPDX-2.3", None),
            (
                SbomFormat::Unsaid,
                br#"{"spdxVersion":"SPDX-2.3","bomFormat":"CycloneDX"}"#,
                None,
            ),
        ] {
            assert_eq!(
                sbom_kind(format, content).ok(),
                kind,
                "{format:?} {content:?}"
            );
        }
    }
}
