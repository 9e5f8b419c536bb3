//! Verifying installed modules against the module lock file. Nobody is asked.

use std::path::PathBuf;

use tofu_oci_store::files::Files;
use tofu_oci_trust::policy::{Level, LockStanding, Proof, Refusal, Verdict};
use tofu_oci_types::tofu::{LockedModule, ModuleRecord, ModuleRecords, ModuleSource};

use super::{
    Checked, DirectoryOptions, PackageReport, StrayPackage, VerifiedModule, VerifyError,
    VerifyReport,
};
use crate::install::{
    InstallOptions, LoadedModuleLock, h1_of_tree, module_name, package_dir, read_records,
};

/// The installed modules of a configuration, and what they should be.
pub(super) struct LockedModules {
    files: Files,
    options: InstallOptions,
    lock: LoadedModuleLock,
    records: ModuleRecords,
}

impl LockedModules {
    /// Reads the module lock file and `modules.json`; `None` where modules are not locked.
    pub(super) fn load(
        files: &Files,
        options: &DirectoryOptions,
    ) -> Result<Option<Self>, VerifyError> {
        let options = InstallOptions {
            data_dir: options.data_dir.clone(),
            ..InstallOptions::new(&options.dir)
        };
        let Some(lock) = LoadedModuleLock::load(files, &options)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            records: read_records(files, &options)?,
            files: files.clone(),
            options,
            lock,
        }))
    }

    /// Compares each package with its entry, and each record with the entries: clients use what `modules.json` has.
    pub(super) fn check(&self, report: &mut VerifyReport) {
        for (path, locked) in self.lock.entries() {
            let (standing, failure) = self.compare(path, locked);
            report.packages.push(self.package(path, locked, standing));
            report.failures.extend(failure);
        }
        for (key, record) in self.records.iter() {
            self.unlocked(key, record, report);
        }
    }

    fn place(&self, path: &[String]) -> PathBuf {
        let dir = package_dir(&self.options, &path.join("."));
        self.options.dir.join(dir)
    }

    fn compare(
        &self,
        path: &[String],
        locked: &LockedModule,
    ) -> (LockStanding, Option<VerifyError>) {
        let (key, place, module) = (path.join("."), self.place(path), module_name(path));
        let there = self.files.metadata(&place);
        let Some(record) = self
            .records
            .get(&key)
            .filter(|_| there.is_ok_and(|found| found.is_some()))
        else {
            return (
                LockStanding::Unknown,
                Some(VerifyError::ModuleMissing { module }),
            );
        };
        let package = package_dir(&self.options, &key);
        let below = record.dir.strip_prefix(&package);
        let inside = below.is_some_and(|below| {
            (below.is_empty() || below.starts_with('/')) && !below.split('/').any(|p| p == "..")
        });
        if !inside {
            let dir = record.dir.clone();
            let failure = VerifyError::ModuleElsewhere { module, dir };
            return (LockStanding::Differs, Some(failure));
        }
        match h1_of_tree(&self.files, &place) {
            Ok(h1) if h1 == locked.h1 => (LockStanding::Matches, None),
            Ok(_) => {
                let path = place;
                let failure = VerifyError::ModuleDiffers { path, module };
                (LockStanding::Differs, Some(failure))
            }
            Err(source) => {
                let path = place;
                let failure = VerifyError::Read { path, source };
                (LockStanding::Unknown, Some(failure))
            }
        }
    }

    fn package(
        &self,
        path: &[String],
        locked: &LockedModule,
        standing: LockStanding,
    ) -> PackageReport {
        let place = self.place(path);
        PackageReport {
            provider: None,
            module: Some(VerifiedModule {
                name: module_name(path),
                source: locked.source.clone(),
            }),
            version: None,
            platform: None,
            filename: None,
            digest: None,
            h1: None,
            checked: match standing {
                LockStanding::Unknown => Checked::Nothing,
                LockStanding::Matches | LockStanding::Differs => Checked::Files,
            },
            lock: Some(standing),
            verdict: Verdict {
                level: Level::Integrity,
                proofs: match standing {
                    LockStanding::Matches => vec![Proof::Lock],
                    LockStanding::Differs | LockStanding::Unknown => Vec::new(),
                },
                warnings: Vec::new(),
                refusal: (standing == LockStanding::Differs).then(|| Refusal::Locked {
                    filename: place.display().to_string(),
                }),
            },
            dir: Some(place),
        }
    }

    /// A package that clients use and that is not locked: one that could be is refused, others are named.
    fn unlocked(&self, key: &str, record: &ModuleRecord, report: &mut VerifyReport) {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let locked = self.lock.entries().any(|(entry, _)| *entry == path);
        // The root and what has no source is no package, and neither is a directory of another one.
        match record.source.parse() {
            Ok(ModuleSource::Oci(_)) if !locked => {
                report.failures.push(VerifyError::ModuleUnlocked {
                    module: module_name(&path),
                    source_text: record.source.clone(),
                });
            }
            Ok(ModuleSource::Registry { .. } | ModuleSource::Remote(_)) => {
                report.stray.push(StrayPackage {
                    path: self.options.dir.join(&record.dir),
                    reason: format!("{:?} is not in an OCI registry", record.source),
                });
            }
            Ok(ModuleSource::Oci(_) | ModuleSource::Local(_)) | Err(_) => {}
        }
    }
}
