use serde::Serialize;

use super::{Document, Field, ProofEntry};

/// What an install did.
#[derive(Debug, Serialize)]
pub(crate) struct InstallDocument {
    pub(crate) version: u8,
    pub(crate) dry_run: bool,
    pub(crate) providers: Vec<InstalledProviderEntry>,
    pub(crate) modules: Vec<InstalledModuleEntry>,
    pub(crate) lock_file: LockFileEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module_lock_file: Option<LockFileEntry>,
}

/// One provider package.
#[derive(Debug, Serialize)]
pub(crate) struct InstalledProviderEntry {
    pub(crate) source: String,
    pub(crate) version: String,
    pub(crate) platform: String,
    pub(crate) action: &'static str,
    pub(crate) from: &'static str,
    pub(crate) size: u64,
    pub(crate) directory: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plugin_cache: Option<String>,
    pub(crate) hashes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proofs: Option<Vec<ProofEntry>>,
}

/// One module package.
#[derive(Debug, Serialize)]
pub(crate) struct InstalledModuleEntry {
    pub(crate) path: String,
    pub(crate) source: String,
    pub(crate) pinned: Option<String>,
    pub(crate) digest: String,
    pub(crate) directory: String,
}

/// A lock file.
#[derive(Debug, Serialize)]
pub(crate) struct LockFileEntry {
    pub(crate) path: String,
    pub(crate) change: &'static str,
}

impl Document for InstallDocument {
    const COMMAND: &'static str = "install";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("dry_run", "boolean", "whether this is only the plan"),
        (
            "providers",
            "array",
            "provider packages, by source address and platform",
        ),
        (
            "providers[].source",
            "string",
            "source address: `HOST/NAMESPACE/TYPE`",
        ),
        ("providers[].version", "string", "version"),
        ("providers[].platform", "string", "platform: `OS_ARCH`"),
        (
            "providers[].action",
            "string",
            "`installed`, `replaced`, `linked` because the plugin cache has it, or `kept` because it is what the lock file says",
        ),
        (
            "providers[].from",
            "string",
            "where it comes from: `source`, `cache`, `plugin-cache`, or `place` where it is kept",
        ),
        (
            "providers[].size",
            "number",
            "length of the zip that is fetched, in bytes; 0 where none is",
        ),
        (
            "providers[].directory",
            "string",
            "directory of the package",
        ),
        (
            "providers[].plugin_cache",
            "string?",
            "directory in the plugin cache that the package was put into or found in; absent where there is no plugin cache, or it is kept",
        ),
        (
            "providers[].hashes",
            "array",
            "hashes computed from the package; none where it is kept",
        ),
        ("providers[].hashes[]", "string", "`h1:…` or `zh:…`"),
        (
            "providers[].level",
            "string?",
            "how much is known of who made it: `trusted`, `origin`, `self-asserted` or `integrity`; absent where nobody asked",
        ),
        (
            "providers[].proofs",
            "array?",
            "what proves something about it, the best first; absent where nobody asked",
        ),
        (
            "providers[].proofs[].kind",
            "string",
            "`pgp-sums` or `lock`",
        ),
        ("providers[].proofs[].level", "string", "what it proves"),
        (
            "providers[].proofs[].list",
            "string|null",
            "the checksums file; null for the lock file, as everything below",
        ),
        (
            "providers[].proofs[].fingerprint",
            "string|null",
            "fingerprint of the key",
        ),
        (
            "providers[].proofs[].signer",
            "string|null",
            "fingerprint of the key or subkey that signed",
        ),
        (
            "providers[].proofs[].name",
            "string|null",
            "name in the key, which anybody may write into theirs",
        ),
        (
            "providers[].proofs[].key",
            "string|null",
            "`named`, `origin-registry`, or `repository` where it lay beside the package",
        ),
        (
            "providers[].proofs[].signed_at",
            "string|null",
            "when, by its own account",
        ),
        (
            "modules",
            "array",
            "module packages that were put into place",
        ),
        ("modules[].path", "string", "`module.a.module.b`"),
        (
            "modules[].source",
            "string",
            "source, in its normal spelling",
        ),
        (
            "modules[].pinned",
            "string|null",
            "the source that means exactly this package: with its digest; null where the source is no OCI one",
        ),
        (
            "modules[].digest",
            "string",
            "digest of the manifest that the source stands for",
        ),
        (
            "modules[].directory",
            "string",
            "directory of the package, relative to the root module",
        ),
        ("lock_file", "object", "the dependency lock file"),
        ("lock_file.path", "string", "its path"),
        (
            "lock_file.change",
            "string",
            "`unchanged`, `created`, `updated`, or `withheld` where `--locked` kept new hashes out",
        ),
        (
            "module_lock_file",
            "object?",
            "the module lock file; absent where modules are not locked",
        ),
        ("module_lock_file.path", "string", "its path"),
        (
            "module_lock_file.change",
            "string",
            "`unchanged`, `created` or `updated`",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            dry_run: false,
            providers: vec![InstalledProviderEntry {
                source: "registry.opentofu.org/acme/demo".to_owned(),
                version: "1.2.3".to_owned(),
                platform: "linux_amd64".to_owned(),
                action: "installed",
                from: "source",
                size: 1_742_080,
                directory:
                    "./.terraform/providers/registry.opentofu.org/acme/demo/1.2.3/linux_amd64"
                        .to_owned(),
                plugin_cache: Some(
                    "/home/me/.cache/tofu/registry.opentofu.org/acme/demo/1.2.3/linux_amd64"
                        .to_owned(),
                ),
                hashes: vec!["h1:Dd7yx0bPZ1kMjkZM5bHMZX2QF9WCc0iq1cBuPbC1bqo=".to_owned()],
                level: Some("trusted".to_owned()),
                proofs: Some(vec![ProofEntry::example()]),
            }],
            modules: vec![InstalledModuleEntry {
                path: "module.label".to_owned(),
                source: "oci://oci.example.com/modules/label?tag=1.2.0".to_owned(),
                pinned: Some(format!(
                    "oci://oci.example.com/modules/label?digest={}",
                    super::publish_provider::DIGEST
                )),
                digest: super::publish_provider::DIGEST.to_owned(),
                directory: ".terraform/modules/label".to_owned(),
            }],
            lock_file: LockFileEntry {
                path: "./.terraform.lock.hcl".to_owned(),
                change: "created",
            },
            module_lock_file: Some(LockFileEntry {
                path: "./.terraform.modules.lock.json".to_owned(),
                change: "created",
            }),
        }
    }
}
