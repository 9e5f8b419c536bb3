//! The tree of modules that a configuration is made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tofu_oci_store::files::Files;
use tofu_oci_types::tofu::config::{
    CallArgument, ModuleCall, ReadOptions, Requirement, config_files, merge_requirements,
};
use tofu_oci_types::tofu::{
    LockedModule, Module, ModuleLock, ModuleRecord, ModuleRecords, ModuleSource,
};

use super::module_dirs::{ModuleDir, join_shown, read_files, subdirectory};
use super::module_lock::{Demand, LoadedModuleLock};
use super::{InstallError, InstallOptions, ModuleFetcher, PendingModule, tree_hash};
use crate::{Progress, Warning};

/// How deep module calls may nest; a configuration that calls itself ends here.
const DEPTH_LIMIT: usize = 64;

/// One module of the tree.
#[derive(Debug)]
pub struct ModuleNode {
    /// The names of the calls that lead here; empty for the root module.
    pub path: Vec<String>,
    /// What its files say.
    pub module: Module,
    /// Where it lies, as `modules.json` has it.
    pub dir: String,
}

/// A module that is called and not installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingModule {
    /// The names of the calls that lead there.
    pub path: Vec<String>,
    /// Its source, as written.
    pub source: String,
}

/// The modules of a configuration, and what they ask for.
#[derive(Debug, Default)]
pub struct ModuleTree {
    /// The modules that could be read, the root module first, each before those it calls.
    pub nodes: Vec<ModuleNode>,
    /// The modules that are not there; none after an install.
    pub missing: Vec<MissingModule>,
    /// What `modules.json` has to say.
    pub(crate) records: ModuleRecords,
    /// The packages that were fetched and wait for their place.
    pub(crate) pending: Vec<PendingModule>,
    /// What the module lock file has to say; nothing where modules are not locked.
    pub(crate) locked: ModuleLock,
}

impl ModuleTree {
    /// Reads the tree from what is there. Nothing is fetched; what is not there is
    /// [`ModuleTree::missing`].
    ///
    /// # Errors
    ///
    /// [`InstallError`] where a file of the configuration cannot be read or understood.
    pub async fn read(files: &Files, options: &InstallOptions) -> Result<Self, InstallError> {
        Walk::new(files, options, None, None)?.run().await
    }

    /// Reads the tree from what is there. A package that is not the locked one counts as not there.
    pub(crate) async fn read_locked(
        files: &Files,
        options: &InstallOptions,
        locking: Option<Locking<'_>>,
    ) -> Result<Self, InstallError> {
        Walk::new(files, options, locking, None)?.run().await
    }

    /// Reads the tree and fetches what is not there.
    pub(crate) async fn fetch(
        files: &Files,
        options: &InstallOptions,
        fetcher: &ModuleFetcher,
    ) -> Result<Self, InstallError> {
        let locking = fetcher.module_lock.as_ref().map(|lock| Locking {
            lock,
            progress: &fetcher.progress,
        });
        Walk::new(files, options, locking, Some(fetcher))?
            .run()
            .await
    }

    /// The providers that the modules need, each once, with everybody who asks.
    pub fn requirements(&self) -> Vec<Requirement> {
        let names: Vec<String> = self.nodes.iter().map(|node| node.path.join(".")).collect();
        let modules = self.nodes.iter().map(|node| &node.module);
        merge_requirements(names.iter().map(String::as_str).zip(modules))
    }
}

/// `root`, or `module.network.module.subnets`.
pub(crate) fn module_name(path: &[String]) -> String {
    if path.is_empty() {
        return "root".to_owned();
    }
    let parts: Vec<String> = path.iter().map(|name| format!("module.{name}")).collect();
    parts.join(".")
}

/// What locks modules, and who is told of those that are not as they are locked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Locking<'a> {
    pub(crate) lock: &'a LoadedModuleLock,
    pub(crate) progress: &'a Progress,
}

struct Walk<'a> {
    files: &'a Files,
    options: &'a InstallOptions,
    locking: Option<Locking<'a>>,
    fetcher: Option<&'a ModuleFetcher>,
    recorded: ModuleRecords,
    tree: ModuleTree,
}

/// A module that is yet to be read.
struct Next {
    path: Vec<String>,
    dir: ModuleDir,
    arguments: BTreeMap<String, CallArgument>,
}

impl<'a> Walk<'a> {
    fn new(
        files: &'a Files,
        options: &'a InstallOptions,
        locking: Option<Locking<'a>>,
        fetcher: Option<&'a ModuleFetcher>,
    ) -> Result<Self, InstallError> {
        let recorded = super::modules::read_records(files, options)?;
        let tree = ModuleTree {
            records: recorded.clone(),
            ..ModuleTree::default()
        };
        Ok(Self {
            files,
            options,
            locking,
            fetcher,
            recorded,
            tree,
        })
    }

    async fn run(mut self) -> Result<ModuleTree, InstallError> {
        let mut level = vec![Next {
            path: Vec::new(),
            dir: ModuleDir {
                shown: ".".to_owned(),
                read: self.options.dir.clone(),
                package: None,
            },
            arguments: BTreeMap::new(),
        }];
        let mut errors = Vec::new();
        while !level.is_empty() {
            let mut below = Vec::new();
            for next in level {
                match self.visit(next).await {
                    Ok(children) => below.extend(children),
                    Err(error) => errors.push(error),
                }
            }
            level = below;
        }
        if self.tree.records.get("").is_none() && !self.tree.records.is_empty() {
            self.tree.records.set("", root_record());
        }
        InstallError::all(errors)?;
        Ok(self.tree)
    }

    async fn visit(&mut self, next: Next) -> Result<Vec<Next>, InstallError> {
        let module = self.read(&next)?;
        let mut children = Vec::new();
        let mut errors = Vec::new();
        for call in &module.module_calls {
            let mut path = next.path.clone();
            path.push(call.name.clone());
            if path.len() > DEPTH_LIMIT {
                errors.push(InstallError::ModuleDepth {
                    path: module_name(&path),
                });
                continue;
            }
            match self.resolve(&path, call, &next.dir).await {
                Ok(Some(dir)) => children.push(Next {
                    path,
                    dir,
                    arguments: call.arguments.clone(),
                }),
                Ok(None) => self.tree.missing.push(MissingModule {
                    path,
                    source: call.source.to_string(),
                }),
                Err(error) => errors.push(error),
            }
        }
        self.tree.nodes.push(ModuleNode {
            path: next.path,
            module,
            dir: next.dir.shown,
        });
        InstallError::all(errors)?;
        Ok(children)
    }

    fn read(&self, next: &Next) -> Result<Module, InstallError> {
        let unreadable = |source| InstallError::ReadModule {
            module: module_name(&next.path),
            path: next.dir.read.clone(),
            source,
        };
        let dialect = self.options.dialect;
        let wanted = |names: &[&str]| {
            config_files(names.iter().copied(), dialect)
                .into_iter()
                .map(|file| file.name)
                .collect()
        };
        let found = read_files(self.files, &next.dir.read, wanted).map_err(unreadable)?;
        let options = ReadOptions {
            dialect,
            default_host: self.options.default_host.clone(),
            variables: next.arguments.clone(),
            module_path: next.dir.shown.clone(),
            ..ReadOptions::default()
        };
        Module::read(&found, &options).map_err(|source| InstallError::Configuration {
            source: Box::new(source),
        })
    }

    /// Where the called module lies, `None` where it is not there and is not fetched.
    async fn resolve(
        &mut self,
        path: &[String],
        call: &ModuleCall,
        parent: &ModuleDir,
    ) -> Result<Option<ModuleDir>, InstallError> {
        let key = path.join(".");
        let dir = match &call.source {
            ModuleSource::Local(source) => Some(self.local(path, call, parent, source)?),
            _ => self.package(path, &key, call).await?,
        };
        if let Some(dir) = &dir {
            let source = call.source.to_string();
            if self
                .recorded
                .get(&key)
                .is_none_or(|record| record.source != source)
            {
                self.tree.records.remove_tree(&key);
            }
            let version = self
                .recorded
                .get(&key)
                .and_then(|record| record.version.clone());
            self.tree.records.set(
                &key,
                ModuleRecord {
                    source,
                    version: version
                        .filter(|_| matches!(call.source, ModuleSource::Registry { .. })),
                    dir: dir.shown.clone(),
                },
            );
            self.tree.records.set("", root_record());
        }
        Ok(dir)
    }

    fn local(
        &self,
        path: &[String],
        call: &ModuleCall,
        parent: &ModuleDir,
        source: &str,
    ) -> Result<ModuleDir, InstallError> {
        let module = module_name(path);
        let at = call.at.clone();
        let Some(mut dir) = parent.local(source) else {
            return Err(InstallError::ModuleEscapes {
                module,
                source_text: call.source.to_string(),
                at: Box::new(at),
            });
        };
        match self.files.metadata(&dir.read) {
            Ok(Some(metadata)) if metadata.is_dir() => {}
            // A link to a directory is what it points to, as in OpenTofu.
            Ok(Some(metadata)) if metadata.is_symlink() && dir.read.is_dir() => {
                if dir.package.is_none()
                    && let Some(shown) = self.through_links(&dir.read)
                {
                    dir.shown = shown;
                }
            }
            _ => {
                return Err(InstallError::ModuleDirectory {
                    module,
                    path: dir.read,
                    at: Box::new(at),
                });
            }
        }
        Ok(dir)
    }

    /// A directory behind links, relative to the root module where it lies below it.
    fn through_links(&self, path: &Path) -> Option<String> {
        let real = self.files.canonicalize(path).ok()?;
        let root = self.files.canonicalize(&self.options.dir).ok()?;
        let shown = real
            .strip_prefix(&root)
            .map_or(real.as_path(), |below| below);
        Some(shown.to_str()?.replace('\\', "/"))
    }

    async fn package(
        &mut self,
        path: &[String],
        key: &str,
        call: &ModuleCall,
    ) -> Result<Option<ModuleDir>, InstallError> {
        let demand = self.demand(path, call)?;
        if let Some(dir) = self.installed(key, call)
            && self.satisfies(path, key, demand)
        {
            if let Demand::Locked(locked) = demand {
                self.tree.locked.set(path.to_vec(), locked.clone());
            }
            return Ok(Some(dir));
        }
        let Some(fetcher) = self.fetcher else {
            return Ok(None);
        };
        let locked = match demand {
            Demand::Locked(locked) => Some(locked),
            Demand::Digest | Demand::Nothing => None,
        };
        self.check_way(fetcher, key)?;
        let pending = fetcher.fetch(path, call, locked).await?;
        if let (Demand::Digest | Demand::Locked(_), ModuleSource::Oci(source)) =
            (demand, &call.source)
        {
            let locked = LockedModule {
                source: source.clone(),
                manifest: pending.manifest.digest.clone(),
                h1: pending.fetched.package().h1().clone(),
            };
            self.tree.locked.set(path.to_vec(), locked);
        }
        let package = pending.fetched.path().to_owned();
        let below = match call.source.subdir() {
            None => String::new(),
            Some(pattern) => self.subdirectory(path, &package, pattern)?,
        };
        let dir = ModuleDir {
            shown: join_shown(&package_dir(self.options, key), &below),
            read: package.join(&below),
            package: Some(package),
        };
        self.tree.pending.push(pending);
        Ok(Some(dir))
    }

    /// Before anything is fetched: whether a package may be put into its place.
    fn check_way(&self, fetcher: &ModuleFetcher, key: &str) -> Result<(), InstallError> {
        let place = self.options.dir.join(package_dir(self.options, key));
        let way = place.parent().unwrap_or(&place);
        fetcher
            .staging
            .check_way(way)
            .map_err(|source| InstallError::Place {
                path: place,
                source,
            })
    }

    /// What the module lock file demands of the package of a call.
    fn demand(&self, path: &[String], call: &ModuleCall) -> Result<Demand<'a>, InstallError> {
        match (self.locking, &call.source) {
            (None, _) => Ok(Demand::Nothing),
            (Some(locking), ModuleSource::Oci(source)) => locking.lock.demand(path, source),
            (Some(locking), _) => {
                locking.progress.warn(Warning::ModuleUnlocked {
                    module: module_name(path),
                    source: call.source.to_string(),
                });
                Ok(Demand::Nothing)
            }
        }
    }

    /// Whether the package that is installed is what is demanded.
    fn satisfies(&self, path: &[String], key: &str, demand: Demand<'_>) -> bool {
        let locked = match demand {
            Demand::Nothing => return true,
            Demand::Digest => return false,
            Demand::Locked(locked) => locked,
        };
        let dir = package_dir(self.options, key);
        let hashed = tree_hash::h1_of_tree(self.files, &self.options.dir.join(&dir));
        let same = hashed.is_ok_and(|h1| h1 == locked.h1);
        if let (false, Some(locking)) = (same, self.locking) {
            let module = module_name(path);
            locking
                .progress
                .warn(Warning::ModuleChanged { module, dir });
        }
        same
    }

    /// The module as an earlier run installed it, if it is still the one that is called.
    fn installed(&self, key: &str, call: &ModuleCall) -> Option<ModuleDir> {
        let upgrade = self.options.lock == super::LockMode::Upgrade;
        if upgrade
            && self
                .fetcher
                .is_some_and(|fetcher| fetcher.can_fetch(&call.source))
        {
            return None;
        }
        let record = self.recorded.get(key)?;
        let allowed = match (&call.version, &record.version) {
            (Some(constraints), Some(version)) => constraints.allows(version),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if record.source != call.source.to_string() || !allowed {
            return None;
        }
        let place = self.options.dir.join(&record.dir);
        let package = self.options.dir.join(package_dir(self.options, key));
        let there = |path: &PathBuf| {
            self.files
                .metadata(path)
                .is_ok_and(|metadata| metadata.is_some_and(|metadata| metadata.is_dir()))
        };
        (there(&place) && there(&package)).then(|| ModuleDir {
            shown: record.dir.clone(),
            read: place,
            package: Some(package),
        })
    }

    fn subdirectory(
        &self,
        path: &[String],
        package: &Path,
        pattern: &str,
    ) -> Result<String, InstallError> {
        let module = module_name(path);
        let found = subdirectory(self.files, package, pattern).map_err(|source| {
            InstallError::ReadModule {
                module: module.clone(),
                path: package.to_owned(),
                source,
            }
        })?;
        found.map_err(|problem| InstallError::ModuleSubdirectory {
            module,
            pattern: pattern.to_owned(),
            problem,
        })
    }
}

/// `DATA/modules/KEY`, as `modules.json` has it.
pub(crate) fn package_dir(options: &InstallOptions, key: &str) -> String {
    let data = options.data_dir.to_string_lossy().replace('\\', "/");
    join_shown(&data, &format!("modules/{key}"))
}

fn root_record() -> ModuleRecord {
    ModuleRecord {
        source: String::new(),
        version: None,
        dir: ".".to_owned(),
    }
}
