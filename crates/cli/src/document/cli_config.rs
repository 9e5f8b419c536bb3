use std::collections::BTreeMap;

use serde::Serialize;

use super::{Document, Field};

/// A CLI configuration in JSON. Clients skip the names that they do not know, `version` among them,
/// so it can be given to them as it is.
#[derive(Debug, Serialize)]
pub(crate) struct CliConfigDocument {
    pub(crate) version: u8,
    pub(crate) provider_installation: InstallationEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oci_credentials: Option<BTreeMap<String, HelperEntry>>,
}

/// The installation methods. Clients overlook methods that are no lists.
#[derive(Debug, Serialize)]
pub(crate) struct InstallationEntry {
    pub(crate) oci_mirror: Vec<OciMirrorEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) direct: Vec<DirectEntry>,
}

/// The mirror.
#[derive(Debug, Serialize)]
pub(crate) struct OciMirrorEntry {
    pub(crate) repository_template: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) include: Vec<String>,
}

/// The registries of all other providers.
#[derive(Debug, Serialize)]
pub(crate) struct DirectEntry {
    pub(crate) exclude: Vec<String>,
}

/// What a registry is told.
#[derive(Debug, Serialize)]
pub(crate) struct HelperEntry {
    pub(crate) docker_credentials_helper: String,
}

impl Document for CliConfigDocument {
    const COMMAND: &'static str = "cli-config";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1; clients skip it"),
        (
            "provider_installation",
            "object",
            "the document as a whole is a CLI configuration that OpenTofu reads",
        ),
        (
            "provider_installation.oci_mirror",
            "array",
            "the mirror, alone in a list",
        ),
        (
            "provider_installation.oci_mirror[].repository_template",
            "string",
            "the template, as OpenTofu reads it",
        ),
        (
            "provider_installation.oci_mirror[].include",
            "array?",
            "the providers of the mirror, where they are not all",
        ),
        (
            "provider_installation.oci_mirror[].include[]",
            "string",
            "`HOST/NAMESPACE/TYPE`, with `*` for any",
        ),
        (
            "provider_installation.direct",
            "array?",
            "their own registries, for all other providers, where there are others",
        ),
        (
            "provider_installation.direct[].exclude",
            "array",
            "the providers of the mirror",
        ),
        (
            "provider_installation.direct[].exclude[]",
            "string",
            "`HOST/NAMESPACE/TYPE`, with `*` for any",
        ),
        (
            "oci_credentials",
            "object?",
            "what the registry is told, by its host; with `--credentials-helper`",
        ),
        ("oci_credentials.*", "object", "of one registry"),
        (
            "oci_credentials.*.docker_credentials_helper",
            "string",
            "the last part of the helper's name",
        ),
    ];

    fn example() -> Self {
        let include = vec!["registry.opentofu.org/*/*".to_owned()];
        let helper = HelperEntry {
            docker_credentials_helper: "pass".to_owned(),
        };
        Self {
            version: 1,
            provider_installation: InstallationEntry {
                oci_mirror: vec![OciMirrorEntry {
                    repository_template: "oci.example.com/tofu/${namespace}/${type}".to_owned(),
                    include: include.clone(),
                }],
                direct: vec![DirectEntry { exclude: include }],
            },
            oci_credentials: Some(BTreeMap::from([("oci.example.com".to_owned(), helper)])),
        }
    }
}
