//! Planning the packages of the chosen versions.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tofu_oci_source::evidence::Beside;
use tofu_oci_source::{PackageMeta, Reach, Source};
use tofu_oci_store::files::Files;
use tofu_oci_trust::evidence::LockCheck;
use tofu_oci_trust::policy::Verdict;
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::{LockFile, PackageHash, Platform, ProviderAddr, Version};

use super::locate::{Located, Sought, locate, tied};
use super::plugin_cache::PluginEntry;
use super::proof::prove;
use super::select::Selected;
use super::{InstallError, InstallOptions, LockMode};
use crate::Progress;
use crate::cache::{CachedPackage, Completeness, PackageCache, PackageName};

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

/// Where a package came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageOrigin {
    /// It was in its place.
    Place,
    /// The package cache had it.
    Cache,
    /// The plugin cache of the clients had it.
    PluginCache,
    /// It was fetched, or would be.
    Source,
}

/// One package of the plan.
#[derive(Debug, Clone)]
pub(crate) struct PlannedPackage {
    pub(crate) provider: ProviderAddr,
    pub(crate) version: Version,
    pub(crate) platform: Platform,
    pub(crate) action: PackageAction,
    /// Where to fetch it; nothing for one that is kept, linked or in the cache.
    pub(crate) meta: Option<PackageMeta>,
    /// The package in the cache, where the lock file vouches for it.
    pub(crate) cached: Option<CachedPackage>,
    /// The zip that we saw unpack to what is in its place or in the cache. Looked up where proofs are asked for.
    pub(crate) tied: Option<Digest>,
    /// What is proven, where that was asked for.
    pub(crate) verdict: Option<Verdict>,
    /// The hashes of all packages of the release that somebody who is believed has signed.
    pub(crate) signed: Vec<PackageHash>,
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
    pub(crate) origin: PackageOrigin,
}

impl FinishedPackage {
    /// A package that is as it should be.
    pub(crate) fn kept(planned: PlannedPackage) -> Self {
        Self {
            planned,
            computed: Vec::new(),
            origin: PackageOrigin::Place,
        }
    }
}

impl PlannedPackage {
    /// A package for which nobody was asked yet.
    pub(crate) fn located(sought: Sought, located: Located) -> Self {
        Self {
            provider: sought.name.provider,
            version: sought.name.version,
            platform: sought.name.platform,
            action: located.action,
            meta: None,
            cached: located.cached,
            tied: None,
            verdict: None,
            signed: Vec::new(),
            locked: sought.locked,
            place: sought.place,
            plugin_cache: None,
        }
    }

    pub(crate) fn name(&self) -> PackageName {
        PackageName {
            provider: self.provider.clone(),
            version: self.version.clone(),
            platform: self.platform.clone(),
        }
    }

    /// Where it will come from.
    pub(crate) fn origin(&self) -> PackageOrigin {
        match (self.action, &self.cached) {
            (PackageAction::Kept, _) => PackageOrigin::Place,
            (PackageAction::Linked, _) => PackageOrigin::PluginCache,
            (_, Some(_)) => PackageOrigin::Cache,
            (_, None) => PackageOrigin::Source,
        }
    }

    /// Whether a source has to be asked.
    fn is_wanting(&self) -> bool {
        self.action.fetches() && self.cached.is_none()
    }
}

/// By source address and platform.
pub(crate) fn sort_finished(finished: &mut [FinishedPackage]) {
    finished.sort_by(|a, b| {
        let key = |f: &FinishedPackage| (f.planned.provider.clone(), f.planned.platform.clone());
        key(a).cmp(&key(b))
    });
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

/// A package that is to be looked for.
pub(crate) fn sought(
    options: &InstallOptions,
    (provider, version, platform): (&ProviderAddr, &Version, &Platform),
    locked: Vec<PackageHash>,
    complete: Completeness,
) -> Sought {
    Sought {
        place: package_dir(options, provider, version, platform),
        name: PackageName {
            provider: provider.clone(),
            version: version.clone(),
            platform: platform.clone(),
        },
        locked,
        complete,
    }
}

/// Where packages that are there are looked for.
#[derive(Clone)]
pub(crate) struct Shelves {
    pub(crate) files: Files,
    pub(crate) cache: Option<Arc<PackageCache>>,
    pub(crate) progress: Progress,
}

impl Shelves {
    fn without_cache(&self) -> Self {
        Self {
            cache: None,
            ..self.clone()
        }
    }
}

/// Decides what is fetched. Packages that are locked, and in their place or in the cache, cost no request.
pub(crate) async fn plan(
    shelves: &Shelves,
    options: &InstallOptions,
    source: &dyn Source,
    lock: &LockFile,
    selected: &[Selected],
) -> Result<Vec<PlannedPackage>, InstallError> {
    let planned: Vec<_> = stream::iter(selected)
        .map(|selected| plan_provider(shelves, options, source, lock, selected))
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
    shelves: &Shelves,
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
    let complete = match options.reach {
        Reach::Network => Completeness::Wanted,
        Reach::Offline => Completeness::Waived,
    };
    let mut planned = Vec::new();
    for platform in &options.platforms {
        let package = (provider, version, platform);
        let sought = sought(options, package, locked.clone(), complete);
        let plugin_cache = PluginEntry::find(&shelves.files, options, selected, platform);
        let mut package = match &plugin_cache {
            None => find(shelves, options, sought).await?,
            // Where clients share their packages nothing goes by another way.
            Some(_) => find(&shelves.without_cache(), options, sought).await?,
        };
        if let Some(entry) = &plugin_cache
            && package.action != PackageAction::Kept
            && entry.is_locked(&locked).await
        {
            package.action = PackageAction::Linked;
        }
        package.plugin_cache = plugin_cache;
        if options.judge.is_some() {
            package.untie();
        }
        planned.push(package);
    }
    let beside = resolve(source, lock, options.lock, &mut planned).await?;
    prove(shelves, options, source, &mut planned, beside).await?;
    Ok(planned)
}

/// Looks in the package's place and in the cache.
async fn find(
    shelves: &Shelves,
    options: &InstallOptions,
    sought: Sought,
) -> Result<PlannedPackage, InstallError> {
    let judged = options.judge.is_some();
    let (shelves, path) = (shelves.clone(), sought.place.clone());
    let found = tokio::task::spawn_blocking(move || {
        let (files, cache) = (&shelves.files, shelves.cache.as_deref());
        let located = locate(files, cache, &sought)?;
        let tied = judged
            .then(|| tied(files, cache, &sought, &located))
            .flatten();
        Ok(PlannedPackage {
            tied,
            ..PlannedPackage::located(sought, located)
        })
    });
    found
        .await
        .unwrap_or(Err(InstallError::Interrupted { path }))
}

/// Asks the source for one package that was thought to be in the cache. It has to prove as much as any other.
pub(crate) async fn resolve_one(
    shelves: &Shelves,
    options: &InstallOptions,
    source: &dyn Source,
    package: &PlannedPackage,
) -> Result<PackageMeta, InstallError> {
    let mut wanting = [PlannedPackage {
        cached: None,
        ..package.clone()
    }];
    let beside = resolve(source, &LockFile::default(), LockMode::Update, &mut wanting).await?;
    prove(shelves, options, source, &mut wanting, beside).await?;
    let [resolved] = wanting;
    resolved.meta.ok_or(InstallError::Interrupted {
        path: resolved.place,
    })
}

/// Asks the source for the packages of one release that are neither in their place nor in the cache.
async fn resolve(
    source: &dyn Source,
    lock: &LockFile,
    mode: LockMode,
    planned: &mut [PlannedPackage],
) -> Result<Option<Beside>, InstallError> {
    let wanted: Vec<Platform> = planned
        .iter()
        .filter(|package| package.is_wanting())
        .map(|package| package.platform.clone())
        .collect();
    let (Some(first), false) = (planned.first(), wanted.is_empty()) else {
        return Ok(None);
    };
    let (provider, version) = (first.provider.clone(), first.version.clone());
    let release = source
        .release(&provider, &version, &wanted)
        .await
        .map_err(|source| {
            if lock
                .get(&provider)
                .is_some_and(|lock| lock.version == version)
                && matches!(source, tofu_oci_source::SourceError::UnknownVersion { .. })
                && mode != LockMode::Upgrade
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
    for package in planned.iter_mut().filter(|package| package.is_wanting()) {
        package.meta = metas.next();
        if let Some(meta) = &package.meta {
            LockCheck::of(&package.locked)
                .before_fetch(meta.location.digest())
                .map_err(|source| InstallError::LockMismatch {
                    provider: provider.clone(),
                    version: version.clone(),
                    platform: package.platform.clone(),
                    source: Box::new(source),
                })?;
        }
    }
    Ok(release.beside)
}
