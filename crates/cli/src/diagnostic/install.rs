//! Installs that stopped.

use std::io::ErrorKind;

use tofu_oci::cache::LinkMode;
use tofu_oci::install::InstallError;
use tofu_oci::types::tofu::module_lock::ModuleLockError;

use super::{Advice, Code, Diagnostic, Failure, config, inspect, io, source, trust};

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        Self::from(diagnostics(&error))
    }
}

/// Independent failures are told one by one.
pub(super) fn diagnostics(error: &InstallError) -> Vec<Diagnostic> {
    let advice = match error {
        InstallError::Several(errors) => return errors.iter().flat_map(diagnostics).collect(),
        InstallError::Configuration { source } => {
            return config::problems(Code::Configuration, &source.problems);
        }
        InstallError::LockFile { source, .. } => {
            return config::problems(Code::LockFile, &source.problems);
        }
        InstallError::ReadModule { source, .. }
        | InstallError::Read { source, .. }
        | InstallError::Place { source, .. } => io::advice(source),
        InstallError::Records { .. } => Advice::new(Code::ModuleRecords)
            .hint("remove the file; the next install writes it again"),
        InstallError::ModuleDepth { .. } => Advice::new(Code::ModuleDepth)
            .hint("look for a module that calls itself, perhaps by way of others"),
        InstallError::ModuleEscapes { .. } => Advice::new(Code::ModuleEscapes)
            .hint("a module may only use local sources within its own package"),
        InstallError::ModuleDirectory { .. } => Advice::new(Code::ModuleNotFound),
        InstallError::ModuleKind { .. } => Advice::new(Code::ModuleSourceKind)
            .hint("publish the module with `tofu-oci publish module`, and call it by an oci:// source"),
        InstallError::ModuleSubdirectory { .. } => Advice::new(Code::ModuleNotFound),
        InstallError::Module { source, .. } => source::advice(source),
        InstallError::ModuleLock { source, .. } => {
            Advice::new(Code::ModuleLockFile).hint(module_lock_hint(source))
        }
        InstallError::ModuleNotLocked { .. } | InstallError::ModuleLockUnneeded { .. } => {
            Advice::new(Code::ModuleLockIncomplete).hint(
                "install with `--module-lock` and without `--locked`, and commit the new .terraform.modules.lock.json",
            )
        }
        InstallError::ModuleLockMismatch {
            module,
            manifest,
            locked,
            actual,
        } => Advice::new(Code::ModuleLockMismatch)
            .detail(format!("the module lock file has {locked}"))
            .detail(format!("the package of {manifest} has {actual}"))
            .hint(format!(
                "a manifest never changes its package, so somebody changed the entry of {module}: restore the file, \
                 or choose anew with `--upgrade`"
            )),
        InstallError::ModuleMoved { locked, now, .. } => Advice::new(Code::ModuleMoved)
            .detail(format!("locked is {locked}"))
            .detail(format!("the tag stands for {now}"))
            .hint(
                "find out why a published tag was moved; take what it stands for now with `--upgrade`",
            ),
        InstallError::Versions { source, .. } => source::advice(source),
        InstallError::NoVersion { .. } => Advice::new(Code::NoVersion)
            .hint("change one of the constraints, or publish a version that satisfies all of them"),
        InstallError::LockedVersion { .. } => Advice::new(Code::LockedVersion)
            .hint("choose versions anew with `--upgrade`, or change the constraint"),
        InstallError::LockedVersionGone { .. } => Advice::new(Code::LockedVersionGone)
            .hint("publish the version again, or choose another with `--upgrade`"),
        InstallError::LockMismatch { source, provider, .. } => trust::advice(source).hint(format!(
            "where the lock file was made for other platforms only, remove the entry of {provider} and install with \
             `--platform` for every platform; otherwise somebody replaced what was locked"
        )),
        InstallError::Evidence { source, .. } => inspect::evidence(source),
        InstallError::Refused { source, .. } => trust::refused(source),
        InstallError::LockIncomplete { .. } => Advice::new(Code::LockIncomplete)
            .hint("install without `--locked` and commit the new .terraform.lock.hcl"),
        InstallError::Source(error) => source::advice(error),
        InstallError::PluginCache { source, .. } => io::advice(source).or_hint(
            "make the directory writable, or install without a plugin cache: TF_PLUGIN_CACHE_DIR or plugin_cache_dir in the CLI configuration names it",
        ),
        InstallError::PluginCacheConflict {
            path,
            there,
            fetched,
            ..
        } => Advice::new(Code::PluginCacheConflict)
            .detail(match there {
                Some(there) => format!("there is {there}"),
                None => "what is there is no package".to_owned(),
            })
            .detail(format!("the package has {fetched}"))
            .hint(format!(
                "it was changed, or is left over from a client that was stopped; when nothing runs that uses it, \
                 remove {} and install again",
                path.display()
            )),
        InstallError::Link { mode, .. } => Advice::new(Code::LinkFailed).hint(match mode {
            LinkMode::Hardlink => "let `--link-mode auto` choose; hard links need a cache on the same file system that nobody else may change",
            LinkMode::Clone | LinkMode::Auto | LinkMode::Copy => "let `--link-mode auto` choose; few file systems can clone",
        }),
        InstallError::Offline { .. } => Advice::new(Code::Offline).hint(
            "run `tofu-oci install` once without `--offline` where the registries can be reached, with the same cache",
        ),
        InstallError::Interrupted { .. } => Advice::new(Code::Interrupted),
    };
    let told = Diagnostic::of(error, advice);
    let message = match error {
        InstallError::ModuleDepth { path } => {
            format!("the module calls nest too deeply at {}", shortened(path))
        }
        // A file in the directory may be missing as well, such as the target of a link.
        InstallError::ReadModule { path, source, .. } | InstallError::Read { path, source }
            if source.kind() == ErrorKind::NotFound && !path.exists() =>
        {
            return vec![Diagnostic {
                message: format!("there is no directory {}", path.display()),
                causes: Vec::new(),
                ..told
            }];
        }
        _ => return vec![told],
    };
    vec![Diagnostic { message, ..told }]
}

/// What to do about a module lock file that cannot be used.
fn module_lock_hint(error: &ModuleLockError) -> &'static str {
    match error {
        ModuleLockError::Conflict { .. } => {
            "take either side of the conflict and install again: it adds what is missing"
        }
        ModuleLockError::Version { .. } => {
            "a newer version of this program has written it: update, or restore the file from version control"
        }
        ModuleLockError::Json(_) => {
            "restore the file from version control; or remove it, and the next install with `--module-lock` writes it again"
        }
        ModuleLockError::Path(_)
        | ModuleLockError::Duplicate(_)
        | ModuleLockError::Word { .. }
        | ModuleLockError::Contradiction { .. } => {
            "restore the file from version control; or remove the entry, and the next install adds it again"
        }
    }
}

/// The ends of a path of modules that is too long to be read.
fn shortened(path: &str) -> String {
    const CALL: &str = ".module.";
    let calls: Vec<&str> = path.split(CALL).collect();
    match calls.as_slice() {
        [a, b, c, _, .., y, z] => format!(
            "{}.….module.{}",
            [*a, *b, *c].join(CALL),
            [*y, *z].join(CALL)
        ),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_lose_their_middle() {
        let path = |names: &str| {
            let names: Vec<String> = names.chars().map(|c| format!("module.{c}")).collect();
            names.join(".")
        };
        assert_eq!(shortened(&path("abcde")), path("abcde"));
        assert_eq!(
            shortened(&path("abcdefgh")),
            "module.a.module.b.module.c.….module.g.module.h"
        );
    }
}
