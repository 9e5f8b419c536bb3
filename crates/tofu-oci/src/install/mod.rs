//! Installing the modules and providers of a configuration, as `init` does.
//!
//! ```text
//! read the module tree ─ fetch modules beside ─ requirements ─ versions ─ plan
//!     ─ fetch, verify and unpack providers beside ─ rename each ─ modules.json ─ lock files
//! ```
//!
//! Everything that is fetched is unpacked in the data directory's staging place and renamed when
//! it is proven, the lock files last: a run that is killed leaves each package directory,
//! `modules.json` and the lock files as they were, or as they are to be.

mod error;
mod execute;
mod locate;
mod lock;
mod module_dirs;
mod module_lock;
mod modules;
mod offline;
mod options;
mod plugin_cache;
mod proof;
mod providers;
mod select;
mod staging;
mod tree;
mod tree_hash;
mod warm;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tofu_oci_source::{Connect, Reach, Source};
use tofu_oci_store::files::Files;
use tofu_oci_trust::policy::Verdict;
use tofu_oci_types::tofu::{LockFile, PackageHash, Platform, ProviderAddr, Version};

pub use error::InstallError;
pub use lock::LockChange;
pub(crate) use lock::read_lock_file;
pub use module_dirs::Subdirectory;
pub(crate) use module_lock::LoadedModuleLock;
pub use module_lock::{ModuleLockReport, ModuleLockUse};
pub use modules::{InstalledModule, ModuleHosts};
pub(crate) use modules::{ModuleFetcher, PendingModule, read_records};
pub use options::{InstallOptions, LockMode, Writes};
pub use providers::{PackageAction, PackageOrigin};
pub use tree::{MissingModule, ModuleNode, ModuleTree};
pub(crate) use tree::{module_name, package_dir};
pub(crate) use tree_hash::h1_of_tree;
pub use warm::{Cold, WarmInstaller};

use crate::cache::PackageCache;
use crate::{Progress, Warning};
use execute::Workshop;
use lock::Loaded;
use plugin_cache::PluginEntry;
use providers::{FinishedPackage, PlannedPackage, Shelves};
use staging::Staging;

/// What an install works with.
pub struct Installer {
    /// File access.
    pub files: Files,
    /// Where providers are found.
    pub source: Arc<dyn Source>,
    /// How module packages are reached.
    pub connect: Connect,
    /// Registries of modules that are read from directories.
    pub module_hosts: ModuleHosts,
    /// The packages that all working directories share.
    pub cache: Option<Arc<PackageCache>>,
    /// Who is told what happens.
    pub progress: Progress,
}

/// One provider package of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledProvider {
    /// The provider.
    pub provider: ProviderAddr,
    /// The version.
    pub version: Version,
    /// The platform.
    pub platform: Platform,
    /// What was done, or would be.
    pub action: PackageAction,
    /// Where it came from.
    pub origin: PackageOrigin,
    /// The length of the package that is fetched, in bytes; 0 for one that is kept or in the cache.
    pub size: u64,
    /// Its directory.
    pub dir: PathBuf,
    /// The directory in the plugin cache that this is a link to; `None` for a package that was kept.
    pub plugin_cache: Option<PathBuf>,
    /// The hashes that were computed from its bytes.
    pub hashes: Vec<PackageHash>,
    /// What is proven, where that was asked for.
    pub verdict: Option<Verdict>,
}

/// What an install did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallReport {
    /// The module packages that were put into place.
    pub modules: Vec<InstalledModule>,
    /// The provider packages, by source address and platform.
    pub providers: Vec<InstalledProvider>,
    /// What happened to the lock file.
    pub lock: LockChange,
    /// The lock file's path.
    pub lock_path: PathBuf,
    /// What happened to the module lock file; `None` where modules are not locked.
    pub module_lock: Option<ModuleLockReport>,
}

impl Installer {
    /// Installs what the configuration in `options.dir` needs.
    ///
    /// # Errors
    ///
    /// [`InstallError`]. Failures of different providers and modules come together.
    pub async fn install(&self, options: &InstallOptions) -> Result<InstallReport, InstallError> {
        match (self.install_all(options).await, options.reach) {
            (Err(error), Reach::Offline) => Err(offline::explain(self, options, error).await),
            (result, _) => result,
        }
    }

    async fn install_all(&self, options: &InstallOptions) -> Result<InstallReport, InstallError> {
        self.check_directory(options)?;
        let data_dir = options.dir.join(&options.data_dir);
        // First: another run may be writing the lock files.
        let staging = Arc::new(Staging::open(&self.files, &data_dir).map_err(|source| {
            InstallError::Place {
                path: data_dir,
                source,
            }
        })?);
        let loaded = lock::load(&self.files, options, &self.progress)?;
        let module_lock = LoadedModuleLock::load(&self.files, options)?;
        let fetcher = ModuleFetcher {
            files: self.files.clone(),
            hosts: self.module_hosts.clone(),
            connect: self.connect.clone(),
            staging: Arc::clone(&staging),
            progress: self.progress.clone(),
            module_lock,
        };
        let mut tree = ModuleTree::fetch(&self.files, options, &fetcher).await?;
        if let Some(lock) = &fetcher.module_lock {
            lock.check_unneeded(&tree)?;
        }
        let requirements = tree.requirements();
        lock::check_locked(&loaded, options, &requirements)?;
        let source = self.source.as_ref();
        let installable = requirements.iter().filter(|r| !r.addr.is_builtin());
        let addresses: Vec<ProviderAddr> = installable.map(|r| r.addr.clone()).collect();
        source
            .distinguish(&addresses)
            .map_err(|source| InstallError::Source(Box::new(source)))?;
        let selected = select::select(
            requirements.clone(),
            source,
            &loaded.lock,
            options.lock,
            &self.progress,
        )
        .await?;
        let shelves = self.shelves();
        let planned = providers::plan(&shelves, options, source, &loaded.lock, &selected).await?;
        proof::warn_of_proofs(&self.progress, &planned);
        if options.writes == Writes::DryRun {
            return Ok(InstallReport {
                module_lock: fetcher.module_lock.map(|lock| lock.report(&tree)),
                ..dry_report(options, &tree, &planned, &loaded)
            });
        }
        let workshop = Workshop {
            files: self.files.clone(),
            cache: self.cache.clone(),
            staging: Arc::clone(&staging),
            progress: self.progress.clone(),
        };
        let finished = execute::execute(&workshop, options, source, planned).await?;
        let modules = modules::place_modules(&self.files, options, &staging, &mut tree)?;
        let module_lock = match &fetcher.module_lock {
            Some(lock) => Some(lock.store(&self.files, &tree)?),
            None => None,
        };
        let updated = lock::updated(&loaded, &requirements, &finished);
        let change = lock::store(&self.files, &loaded, options, &updated)?;
        warn_about(&self.progress, &updated, &loaded.lock, &finished);
        Ok(InstallReport {
            module_lock,
            ..report(modules, &finished, change, loaded)
        })
    }

    fn shelves(&self) -> Shelves {
        Shelves {
            files: self.files.clone(),
            cache: self.cache.clone(),
            progress: self.progress.clone(),
        }
    }

    fn check_directory(&self, options: &InstallOptions) -> Result<(), InstallError> {
        let failed = |source| InstallError::Read {
            path: options.dir.clone(),
            source,
        };
        match self.files.metadata(&options.dir).map_err(failed)? {
            Some(_) => Ok(()),
            None => Err(failed(io::Error::from(io::ErrorKind::NotFound))),
        }
    }
}

/// What the user should know about the new lock file.
fn warn_about(
    progress: &Progress,
    updated: &LockFile,
    before: &LockFile,
    finished: &[FinishedPackage],
) {
    for package in finished {
        let provider = &package.planned.provider;
        let had = before.get(provider).is_some_and(|entry| {
            entry.version == package.planned.version
                && entry.hashes.iter().any(PackageHash::is_h1)
                && !entry.hashes.iter().any(PackageHash::is_zh)
        });
        if had && package.computed.iter().any(PackageHash::is_zh) {
            progress.warn(Warning::ZipHashAdded {
                provider: provider.clone(),
                version: package.planned.version.clone(),
            });
        }
    }
    let incomplete: Vec<ProviderAddr> = finished
        .iter()
        .filter(|f| !f.computed.is_empty() && f.planned.signed.is_empty())
        .filter_map(|f| updated.get(&f.planned.provider))
        .filter(|entry| entry.hashes.iter().filter(|hash| hash.is_zh()).count() < 2)
        .map(|entry| entry.addr.clone())
        .collect();
    if !incomplete.is_empty() {
        progress.warn(Warning::IncompleteLock {
            providers: incomplete,
        });
    }
}

fn report(
    modules: Vec<InstalledModule>,
    finished: &[FinishedPackage],
    lock: LockChange,
    loaded: Loaded,
) -> InstallReport {
    InstallReport {
        modules,
        providers: finished.iter().map(installed).collect(),
        lock,
        lock_path: loaded.path,
        module_lock: None,
    }
}

fn installed(finished: &FinishedPackage) -> InstalledProvider {
    InstalledProvider {
        hashes: finished.computed.clone(),
        origin: finished.origin,
        ..planned(&finished.planned)
    }
}

fn planned(package: &PlannedPackage) -> InstalledProvider {
    InstalledProvider {
        provider: package.provider.clone(),
        version: package.version.clone(),
        platform: package.platform.clone(),
        action: package.action,
        origin: package.origin(),
        size: package.meta.as_ref().map_or(0, |meta| meta.location.size()),
        dir: package.place.clone(),
        plugin_cache: package
            .plugin_cache
            .as_ref()
            .filter(|_| package.action != PackageAction::Kept)
            .map(PluginEntry::path),
        hashes: Vec::new(),
        verdict: package.verdict.clone(),
    }
}

fn dry_report(
    options: &InstallOptions,
    tree: &ModuleTree,
    packages: &[PlannedPackage],
    loaded: &Loaded,
) -> InstallReport {
    let modules = tree
        .pending
        .iter()
        .map(|pending| InstalledModule {
            path: pending.path.clone(),
            source: pending.source.clone(),
            manifest: pending.manifest.clone(),
            dir: package_dir(options, &pending.path.join(".")),
        })
        .collect();
    let adds = packages.iter().any(|package| {
        loaded
            .lock
            .get(&package.provider)
            .is_none_or(|entry| entry.version != package.version)
    });
    InstallReport {
        modules,
        providers: packages.iter().map(planned).collect(),
        lock: match (adds, &loaded.file) {
            (false, _) => LockChange::Unchanged,
            (true, None) => LockChange::Created,
            (true, Some(_)) => LockChange::Updated,
        },
        lock_path: loaded.path.clone(),
        module_lock: None,
    }
}
