//! Fuzz targets: one function for each parser of what comes from outside.
//!
//! A target gets any bytes, must not panic, and asserts what holds for all of them: what was read is written and read
//! as the same again, what was refused stays refused. The program in `fuzz/` runs them with instrumentation; a test of
//! this crate runs them over the seeds in `fuzz/seeds`, with any compiler.
//!
//! To add a target: a function in the file of its area, a line in [`TARGETS`], and a directory of seeds.

mod documents;
mod packages;
mod registries;
mod server;
mod words;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of the directory of its seeds.
    pub name: &'static str,
    /// Runs it once. It panics when something does not hold.
    pub run: fn(&[u8]),
}

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All targets, by area.
pub const TARGETS: &[Target] = &[
    target("reference", words::reference),
    target("provider-address", words::provider_address),
    target("module-source", words::module_source),
    target("version", words::version),
    target("template", words::template),
    target("file-name", words::file_name),
    target("lock-file", documents::lock_file),
    target("cli-config", documents::cli_config),
    target("module-file", documents::module_file),
    target("module-records", documents::module_records),
    target("module-lock", documents::module_lock),
    target("registry-manifest", documents::registry_manifest),
    target("sbom", documents::sbom),
    target("manifest", documents::manifest),
    target("layout-index", documents::layout_index),
    target("auth-file", documents::auth_file),
    target("helper-answer", documents::helper_answer),
    target("tag-list", registries::tag_list),
    target("referrers", registries::referrers),
    target("token", registries::token),
    target("error-answer", registries::error_answer),
    target("challenge", registries::challenge),
    target("link", registries::link),
    target("range", registries::range),
    target("checksums", packages::checksums),
    target("signature", packages::signature),
    target("public-key", packages::public_key),
    target("zip", packages::zip),
    target("ignore-file", packages::ignore_file),
    target("request", server::request),
    target("password-file", server::password_file),
];

/// The text of an input; nothing where it is none.
fn text(data: &[u8]) -> &str {
    std::str::from_utf8(data).unwrap_or_default()
}
