//! The module lock file of a configuration: which package each module call stood for.
//!
//! It is in use once it is there; [`ModuleLockUse::Create`] makes it. What is locked is fetched by
//! the digest of its manifest, so a tag that has moved changes nothing until an upgrade.

use std::io;
use std::path::PathBuf;

use tofu_oci_store::files::{AtomicFile, Files};
use tofu_oci_types::tofu::{LockedModule, ModuleLock, OciModule};

use super::tree::{ModuleTree, module_name};
use super::{InstallError, InstallOptions, LockChange, LockMode, lock};

/// Whether modules are locked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ModuleLockUse {
    /// They are where there is a module lock file.
    #[default]
    Existing,
    /// They are, and the file is made where there is none.
    Create,
}

/// What an install did to the module lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleLockReport {
    /// Its path.
    pub path: PathBuf,
    /// What was done to it.
    pub change: LockChange,
}

/// The module lock file as it was found.
#[derive(Debug)]
pub(crate) struct LoadedModuleLock {
    path: PathBuf,
    /// What it says; `None` where there is no file yet.
    file: Option<ModuleLock>,
    mode: LockMode,
}

/// What is demanded of the package of a module call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Demand<'a> {
    /// Nothing: it is not locked.
    Nothing,
    /// That its digest gets known: it is to be locked.
    Digest,
    /// That it is this one.
    Locked(&'a LockedModule),
}

impl LoadedModuleLock {
    /// Reads the file; `None` where modules are not locked.
    pub(crate) fn load(
        files: &Files,
        options: &InstallOptions,
    ) -> Result<Option<Self>, InstallError> {
        let path = options.dir.join(".terraform.modules.lock.json");
        let file = match lock::read_if_there(files, &path) {
            Ok(None) => None,
            Ok(Some(bytes)) => match ModuleLock::read(&bytes) {
                Ok(lock) => Some(lock),
                Err(source) => return Err(InstallError::ModuleLock { path, source }),
            },
            Err(source) => return Err(InstallError::Read { path, source }),
        };
        let mode = options.lock;
        Ok(match (&file, options.module_lock) {
            (None, ModuleLockUse::Existing) => None,
            _ => Some(Self { path, file, mode }),
        })
    }

    /// What is locked, sorted by path.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[String], &LockedModule)> {
        self.file.iter().flat_map(ModuleLock::iter)
    }

    /// What is demanded of the package of the call `path`, whose source is `source`.
    pub(crate) fn demand(
        &self,
        path: &[String],
        source: &OciModule,
    ) -> Result<Demand<'_>, InstallError> {
        let entry = self.file.as_ref().and_then(|file| file.get(path));
        match (entry, self.mode) {
            (_, LockMode::Upgrade) => Ok(Demand::Digest),
            (Some(entry), _) if entry.source == *source => Ok(Demand::Locked(entry)),
            // A source that was edited is a wish for another package.
            (_, LockMode::Update) => Ok(Demand::Digest),
            (_, LockMode::Locked) => Err(InstallError::ModuleNotLocked {
                module: module_name(path),
                source_text: source.to_string(),
                locked: entry.map(|entry| entry.source.to_string()),
            }),
        }
    }

    /// Refuses a locked install whose module lock file has modules that are not called.
    pub(crate) fn check_unneeded(&self, tree: &ModuleTree) -> Result<(), InstallError> {
        if self.mode != LockMode::Locked {
            return Ok(());
        }
        let modules: Vec<String> = self
            .entries()
            .filter(|(path, _)| tree.locked.get(path).is_none())
            .map(|(path, _)| module_name(path))
            .collect();
        match modules.is_empty() {
            true => Ok(()),
            false => Err(InstallError::ModuleLockUnneeded { modules }),
        }
    }

    /// What becomes of the file.
    pub(crate) fn report(&self, tree: &ModuleTree) -> ModuleLockReport {
        let change = match &self.file {
            None if tree.locked.is_empty() => LockChange::Unchanged,
            None => LockChange::Created,
            Some(file) if *file == tree.locked => LockChange::Unchanged,
            Some(_) => LockChange::Updated,
        };
        ModuleLockReport {
            path: self.path.clone(),
            change,
        }
    }

    /// Writes the file where it says something else than before.
    pub(crate) fn store(
        &self,
        files: &Files,
        tree: &ModuleTree,
    ) -> Result<ModuleLockReport, InstallError> {
        let report = self.report(tree);
        if report.change == LockChange::Unchanged {
            return Ok(report);
        }
        let failed = |source| InstallError::Place {
            path: self.path.clone(),
            source,
        };
        let bytes = tree
            .locked
            .write()
            .map_err(|error| failed(io::Error::other(error)))?;
        AtomicFile::write_tidy(files, &self.path, &bytes).map_err(failed)?;
        Ok(report)
    }
}
