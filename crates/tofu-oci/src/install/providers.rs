//! Planning and installing the packages of the chosen versions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tofu_oci_source::{FetchOptions, Fetched, PackageMeta, Source, fetch_provider};
use tofu_oci_store::files::Files;
use tofu_oci_trust::content::Threads;
use tofu_oci_trust::evidence::{LockCheck, install_hashes};
use tofu_oci_types::tofu::{LockFile, PackageHash, Platform, ProviderAddr, Version};
use tokio::sync::Semaphore;

use super::plugin_cache::{self, PluginEntry};
use super::select::Selected;
use super::staging::Staging;
use super::{InstallError, InstallOptions, LockMode, tree_hash};
use crate::jobs::processors;
use crate::{Outcome, Progress, Task, Work};

/// What an install does about one package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageAction {
    /// It is there, and is what the lock file says.
    Kept,
    /// The plugin cache has it, as the lock file says.
    Linked,
    /// It is fetched.
    Installed,
    /// Something else is in its place, and is replaced.
    Replaced,
}

impl PackageAction {
    /// Whether the package comes from its source.
    fn fetches(self) -> bool {
        match self {
            Self::Kept | Self::Linked => false,
            Self::Installed | Self::Replaced => true,
        }
    }
}

/// One package of the plan.
#[derive(Debug, Clone)]
pub(crate) struct PlannedPackage {
    pub(crate) provider: ProviderAddr,
    pub(crate) version: Version,
    pub(crate) platform: Platform,
    pub(crate) action: PackageAction,
    /// Where to fetch it; nothing for one that is kept or linked.
    pub(crate) meta: Option<PackageMeta>,
    /// What the lock file has recorded for this version.
    pub(crate) locked: Vec<PackageHash>,
    pub(crate) place: PathBuf,
    /// Its place in the plugin cache, where there is one.
    pub(crate) plugin_cache: Option<PluginEntry>,
}

/// A package that was installed or kept.
#[derive(Debug, Clone)]
pub(crate) struct FinishedPackage {
    pub(crate) planned: PlannedPackage,
    /// The hashes that we computed; none for one that was kept or linked.
    pub(crate) computed: Vec<PackageHash>,
}

/// `DATA/providers/HOST/NAMESPACE/TYPE/VERSION/OS_ARCH`.
pub(crate) fn package_dir(
    options: &InstallOptions,
    provider: &ProviderAddr,
    version: &Version,
    platform: &Platform,
) -> PathBuf {
    options
        .dir
        .join(&options.data_dir)
        .join("providers")
        .join(provider.to_string())
        .join(version.to_string())
        .join(platform.to_string())
}

/// Decides what is fetched. Packages that are there and locked cost no request.
pub(crate) async fn plan(
    files: &Files,
    options: &InstallOptions,
    source: &dyn Source,
    lock: &LockFile,
    selected: &[Selected],
) -> Result<Vec<PlannedPackage>, InstallError> {
    let planned: Vec<_> = stream::iter(selected)
        .map(|selected| plan_provider(files, options, source, lock, selected))
        .buffered(options.jobs.get().max(8))
        .collect()
        .await;
    let mut packages = Vec::new();
    let mut errors = Vec::new();
    for planned in planned {
        match planned {
            Ok(planned) => packages.extend(planned),
            Err(error) => errors.push(error),
        }
    }
    InstallError::all(errors)?;
    Ok(packages)
}

async fn plan_provider(
    files: &Files,
    options: &InstallOptions,
    source: &dyn Source,
    lock: &LockFile,
    selected: &Selected,
) -> Result<Vec<PlannedPackage>, InstallError> {
    let provider = &selected.requirement.addr;
    let version = &selected.version;
    let locked: Vec<PackageHash> = lock
        .get(provider)
        .filter(|lock| lock.version == *version)
        .map(|lock| lock.hashes.clone())
        .unwrap_or_default();
    let mut planned = Vec::new();
    let mut wanted = Vec::new();
    for platform in &options.platforms {
        let place = package_dir(options, provider, version, platform);
        let mut action = look(files, &place, &locked).await?;
        let plugin_cache = PluginEntry::find(files, options, selected, platform);
        if let Some(entry) = &plugin_cache
            && action != PackageAction::Kept
            && entry.is_locked(&locked).await
        {
            action = PackageAction::Linked;
        }
        if action.fetches() {
            wanted.push(platform.clone());
        }
        planned.push(PlannedPackage {
            provider: provider.clone(),
            version: version.clone(),
            platform: platform.clone(),
            action,
            meta: None,
            locked: locked.clone(),
            place,
            plugin_cache,
        });
    }
    if wanted.is_empty() {
        return Ok(planned);
    }
    let release = source
        .release(provider, version, &wanted)
        .await
        .map_err(|source| {
            if lock
                .get(provider)
                .is_some_and(|lock| lock.version == *version)
                && matches!(source, tofu_oci_source::SourceError::UnknownVersion { .. })
                && options.lock != LockMode::Upgrade
            {
                return InstallError::LockedVersionGone {
                    provider: provider.clone(),
                    version: version.clone(),
                    source: Box::new(source),
                };
            }
            InstallError::Source(Box::new(source))
        })?;
    let mut metas = release.packages.into_iter();
    for package in planned.iter_mut().filter(|p| p.action.fetches()) {
        package.meta = metas.next();
        if let Some(meta) = &package.meta {
            LockCheck::of(&locked)
                .before_fetch(meta.location.digest())
                .map_err(|source| InstallError::LockMismatch {
                    provider: provider.clone(),
                    version: version.clone(),
                    platform: package.platform.clone(),
                    source: Box::new(source),
                })?;
        }
    }
    Ok(planned)
}

/// What is in a package's place now.
async fn look(
    files: &Files,
    place: &Path,
    locked: &[PackageHash],
) -> Result<PackageAction, InstallError> {
    let failed = |source| InstallError::Read {
        path: place.to_owned(),
        source,
    };
    if files.metadata(place).map_err(failed)?.is_none() {
        return Ok(PackageAction::Installed);
    }
    if !locked.iter().any(PackageHash::is_h1) {
        return Ok(PackageAction::Replaced);
    }
    let (files, path) = (files.clone(), place.to_owned());
    let hashed = tokio::task::spawn_blocking(move || tree_hash::h1_of_tree(&files, &path)).await;
    // A tree that cannot be hashed is not the locked one: it is replaced.
    Ok(match hashed {
        Ok(Ok(h1)) if locked.contains(&h1) => PackageAction::Kept,
        _ => PackageAction::Replaced,
    })
}

/// Fetches, verifies and places what was planned; the largest packages first.
pub(crate) async fn execute(
    files: &Files,
    options: &InstallOptions,
    staging: &Arc<Staging>,
    planned: Vec<PlannedPackage>,
    progress: &Progress,
) -> Result<Vec<FinishedPackage>, InstallError> {
    let mut order = planned;
    order.sort_by_key(|package| std::cmp::Reverse(size(package)));
    let fetched = order
        .iter()
        .filter(|package| package.meta.is_some())
        .count();
    let workers = options.jobs.min(processors()).get();
    let fetch = FetchOptions {
        files: files.clone(),
        // One package alone is split over the cores, several share them.
        threads: if fetched < workers {
            Threads::Pipelined
        } else {
            Threads::One
        },
        turns: Arc::new(Semaphore::new(workers)),
    };
    let worker = Worker {
        fetch,
        staging,
        progress,
    };
    let results: Vec<_> = stream::iter(order)
        .map(|package| finish(package, &worker))
        .buffer_unordered(options.jobs.get())
        .collect()
        .await;
    let mut finished = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(package) => finished.push(package),
            Err(error) => errors.push(error),
        }
    }
    InstallError::all(errors)?;
    finished.sort_by(|a, b| {
        let key = |f: &FinishedPackage| (f.planned.provider.clone(), f.planned.platform.clone());
        key(a).cmp(&key(b))
    });
    Ok(finished)
}

fn size(package: &PlannedPackage) -> u64 {
    package.meta.as_ref().map_or(0, |meta| meta.location.size())
}

/// What a package is fetched and placed with.
pub(crate) struct Worker<'a> {
    fetch: FetchOptions,
    pub(crate) staging: &'a Arc<Staging>,
    pub(crate) progress: &'a Progress,
}

async fn finish(
    planned: PlannedPackage,
    worker: &Worker<'_>,
) -> Result<FinishedPackage, InstallError> {
    if planned.action == PackageAction::Kept {
        return Ok(FinishedPackage {
            planned,
            computed: Vec::new(),
        });
    }
    if let Some(entry) = planned.plugin_cache.clone() {
        return plugin_cache::finish(&entry, planned, worker).await;
    }
    let Some(meta) = planned.meta.clone() else {
        return Ok(FinishedPackage {
            planned,
            computed: Vec::new(),
        });
    };
    let (fetched, task) = worker
        .fetch(&planned, &meta, worker.staging.fresh())
        .await?;
    let computed = install_hashes(fetched.package());
    place(fetched, &planned, worker.staging).await?;
    ended(task);
    Ok(FinishedPackage { planned, computed })
}

/// The work on a package is done.
pub(crate) fn ended(task: Arc<Task>) {
    // Nobody else holds it once the package was fetched.
    if let Some(task) = Arc::into_inner(task) {
        task.end(Outcome::Done);
    }
}

impl Worker<'_> {
    /// Fetches, verifies and unpacks a package into the new directory `into`. The work on it has
    /// [`ended`] when it is in its place.
    pub(crate) async fn fetch(
        &self,
        planned: &PlannedPackage,
        meta: &PackageMeta,
        into: PathBuf,
    ) -> Result<(Fetched, Arc<Task>), InstallError> {
        let task = Arc::new(self.progress.begin(
            Work::InstallProvider {
                provider: planned.provider.clone(),
                version: planned.version.clone(),
                platform: planned.platform.clone(),
            },
            Some(meta.location.size()),
        ));
        let advance = {
            let task = Arc::clone(&task);
            Arc::new(move |bytes| task.advance(bytes))
        };
        let check = LockCheck::of(&planned.locked);
        let fetched = fetch_provider(meta, check, &self.fetch, into, advance)
            .await
            .map_err(|source| InstallError::Source(Box::new(source)))?;
        Ok((fetched, task))
    }
}

async fn place(
    fetched: Fetched,
    planned: &PlannedPackage,
    staging: &Arc<Staging>,
) -> Result<(), InstallError> {
    let (staging, to) = (Arc::clone(staging), planned.place.clone());
    let placed = tokio::task::spawn_blocking(move || {
        let from = fetched.into_path();
        staging.place(&from, &to)
    })
    .await;
    let path = planned.place.clone();
    match placed {
        Ok(Ok(())) => Ok(()),
        Ok(Err(source)) => Err(InstallError::Place { path, source }),
        Err(_) => Err(InstallError::Interrupted { path }),
    }
}
