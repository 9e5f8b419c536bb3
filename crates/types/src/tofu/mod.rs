//! Words of OpenTofu and Terraform.

pub mod cli_config;
pub mod config;
mod constraint;
mod go_path;
pub(crate) mod hcl1;
mod hostname;
pub mod lock_file;
mod module_addr;
pub mod module_lock;
mod module_records;
mod module_source;
mod module_version;
mod package_filename;
mod package_hash;
mod platform;
mod provider_addr;
pub mod syntax;
mod template;
mod user_information;
mod version;

pub use config::Module;
pub use constraint::{Constraint, Operator, VersionConstraints};
pub use hostname::Hostname;
pub use lock_file::{LockFile, ProviderLock};
pub use module_addr::ModuleAddr;
pub use module_lock::{LockedModule, ModuleLock};
pub use module_records::{ModuleRecord, ModuleRecords, ModuleRecordsError};
pub use module_source::{ModuleSource, OciModule, RemoteModule};
pub use module_version::{ModuleConstraint, ModuleConstraints, ModuleVersion};
pub use package_filename::{PackageFilename, ReleaseFile, ReleaseName, SbomFormat};
pub use package_hash::PackageHash;
pub use platform::Platform;
pub use provider_addr::{ProviderAddr, normalize_part};
pub use template::{Collision, PinnedParts, RepositoryTemplate, TemplateVariable};
pub use version::Version;
