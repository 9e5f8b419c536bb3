//! Installing what is locked and in the cache, without anything that could reach a network.
//!
//! Nothing here waits: no runtime, no client, no certificates. Everything is decided before the first change, and where
//! anything is missing or odd the answer is that this was no warm install; the whole way finds out, and says, what it is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use tofu_oci_store::files::{FileLock, Files};
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::config::Requirement;

use super::execute::Workshop;
use super::locate::{Located, Sought, locate, tied};
use super::lock::Loaded;
use super::module_lock::LoadedModuleLock;
use super::proof::{prove_warm, warn_of_proofs};
use super::providers::{FinishedPackage, PackageAction, PlannedPackage, sort_finished, sought};
use super::staging::Staging;
use super::tree::Locking;
use super::{
    InstallError, InstallOptions, InstallReport, LockMode, ModuleTree, Writes, lock, modules,
    report, warn_about,
};
use crate::cache::{Completeness, PackageCache, Turn};
use crate::jobs::processors;
use crate::{Event, Outcome, Progress, Reporter};

/// What a warm install works with.
pub struct WarmInstaller {
    /// File access.
    pub files: Files,
    /// The packages that all working directories share.
    pub cache: Option<Arc<PackageCache>>,
    /// Who is told what happens.
    pub progress: Progress,
}

impl WarmInstaller {
    /// Installs what the configuration in `options.dir` needs, if all of it is locked, and in its place or in the
    /// cache. Where somebody else just installs the same packages, they are waited for.
    ///
    /// # Errors
    ///
    /// [`Cold`] where something is missing; then nothing was changed that the whole way would not change as well.
    pub fn install(&self, options: &InstallOptions) -> Result<InstallReport, Cold> {
        let mut cold = Cold::default();
        if !may_be_warm(options) {
            return Err(cold);
        }
        if let Some(report) = self.attempt(options, &mut cold) {
            return Ok(report);
        }
        let (Some(cache), Some(set)) = (&self.cache, cold.set.take()) else {
            return Err(cold);
        };
        match cache.take_turn(&set) {
            Ok(Turn::First(lock)) => cold.turn = Some(lock),
            Ok(Turn::Later) => return self.attempt(options, &mut cold).ok_or(cold),
            // It is said where it matters.
            Err(_) => {}
        }
        Err(cold)
    }

    /// Installs, if everything is at hand. The set of packages is told once it is known that something lacks.
    fn attempt(&self, options: &InstallOptions, cold: &mut Cold) -> Option<InstallReport> {
        // No directory is made for a configuration that is not there.
        self.files.metadata(&options.dir).ok()??;
        let data_dir = options.dir.join(&options.data_dir);
        // First: another run may be writing the lock file.
        let staging = Staging::open(&self.files, &data_dir).ok()?;
        let recorder = Arc::new(Recorder::default());
        let unheard = Progress::new(Arc::clone(&recorder) as Arc<dyn Reporter>);
        let loaded = lock::load(&self.files, options, &unheard).ok()?;
        let module_lock = LoadedModuleLock::load(&self.files, options).ok()?;
        let locking = module_lock.as_ref().map(|lock| Locking {
            lock,
            progress: &unheard,
        });
        // It waits only for what is fetched.
        let read = ModuleTree::read_locked(&self.files, options, locking).now_or_never()?;
        let mut tree = read.ok().filter(|tree| tree.missing.is_empty())?;
        if let Some(lock) = &module_lock {
            lock.check_unneeded(&tree).ok()?;
        }
        let requirements = tree.requirements();
        lock::check_locked(&loaded, options, &requirements).ok()?;
        let wanted = wanted(options, &loaded, &requirements)?;
        let workshop = Workshop {
            files: self.files.clone(),
            cache: self.cache.clone(),
            staging: Arc::new(staging),
            progress: self.progress.clone(),
        };
        let set = set_of(&wanted);
        let Some(mut planned) = self.plan(options, wanted) else {
            // Without the staging place: whoever has the turn may need it.
            cold.set = Some(set);
            return None;
        };
        if let Some(judge) = &options.judge {
            prove_warm(judge, self.cache.as_deref(), &mut planned)?;
            warn_of_proofs(&unheard, &planned);
        }
        let mut finished = workshop.place_all(options, planned)?;
        sort_finished(&mut finished);
        let placed = modules::place_modules(&self.files, options, &workshop.staging, &mut tree);
        let placed = placed.ok()?;
        let module_lock = match &module_lock {
            Some(lock) => Some(lock.store(&self.files, &tree).ok()?),
            None => None,
        };
        let updated = lock::updated(&loaded, &requirements, &finished);
        let change = lock::store(&self.files, &loaded, options, &updated).ok()?;
        recorder.tell(&self.progress);
        warn_about(&self.progress, &updated, &loaded.lock, &finished);
        Some(InstallReport {
            module_lock,
            ..report(placed, &finished, change, loaded)
        })
    }

    /// Where each package is; `None` where one is neither in its place nor in the cache.
    fn plan(&self, options: &InstallOptions, wanted: Vec<Sought>) -> Option<Vec<PlannedPackage>> {
        let judged = options.judge.is_some();
        let found = side_by_side(options, &wanted, |sought| {
            let cache = self.cache.as_deref();
            let located = locate(&self.files, cache, sought).ok()?;
            let tied = judged
                .then(|| tied(&self.files, cache, sought, &located))
                .flatten();
            Some((located, tied))
        });
        let both = wanted.into_iter().zip(found);
        both.map(|(sought, found): (_, Option<(Located, _)>)| {
            let (located, tied) = found?;
            let there = located.action == PackageAction::Kept || located.cached.is_some();
            (there && (!judged || tied.is_some())).then(|| PlannedPackage {
                tied,
                ..PlannedPackage::located(sought, located)
            })
        })
        .collect()
    }
}

/// Something is missing, so that somebody has to be asked.
///
/// Whoever wants the same packages waits until this is dropped.
#[derive(Debug, Default)]
pub struct Cold {
    set: Option<Digest>,
    turn: Option<FileLock>,
}

/// What the packages are called together.
fn set_of(wanted: &[Sought]) -> Digest {
    let mut names: Vec<String> = wanted
        .iter()
        .map(|sought| sought.name.to_string())
        .collect();
    names.sort();
    Digest::of(names.join("\n").as_bytes())
}

/// Whether a run can be warm at all. What has to be proved is looked at later, with what the cache has kept.
fn may_be_warm(options: &InstallOptions) -> bool {
    options.lock != LockMode::Upgrade
        && options.writes == Writes::Execute
        // Clients write to it, so that it is looked at each time.
        && options.plugin_cache.is_none()
}

/// The packages that are needed; `None` where a version has yet to be chosen.
fn wanted(
    options: &InstallOptions,
    loaded: &Loaded,
    requirements: &[Requirement],
) -> Option<Vec<Sought>> {
    let mut wanted = Vec::new();
    for requirement in requirements {
        if requirement.addr.is_builtin() {
            continue;
        }
        let locked = loaded.lock.get(&requirement.addr)?;
        if !requirement.constraints.allows(&locked.version) {
            return None;
        }
        for platform in &options.platforms {
            wanted.push(sought(
                options,
                (&requirement.addr, &locked.version, platform),
                locked.hashes.clone(),
                Completeness::Wanted,
            ));
        }
    }
    Some(wanted)
}

impl Workshop {
    /// Puts what was found into place; `None` where something went away meanwhile.
    fn place_all(
        &self,
        options: &InstallOptions,
        planned: Vec<PlannedPackage>,
    ) -> Option<Vec<FinishedPackage>> {
        let placed = side_by_side(options, &planned, |package| {
            let Some(cached) = &package.cached else {
                return Ok(Some(Vec::new()));
            };
            let task = self.progress.begin(package.work(), None);
            let placed = self.place_cached(options.link_mode, package, cached);
            if let Ok(Some(_)) = &placed {
                task.end(Outcome::Done);
            }
            placed
        });
        let both = planned.into_iter().zip(placed);
        both.map(|(planned, placed): (_, Result<_, InstallError>)| {
            Some(FinishedPackage {
                computed: placed.ok()??,
                origin: planned.origin(),
                planned,
            })
        })
        .collect()
    }
}

/// Does `work` for each item on as many threads as there are processors; the results are in the order of the items.
fn side_by_side<T: Sync, R: Send>(
    options: &InstallOptions,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let workers = options.jobs.min(processors()).get().min(items.len());
    if workers < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let turn = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return;
            };
            let result = work(item);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, result));
        }
    };
    std::thread::scope(|scope| {
        // This thread is one of them.
        for _ in 1..workers {
            scope.spawn(turn);
        }
        turn();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Keeps what is said until it is known that it is not said again.
#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    fn tell(&self, progress: &Progress) {
        let events = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for event in events {
            if let Event::Warning(warning) = event {
                progress.warn(warning);
            }
        }
    }
}

impl Reporter for Recorder {
    fn event(&self, event: &Event) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event.clone());
    }
}
