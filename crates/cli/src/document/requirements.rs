use serde::Serialize;

use super::{Document, Field};

/// What a configuration needs.
#[derive(Debug, Serialize)]
pub(crate) struct RequirementsDocument {
    pub(crate) version: u8,
    pub(crate) providers: Vec<ProviderEntry>,
    pub(crate) modules: Vec<ModuleEntry>,
}

/// A provider, and who asks for it.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderEntry {
    pub(crate) source: String,
    pub(crate) constraints: Vec<String>,
    pub(crate) required_by: Vec<String>,
}

/// A module call.
#[derive(Debug, Serialize)]
pub(crate) struct ModuleEntry {
    pub(crate) path: String,
    pub(crate) source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) missing: bool,
}

impl Document for RequirementsDocument {
    const COMMAND: &'static str = "requirements";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        (
            "providers",
            "array",
            "providers, by source; built-in ones are left out",
        ),
        (
            "providers[].source",
            "string",
            "source address: `HOST/NAMESPACE/TYPE`",
        ),
        (
            "providers[].constraints",
            "array",
            "version constraints as written, sorted, each once",
        ),
        ("providers[].constraints[]", "string", "one of them"),
        (
            "providers[].required_by",
            "array",
            "modules that ask for it, sorted",
        ),
        (
            "providers[].required_by[]",
            "string",
            "`root`, or `module.a.module.b`",
        ),
        ("modules", "array", "module calls, by path"),
        ("modules[].path", "string", "`module.a.module.b`"),
        (
            "modules[].source",
            "string",
            "source, in its normal spelling",
        ),
        (
            "modules[].version",
            "string?",
            "version constraint, where the call has one",
        ),
        (
            "modules[].missing",
            "boolean?",
            "`true` where the module is not installed; what it needs is not known",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            providers: vec![ProviderEntry {
                source: "registry.opentofu.org/acme/demo".to_owned(),
                constraints: vec![">= 1.2.0".to_owned(), "~> 1.0".to_owned()],
                required_by: vec!["module.network".to_owned(), "root".to_owned()],
            }],
            modules: vec![
                ModuleEntry {
                    path: "module.network".to_owned(),
                    source: "./network".to_owned(),
                    version: None,
                    missing: false,
                },
                ModuleEntry {
                    path: "module.vpc".to_owned(),
                    source: "registry.opentofu.org/acme/vpc/aws".to_owned(),
                    version: Some("~> 5.0".to_owned()),
                    missing: true,
                },
            ],
        }
    }
}
