//! What an install is asked to do.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use tofu_oci_source::Reach;
use tofu_oci_types::tofu::config::Dialect;
use tofu_oci_types::tofu::lock_file::LockOrigin;
use tofu_oci_types::tofu::{Hostname, Platform};

use super::ModuleLockUse;
use crate::cache::LinkMode;
use crate::default_jobs;
use crate::verify::Judge;

/// What the lock file means for a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LockMode {
    /// Locked versions stay; what is missing is added.
    #[default]
    Update,
    /// Nothing may change: a lock file that does not fit is an error, before anything is fetched.
    Locked,
    /// The newest allowed version is taken, whatever is locked.
    Upgrade,
}

/// Whether an operation does what it planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writes {
    /// It does.
    #[default]
    Execute,
    /// It reports the plan.
    DryRun,
}

/// What an install is asked to do.
#[derive(Debug, Clone)]
pub struct InstallOptions {
    /// The root module's directory.
    pub dir: PathBuf,
    /// The data directory: relative to `dir`, or absolute.
    pub data_dir: PathBuf,
    /// What the lock file means.
    pub lock: LockMode,
    /// Whether modules are locked.
    pub module_lock: ModuleLockUse,
    /// The directory in which clients keep packages for all configurations: absolute, and there.
    pub plugin_cache: Option<PathBuf>,
    /// The platforms to install for; at least one.
    pub platforms: Vec<Platform>,
    /// Which program's header a new lock file gets.
    pub origin: LockOrigin,
    /// Which program's files are read.
    pub dialect: Dialect,
    /// The registry of source addresses that name none.
    pub default_host: Hostname,
    /// How many packages are worked on at once. No more of them than there are processors are hashed and unpacked
    /// at a time; the others wait for the network.
    pub jobs: NonZeroUsize,
    /// How packages get from the cache into their place.
    pub link_mode: LinkMode,
    /// Whether anything may go over the network. The source and the connections have to be ones that obey.
    pub reach: Reach,
    /// Who judges signatures, where packages have to prove more than that the lock file has them. Nobody asks for
    /// evidence otherwise. Modules have none.
    pub judge: Option<Judge>,
    /// Whether the plan is carried out.
    pub writes: Writes,
}

impl InstallOptions {
    /// The defaults of `tofu init` for the configuration in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            data_dir: PathBuf::from(".terraform"),
            lock: LockMode::Update,
            module_lock: ModuleLockUse::Existing,
            plugin_cache: None,
            platforms: vec![Platform::current()],
            origin: LockOrigin::Tofu,
            dialect: Dialect::Tofu,
            default_host: Hostname::opentofu(),
            jobs: default_jobs(),
            link_mode: LinkMode::Auto,
            reach: Reach::Network,
            judge: None,
            writes: Writes::Execute,
        }
    }
}
