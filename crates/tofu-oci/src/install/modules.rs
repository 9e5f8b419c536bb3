//! Fetching module packages and putting them into place.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tofu_oci_source::{Connect, FetchOptions, Fetched, SourceError, fetch_module};
use tofu_oci_store::files::{AtomicFile, Files};
use tofu_oci_trust::content::Threads;
use tofu_oci_types::oci::{
    Address, Descriptor, Digest, DirectoryAddress, Reference, RegistryHost, Tag,
};
use tofu_oci_types::tofu::config::ModuleCall;
use tofu_oci_types::tofu::{LockedModule, ModuleRecords, ModuleSource, OciModule};
use tokio::sync::Semaphore;

use super::module_lock::LoadedModuleLock;
use super::staging::Staging;
use super::tree::{ModuleTree, module_name, package_dir};
use super::{InstallError, InstallOptions};
use crate::{Outcome, Progress, Warning, Work};

/// How large `modules.json` may be, in bytes.
const RECORDS_LIMIT: u64 = 64 * 1024 * 1024;

/// Registries that are read from a directory instead.
#[derive(Debug, Clone, Default)]
pub struct ModuleHosts(BTreeMap<RegistryHost, PathBuf>);

impl ModuleHosts {
    /// Modules of `host` are read from the directory of layouts `path`.
    pub fn map(&mut self, host: RegistryHost, path: PathBuf) {
        self.0.insert(host, path);
    }

    fn address(&self, module: &OciModule) -> Address {
        let name = module.repository().clone();
        match self.0.get(module.host()) {
            Some(path) => Address::Directory(DirectoryAddress {
                path: path.clone(),
                name: Some(name),
                tag: None,
                digest: None,
            }),
            None => Address::Registry(Reference {
                host: module.host().clone(),
                name,
                tag: None,
                digest: None,
            }),
        }
    }
}

/// A module package that was fetched and waits for its place.
#[derive(Debug)]
pub(crate) struct PendingModule {
    /// The path of the call.
    pub(crate) path: Vec<String>,
    /// The source, normalised.
    pub(crate) source: String,
    /// The manifest that the source resolved to.
    pub(crate) manifest: Descriptor,
    /// The verified package.
    pub(crate) fetched: Fetched,
}

/// Fetches module packages into the staging directory.
pub(crate) struct ModuleFetcher {
    pub(crate) files: Files,
    pub(crate) hosts: ModuleHosts,
    pub(crate) connect: Connect,
    pub(crate) staging: Arc<Staging>,
    pub(crate) progress: Progress,
    /// Where modules are locked.
    pub(crate) module_lock: Option<LoadedModuleLock>,
}

impl ModuleFetcher {
    /// Whether this kind of source is one that we fetch.
    pub(crate) fn can_fetch(&self, source: &ModuleSource) -> bool {
        matches!(source, ModuleSource::Oci(_))
    }

    fn options(&self) -> FetchOptions {
        FetchOptions {
            files: self.files.clone(),
            threads: Threads::One,
            // Modules come one after another.
            turns: Arc::new(Semaphore::new(1)),
        }
    }

    /// Fetches the package of a call: the one that is locked, or the one that the source names now.
    pub(crate) async fn fetch(
        &self,
        path: &[String],
        call: &ModuleCall,
        locked: Option<&LockedModule>,
    ) -> Result<PendingModule, InstallError> {
        let module = match &call.source {
            ModuleSource::Oci(module) => module,
            _ => {
                return Err(InstallError::ModuleKind {
                    module: module_name(path),
                    source_text: call.source.to_string(),
                    at: Box::new(call.at.clone()),
                });
            }
        };
        let address = self.hosts.address(module);
        let at = match locked {
            Some(locked) => locked.manifest.clone().into(),
            None => module.at().cloned().unwrap_or_else(|| Tag::latest().into()),
        };
        let task = self.progress.begin(
            Work::InstallModule {
                path: path.join("."),
                source: call.source.to_string(),
            },
            None,
        );
        let failed = |source| InstallError::Module {
            module: module_name(path),
            at: Box::new(call.at.clone()),
            source: Box::new(source),
        };
        let fetched = fetch_module(
            &self.connect,
            &address,
            &at,
            &self.options(),
            self.staging.fresh(),
        )
        .await;
        let (manifest, fetched) = match (fetched, locked) {
            (Ok(fetched), None) => fetched,
            (Ok((manifest, fetched)), Some(locked)) => {
                check(path, locked, &fetched)?;
                // In a directory it costs no request to look.
                if matches!(address, Address::Directory(_))
                    && let Some((tag, now)) = self.moved(&address, locked).await
                {
                    let module = module_name(path);
                    self.progress
                        .warn(Warning::ModuleTagMoved { module, tag, now });
                }
                (manifest, fetched)
            }
            (Err(error @ SourceError::UnknownModule { .. }), Some(locked)) => {
                return Err(match self.moved(&address, locked).await {
                    Some((tag, now)) => InstallError::ModuleMoved {
                        module: module_name(path),
                        at: Box::new(call.at.clone()),
                        tag,
                        locked: locked.manifest.clone(),
                        now,
                    },
                    None => failed(error),
                });
            }
            (Err(error), _) => return Err(failed(error)),
        };
        task.end(Outcome::Done);
        Ok(PendingModule {
            path: path.to_vec(),
            source: call.source.to_string(),
            manifest,
            fetched,
        })
    }

    /// The tag of a locked package and what it stands for now, where that is another manifest.
    async fn moved(&self, address: &Address, locked: &LockedModule) -> Option<(Tag, Digest)> {
        let tag = locked.tag()?;
        let repository = self.connect.reader(address).await.ok()?;
        // Whoever cannot be asked says nothing.
        let now = repository.head(&tag).await.ok()??.digest;
        (now != locked.manifest).then_some((tag, now))
    }
}

/// A manifest has one package; where its hash differs, the entry was put together by somebody.
fn check(path: &[String], locked: &LockedModule, fetched: &Fetched) -> Result<(), InstallError> {
    let actual = fetched.package().h1();
    if *actual == locked.h1 {
        return Ok(());
    }
    Err(InstallError::ModuleLockMismatch {
        module: module_name(path),
        manifest: locked.manifest.clone(),
        locked: locked.h1.clone(),
        actual: actual.clone(),
    })
}

fn records_path(options: &InstallOptions) -> PathBuf {
    options
        .dir
        .join(&options.data_dir)
        .join("modules")
        .join("modules.json")
}

/// What `modules.json` says; no file says nothing.
pub(crate) fn read_records(
    files: &Files,
    options: &InstallOptions,
) -> Result<ModuleRecords, InstallError> {
    let path = records_path(options);
    let bytes = match files.read(&path, RECORDS_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(ModuleRecords::default());
        }
        Err(source) => return Err(InstallError::Read { path, source }),
    };
    let text = String::from_utf8_lossy(&bytes);
    ModuleRecords::read(&text).map_err(|source| InstallError::Records { path, source })
}

/// Puts the fetched packages into place, then `modules.json`.
pub(crate) fn place_modules(
    files: &Files,
    options: &InstallOptions,
    staging: &Staging,
    tree: &mut ModuleTree,
) -> Result<Vec<InstalledModule>, InstallError> {
    let mut installed = Vec::new();
    for pending in tree.pending.drain(..) {
        let key = pending.path.join(".");
        let place = options.dir.join(package_dir(options, &key));
        let from = pending.fetched.into_path();
        staging
            .place(&from, &place)
            .map_err(|source| InstallError::Place {
                path: place,
                source,
            })?;
        installed.push(InstalledModule {
            path: pending.path,
            source: pending.source,
            manifest: pending.manifest,
            dir: package_dir(options, &key),
        });
    }
    if tree.records.is_empty() {
        return Ok(installed);
    }
    let path = records_path(options);
    let failed = |source| InstallError::Place {
        path: path.clone(),
        source,
    };
    let bytes = tree
        .records
        .write()
        .map_err(|error| failed(io::Error::other(error)))?;
    let unchanged = files
        .read(&path, RECORDS_LIMIT)
        .is_ok_and(|old| old == bytes);
    if !unchanged {
        if let Some(parent) = path.parent() {
            staging.check_way(parent).map_err(failed)?;
            files.create_dirs(parent).map_err(failed)?;
        }
        AtomicFile::write_tidy(files, &path, &bytes).map_err(failed)?;
    }
    Ok(installed)
}

/// A module package that an install put into place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledModule {
    /// The names of the calls that lead to it.
    pub path: Vec<String>,
    /// The source, normalised.
    pub source: String,
    /// The manifest that the source resolved to.
    pub manifest: Descriptor,
    /// The package's directory, relative to the root module.
    pub dir: String,
}
