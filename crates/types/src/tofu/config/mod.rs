//! One module directory's configuration, as far as installing needs it.
//!
//! ```text
//! names of the directory ─ config_files ─► ConfigFile … (which files count, in which order)
//! names and bytes ─ Module::read ─► providers      what must be installed, and who says so
//!                                   module calls   where other modules come from
//!                                   required versions, warnings
//! modules of a tree ─ merge_requirements ─► Requirement …  (one a provider, with everyone who asks)
//! ```
//!
//! Everything else in a configuration is skipped, known to the clients or not: whether a
//! configuration is complete is for them to say.
//!
//! OpenTofu documentation, "Files and Configuration Structure", "Provider Requirements",
//! "Module Blocks".

mod config_file;
mod module;
mod module_call;
mod parsed_file;
mod provider_use;
mod required_providers;
mod requirement;
mod scope;
mod static_value;

pub use config_file::{ConfigFile, Dialect, FileRole, FileSyntax, config_files};
pub use module::{ConfigErrors, Module, ReadOptions, RequiredVersion};
pub use module_call::ModuleCall;
pub use provider_use::{ProviderRequirement, RequirementKind};
pub use requirement::{RequiredBy, Requirement, merge_requirements};
pub use static_value::{CallArgument, StaticValue};

#[cfg(test)]
mod tests;
