//! The files of a module directory that belong into its package.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tofu_oci_store::files::{EntryKind, Files};
use tofu_oci_trust::ignore::{IGNORE_FILE, IgnoreRules, PathKind};
use tofu_oci_trust::zip::ZipLimits;
use tofu_oci_trust::zip_writer::FileMode;

use super::PublishError;
use crate::{Progress, Warning};

/// The longest `.terraformignore`, in bytes.
const IGNORE_LIMIT: u64 = 1 << 20;

/// A file of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModuleFile {
    /// Its name in the package: relative, with `/`.
    pub(super) name: String,
    /// Where its content is; no link.
    pub(super) path: PathBuf,
    /// Whether it is executable.
    pub(super) mode: FileMode,
}

/// Finds the files of the module in `dir`, sorted by the bytes of their names. Blocks.
pub(super) fn find(
    files: &Files,
    dir: &Path,
    progress: &Progress,
) -> Result<Vec<ModuleFile>, PublishError> {
    let root = files
        .canonicalize(dir)
        .map_err(|source| read_error(dir, source))?;
    let mut walk = Walk {
        rules: read_rules(files, &root)?,
        files,
        root: root.clone(),
        found: Vec::new(),
    };
    walk.directory(&root, "", 0)?;
    let mut found = walk.found;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.is_empty() {
        return Err(PublishError::EmptyModule {
            path: dir.to_owned(),
        });
    }
    warn(&found, progress);
    Ok(found)
}

fn read_rules(files: &Files, root: &Path) -> Result<IgnoreRules, PublishError> {
    let path = root.join(IGNORE_FILE);
    let there = files
        .metadata(&path)
        .map_err(|source| read_error(&path, source))?;
    if there.is_none() {
        return Ok(IgnoreRules::default());
    }
    let text = files
        .canonicalize(&path)
        .and_then(|real| files.read(&real, IGNORE_LIMIT))
        .map_err(|source| read_error(&path, source))?;
    Ok(IgnoreRules::parse(&String::from_utf8_lossy(&text)))
}

struct Walk<'a> {
    files: &'a Files,
    rules: IgnoreRules,
    root: PathBuf,
    found: Vec<ModuleFile>,
}

impl Walk<'_> {
    /// Everything in the directory at `path`, whose name in the package is `prefix`.
    fn directory(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<(), PublishError> {
        let limits = ZipLimits::default();
        if depth >= limits.depth || self.found.len() as u64 > limits.entries {
            return Err(PublishError::ModuleTooLarge {
                path: path.to_owned(),
            });
        }
        let entries = self
            .files
            .read_dir(path)
            .map_err(|source| read_error(path, source))?;
        for entry in entries {
            let place = path.join(&entry.name);
            let Some(name) = entry.name.to_str() else {
                return Err(PublishError::UnpackableName { path: place });
            };
            let name = match prefix {
                "" => name.to_owned(),
                prefix => format!("{prefix}/{name}"),
            };
            match entry.kind {
                EntryKind::File => self.file(place, name)?,
                EntryKind::Directory if self.rules.excludes_all_below(&name) => {}
                EntryKind::Directory => self.directory(&place, &name, depth + 1)?,
                EntryKind::Other => self.other(path, &place, &name, depth)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, name: String) -> Result<(), PublishError> {
        if self.rules.excluded(&name, PathKind::File) {
            return Ok(());
        }
        let metadata = self
            .files
            .metadata(&path)
            .map_err(|source| read_error(&path, source))?;
        self.found.push(ModuleFile {
            mode: metadata.as_ref().map_or(FileMode::Plain, mode),
            name,
            path,
        });
        Ok(())
    }

    /// A link is taken for what it leads to, when that is in the module too.
    fn other(
        &mut self,
        parent: &Path,
        place: &Path,
        name: &str,
        depth: usize,
    ) -> Result<(), PublishError> {
        if self.rules.excluded(name, PathKind::File) || self.rules.excludes_all_below(name) {
            return Ok(());
        }
        let failed = |source| read_error(place, source);
        let is_link = self
            .files
            .metadata(place)
            .map_err(failed)?
            .is_some_and(|m| m.is_symlink());
        if !is_link {
            return Err(PublishError::SpecialFile {
                path: place.to_owned(),
            });
        }
        let target = self.files.canonicalize(place).map_err(failed)?;
        let Ok(inside) = target.strip_prefix(&self.root) else {
            return Err(PublishError::LinkOutside {
                path: place.to_owned(),
            });
        };
        let inside = inside.to_string_lossy().replace('\\', "/");
        // A link must not smuggle in what no package holds: states, installed modules.
        if IgnoreRules::default().excluded(&inside, PathKind::File) {
            return Err(PublishError::LinkToExcluded {
                path: place.to_owned(),
            });
        }
        match self.files.metadata(&target).map_err(failed)? {
            Some(metadata) if metadata.is_dir() && parent.starts_with(&target) => {
                Err(PublishError::LinkCycle {
                    path: place.to_owned(),
                })
            }
            Some(metadata) if metadata.is_dir() => self.directory(&target, name, depth + 1),
            Some(metadata) if metadata.is_file() => self.file(target, name.to_owned()),
            _ => Err(PublishError::SpecialFile {
                path: place.to_owned(),
            }),
        }
    }
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> FileMode {
    use std::os::unix::fs::PermissionsExt as _;
    match metadata.permissions().mode() & 0o111 {
        0 => FileMode::Plain,
        _ => FileMode::Executable,
    }
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> FileMode {
    FileMode::Plain
}

/// Tells what is odd about a module, and works all the same.
fn warn(found: &[ModuleFile], progress: &Progress) {
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    for file in found {
        if let Some(first) = folded.insert(file.name.to_lowercase(), &file.name) {
            progress.warn(Warning::Package {
                filename: file.name.clone(),
                problem: format!("it is the same file as {first:?} where case does not count"),
            });
        }
    }
    if !found.iter().any(|file| is_configuration(&file.name)) {
        progress.warn(Warning::Package {
            filename: ".".to_owned(),
            problem: "the module has no configuration file in its root".to_owned(),
        });
    }
}

/// Whether it is a file in the root that clients read as configuration.
pub(super) fn is_configuration(name: &str) -> bool {
    let endings = [".tf", ".tf.json", ".tofu", ".tofu.json"];
    !name.contains('/') && endings.iter().any(|ending| name.ends_with(ending))
}

pub(super) fn read_error(path: &Path, source: std::io::Error) -> PublishError {
    PublishError::Read {
        path: path.to_owned(),
        source,
    }
}
