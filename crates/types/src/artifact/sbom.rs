//! Which kind of attachment an SBOM is.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::AttachmentKind;
use crate::tofu::SbomFormat;

impl AttachmentKind {
    /// The kind of an SBOM: its content decides, and must not contradict its name, which says `format`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that go on after the name of the file.
    pub fn of_sbom(format: SbomFormat, content: &[u8]) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Probe {
            #[serde(default, rename = "spdxVersion")]
            spdx: Option<IgnoredAny>,
            #[serde(default, rename = "bomFormat")]
            cyclonedx: Option<String>,
            #[serde(default, rename = "@context")]
            context: Option<serde_json::Value>,
        }
        let probe: Probe =
            serde_json::from_slice(content).map_err(|_| "it is not a JSON object")?;
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
            (true, false) => Ok(Self::Spdx),
            (false, true) => Ok(Self::CycloneDx),
            (true, true) => Err("it claims to be SPDX and CycloneDX at once"),
            (false, false) => Err("it is neither SPDX nor CycloneDX"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                AttachmentKind::of_sbom(format, content).ok(),
                kind,
                "{format:?} {content:?}"
            );
        }
    }
}
