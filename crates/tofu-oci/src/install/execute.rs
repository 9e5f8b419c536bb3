//! Fetching, verifying and placing the packages of a plan.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tofu_oci_source::{
    FetchOptions, FetchProgress, Fetched, PackageMeta, Source, SourceError, fetch_provider,
};
use tofu_oci_store::StoreError;
use tofu_oci_store::files::Files;
use tofu_oci_trust::content::Threads;
use tofu_oci_trust::evidence::{LockCheck, install_hashes};
use tofu_oci_types::tofu::PackageHash;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::plugin_cache;
use super::providers::{
    FinishedPackage, PackageAction, PackageOrigin, PlannedPackage, Shelves, resolve_one,
    sort_finished,
};
use super::staging::Staging;
use super::{InstallError, InstallOptions};
use crate::cache::{CachedPackage, Completeness, LinkMode, PackageCache, PlaceError, Wanted};
use crate::jobs::processors;
use crate::{Outcome, Progress, Task, Work};

/// What packages are put into place with.
#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) files: Files,
    pub(crate) cache: Option<Arc<PackageCache>>,
    pub(crate) staging: Arc<Staging>,
    pub(crate) progress: Progress,
}

/// A package that is in its place, and the hashes that we computed of it.
struct Placed {
    hashes: Vec<PackageHash>,
    origin: PackageOrigin,
}

/// Fetches, verifies and places what was planned; the largest packages first.
pub(crate) async fn execute(
    workshop: &Workshop,
    options: &InstallOptions,
    source: &dyn Source,
    planned: Vec<PlannedPackage>,
) -> Result<Vec<FinishedPackage>, InstallError> {
    let mut order = planned;
    order.sort_by_key(|package| std::cmp::Reverse(size(package)));
    let fetched = order
        .iter()
        .filter(|package| package.meta.is_some())
        .count();
    let workers = options.jobs.min(processors()).get();
    let fetch = FetchOptions {
        files: workshop.files.clone(),
        // One package alone is split over the cores, several share them.
        threads: if fetched < workers {
            Threads::Pipelined
        } else {
            Threads::One
        },
        turns: Arc::new(Semaphore::new(workers)),
    };
    let worker = Worker {
        workshop,
        options,
        source,
        fetch,
    };
    let results: Vec<_> = stream::iter(order)
        .map(|package| worker.finish(package))
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
    sort_finished(&mut finished);
    Ok(finished)
}

fn size(package: &PlannedPackage) -> u64 {
    package.meta.as_ref().map_or(0, |meta| meta.location.size())
}

/// What a package is fetched and placed with.
pub(crate) struct Worker<'a> {
    pub(crate) workshop: &'a Workshop,
    pub(crate) options: &'a InstallOptions,
    source: &'a dyn Source,
    fetch: FetchOptions,
}

impl Worker<'_> {
    async fn finish(&self, planned: PlannedPackage) -> Result<FinishedPackage, InstallError> {
        if planned.action == PackageAction::Kept {
            return Ok(FinishedPackage::kept(planned));
        }
        if let Some(entry) = planned.plugin_cache.clone() {
            return plugin_cache::finish(&entry, planned, self).await;
        }
        let size = planned.meta.as_ref().map(|meta| meta.location.size());
        let task = self.begin(&planned, size);
        let placed = self.obtain(&planned, advance(&task)).await?;
        ended(task);
        Ok(FinishedPackage {
            planned,
            computed: placed.hashes,
            origin: placed.origin,
        })
    }

    fn begin(&self, planned: &PlannedPackage, size: Option<u64>) -> Arc<Task> {
        Arc::new(self.workshop.progress.begin(planned.work(), size))
    }

    /// Fetches, verifies and unpacks a package into the new directory `into`. The work on it has
    /// [`ended`] when it is in its place.
    pub(crate) async fn fetch(
        &self,
        planned: &PlannedPackage,
        meta: &PackageMeta,
        into: PathBuf,
    ) -> Result<(Fetched, Arc<Task>), InstallError> {
        let task = self.begin(planned, Some(meta.location.size()));
        let check = LockCheck::of(&planned.locked);
        let fetched = fetch_provider(meta, check, &self.fetch, into, advance(&task))
            .await
            .map_err(|source| InstallError::Source(Box::new(source)))?;
        Ok((fetched, task))
    }

    /// From the cache, by way of the cache, or past it.
    async fn obtain(
        &self,
        planned: &PlannedPackage,
        advance: FetchProgress,
    ) -> Result<Placed, InstallError> {
        if let Some(cached) = &planned.cached
            && let Some(placed) = self.place(planned, cached.clone()).await?
        {
            return Ok(placed);
        }
        let meta = match &planned.meta {
            Some(meta) => meta.clone(),
            // It was in the cache when that was looked at.
            None => {
                let shelves = self.workshop.shelves();
                resolve_one(&shelves, self.options, self.source, planned).await?
            }
        };
        if let Some(cache) = &self.workshop.cache
            && let Some(placed) = self.by_cache(cache, planned, &meta, &advance).await?
        {
            return Ok(placed);
        }
        self.directly(planned, &meta, advance).await
    }

    /// Finds the package in the cache, or fetches it into there. `None` where the cache is of no use.
    async fn by_cache(
        &self,
        cache: &Arc<PackageCache>,
        planned: &PlannedPackage,
        meta: &PackageMeta,
        advance: &FetchProgress,
    ) -> Result<Option<Placed>, InstallError> {
        let digest = meta.location.digest();
        let filling = match cache.begin(digest).await {
            Ok(filling) => Some(filling),
            Err(error) => {
                cache.unusable(&error);
                None
            }
        };
        let judged = self.options.judge.is_some();
        // Somebody else may have fetched it while we waited.
        let found = {
            let (cache, digest, planned) = (Arc::clone(cache), digest.clone(), planned.clone());
            self.blocking(&planned.place.clone(), move || {
                let lock = LockCheck::of(&planned.locked);
                let wanted = Wanted {
                    name: &planned.name(),
                    lock: &lock,
                    complete: Completeness::Wanted,
                };
                // A signature is about a zip, so that it has to be known that this is the one.
                let fit = |found: &CachedPackage| !judged || found.zip().is_some();
                let found = cache.find(&digest, &wanted).filter(fit)?;
                cache.remember(wanted.name, &found);
                Some(found)
            })
            .await?
        };
        if let Some(package) = found
            && let Some(placed) = self.place(planned, package).await?
        {
            return Ok(Some(placed));
        }
        let Some(filling) = filling else {
            return Ok(None);
        };
        let check = LockCheck::of(&planned.locked);
        let (into, advance) = (filling.tree(), Arc::clone(advance));
        let fetched = match fetch_provider(meta, check, &self.fetch, into, advance).await {
            Ok(fetched) => fetched,
            Err(error) => match unwritten(&error) {
                Some(reason) => {
                    cache.unusable(reason);
                    return Ok(None);
                }
                None => return Err(InstallError::Source(Box::new(error))),
            },
        };
        let name = planned.name();
        let kept = self.blocking(&planned.place, move || filling.keep(fetched, &name));
        match kept.await? {
            Ok(package) => {
                let placed = self.place(planned, package).await?;
                Ok(placed.map(|placed| Placed {
                    origin: PackageOrigin::Source,
                    ..placed
                }))
            }
            Err(error) => {
                cache.unusable(&error);
                Ok(None)
            }
        }
    }

    /// Puts a package of the cache into place. `None` where it is not there any more.
    async fn place(
        &self,
        planned: &PlannedPackage,
        package: CachedPackage,
    ) -> Result<Option<Placed>, InstallError> {
        let (workshop, mode) = (self.workshop.clone(), self.options.link_mode);
        let planned = planned.clone();
        self.blocking(&planned.place.clone(), move || {
            workshop.place_cached(mode, &planned, &package)
        })
        .await?
        .map(|placed| {
            placed.map(|hashes| Placed {
                hashes,
                origin: PackageOrigin::Cache,
            })
        })
    }

    /// Fetches a package into the staging place of the working directory.
    async fn directly(
        &self,
        planned: &PlannedPackage,
        meta: &PackageMeta,
        advance: FetchProgress,
    ) -> Result<Placed, InstallError> {
        let check = LockCheck::of(&planned.locked);
        let into = self.workshop.staging.fresh();
        let fetched = fetch_provider(meta, check, &self.fetch, into, advance)
            .await
            .map_err(|source| InstallError::Source(Box::new(source)))?;
        let hashes = install_hashes(fetched.package());
        let (workshop, to) = (self.workshop.clone(), planned.place.clone());
        self.blocking(&planned.place, move || workshop.place_fetched(fetched, &to))
            .await?
            .map_err(|source| InstallError::Place {
                path: planned.place.clone(),
                source,
            })?;
        Ok(Placed {
            hashes,
            origin: PackageOrigin::Source,
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        path: &std::path::Path,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, InstallError> {
        spawn_blocking(work)
            .await
            .map_err(|_| InstallError::Interrupted {
                path: path.to_owned(),
            })
    }
}

fn advance(task: &Arc<Task>) -> FetchProgress {
    let task = Arc::clone(task);
    Arc::new(move |bytes| task.advance(bytes))
}

/// The work on a package is done.
pub(crate) fn ended(task: Arc<Task>) {
    // Nobody else holds it once the package was fetched.
    if let Some(task) = Arc::into_inner(task) {
        task.end(Outcome::Done);
    }
}

impl Workshop {
    fn shelves(&self) -> Shelves {
        Shelves {
            files: self.files.clone(),
            cache: self.cache.clone(),
            progress: self.progress.clone(),
        }
    }

    /// Puts a package of the cache into place and gives the hashes that we computed of it. `None` where it is not
    /// there any more, or another one.
    pub(crate) fn place_cached(
        &self,
        mode: LinkMode,
        planned: &PlannedPackage,
        package: &CachedPackage,
    ) -> Result<Option<Vec<PackageHash>>, InstallError> {
        let Some(cache) = &self.cache else {
            return Ok(None);
        };
        let failed = |source| InstallError::Place {
            path: planned.place.clone(),
            source,
        };
        let fresh = self.staging.fresh();
        let linked = match cache.place(package, &fresh, mode) {
            Ok(linked) => linked,
            Err(PlaceError::Changed(_)) => return Ok(None),
            Err(PlaceError::Write(source)) => return Err(failed(source)),
            Err(PlaceError::Link(source)) => {
                return Err(InstallError::Link {
                    path: planned.place.clone(),
                    mode,
                    source,
                });
            }
        };
        self.staging.place(&fresh, &planned.place).map_err(failed)?;
        if !linked.is_all() {
            cache.stamp_place(&planned.place, package.h1(), package.zip());
        }
        Ok(Some(package.hashes()))
    }

    fn place_fetched(&self, fetched: Fetched, to: &std::path::Path) -> io::Result<()> {
        let h1 = fetched.package().h1().clone();
        let zip = fetched.package().digest().clone();
        self.staging.place(&fetched.into_path(), to)?;
        if let Some(cache) = &self.cache {
            cache.stamp_place(to, &h1, Some(&zip));
        }
        Ok(())
    }
}

/// What could not be written to the cache; `None` where something else failed.
fn unwritten(error: &SourceError) -> Option<&io::Error> {
    match error {
        SourceError::Unpack { source, .. }
        | SourceError::Read {
            source: StoreError::Io(source),
            ..
        } => Some(source),
        _ => None,
    }
}

impl PlannedPackage {
    /// What it is called while it is worked on.
    pub(crate) fn work(&self) -> Work {
        Work::InstallProvider {
            provider: self.provider.clone(),
            version: self.version.clone(),
            platform: self.platform.clone(),
        }
    }
}
