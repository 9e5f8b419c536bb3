//! Which files of a directory are configuration.

use std::collections::BTreeSet;

/// Whose rules a configuration is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// OpenTofu: `.tofu` files count and hide their `.tf` namesakes.
    #[default]
    Tofu,
    /// Terraform: `.tofu` files are no configuration.
    Terraform,
}

/// A file that is configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// The name in its directory.
    pub name: String,
    /// Whether it replaces parts of other files.
    pub role: FileRole,
    /// How it is spelled.
    pub syntax: FileSyntax,
    /// Whether only OpenTofu reads it (`.tofu`, `.tofu.json`).
    pub tofu_only: bool,
}

/// What a configuration file does to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileRole {
    /// Adds to them.
    Primary,
    /// Replaces single entries: `override` or a name that ends in `_override`.
    Override,
}

/// The spelling of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSyntax {
    /// HCL 2.
    Native,
    /// JSON.
    Json,
}

const SUFFIXES: [(&str, FileSyntax, bool); 4] = [
    (".tf", FileSyntax::Native, false),
    (".tofu", FileSyntax::Native, true),
    (".tf.json", FileSyntax::Json, false),
    (".tofu.json", FileSyntax::Json, true),
];

/// The configuration among the names of one directory, in the order in which it is read: primary
/// files by name, then override files by name.
///
/// Left out: hidden files, backups of editors (`NAME~`, `#NAME#`), test files (`.tftest.hcl`,
/// `.tofutest.json` and so on), and, in OpenTofu, `X.tf` beside `X.tofu` and `X.tf.json` beside
/// `X.tofu.json`.
pub fn config_files<'a>(
    names: impl IntoIterator<Item = &'a str>,
    dialect: Dialect,
) -> Vec<ConfigFile> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let hidden = |base: &str, syntax: FileSyntax| {
        SUFFIXES.iter().any(|&(suffix, other, tofu_only)| {
            tofu_only && other == syntax && names.contains(format!("{base}{suffix}").as_str())
        })
    };
    let mut files: Vec<ConfigFile> = Vec::new();
    for &name in &names {
        let Some((base, syntax, tofu_only)) = classify(name) else {
            continue;
        };
        let skipped = match dialect {
            Dialect::Terraform => tofu_only,
            Dialect::Tofu => !tofu_only && hidden(base, syntax),
        };
        if !skipped {
            let role = if base == "override" || base.ends_with("_override") {
                FileRole::Override
            } else {
                FileRole::Primary
            };
            files.push(ConfigFile {
                name: name.to_owned(),
                role,
                syntax,
                tofu_only,
            });
        }
    }
    files.sort_by_key(|file| file.role);
    files
}

/// The name without its suffix, and what the suffix says.
fn classify(name: &str) -> Option<(&str, FileSyntax, bool)> {
    let editor = name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'));
    if name.starts_with('.') || editor {
        return None;
    }
    SUFFIXES.iter().find_map(|&(suffix, syntax, tofu_only)| {
        let base = name.strip_suffix(suffix)?;
        Some((base, syntax, tofu_only))
    })
}
