//! `terraform-registry-manifest.json`: what a provider's release says of itself to registries.
//!
//! ```text
//! {"version": 1, "metadata": {"protocol_versions": ["6.0"]}}
//! ```

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::oci::json::JsonError;

/// A registry manifest, as far as it is understood; other members are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryManifest {
    /// The versions of the plugin protocol that the provider speaks, `MAJOR.MINOR`, each once, ascending by number.
    pub protocols: Vec<String>,
}

/// Why a registry manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryManifestError {
    /// It is not JSON of the right shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It has another format version than 1.
    #[error("it has format version {0}, not 1")]
    Format(u64),
    /// Something in the list of protocol versions is none.
    #[error("the protocol version {0:?} is not like \"6.0\"")]
    Protocol(String),
    /// The list is empty.
    #[error("it states no protocol version")]
    NoProtocol,
}

#[derive(Deserialize)]
struct Document {
    version: u64,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    protocol_versions: Vec<String>,
}

impl RegistryManifest {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`RegistryManifestError`].
    pub fn read(bytes: &[u8]) -> Result<Self, RegistryManifestError> {
        let document: Document = serde_json::from_slice(bytes).map_err(JsonError::from)?;
        if document.version != 1 {
            return Err(RegistryManifestError::Format(document.version));
        }
        let mut versions = BTreeSet::new();
        for text in document.metadata.protocol_versions {
            let number = |part: &str| part.parse::<u16>().ok().filter(|n| n.to_string() == part);
            let version = text
                .split_once('.')
                .and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
            match version {
                Some(version) => versions.insert(version),
                None => return Err(RegistryManifestError::Protocol(text)),
            };
        }
        if versions.is_empty() {
            return Err(RegistryManifestError::NoProtocol);
        }
        let protocols = versions
            .iter()
            .map(|(major, minor)| format!("{major}.{minor}"))
            .collect();
        Ok(Self { protocols })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_manifests() {
        let read = |text: &str| RegistryManifest::read(text.as_bytes()).map(|read| read.protocols);
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
}
