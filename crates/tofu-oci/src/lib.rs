//! Publish, promote, install, inspect and maintain OpenTofu and Terraform providers and modules in any OCI registry.
//!
//! Every operation is plan → execute → report: it takes options, tells a [`Reporter`] what
//! happens, and returns what it did. Nothing reads an environment, a clock or a terminal.

pub mod cache;
mod event;
pub mod inspect;
pub mod install;
mod jobs;
pub mod login;
pub mod maintain;
pub mod promote;
pub mod publish;
pub mod verify;
mod warning;

pub use event::{Event, Outcome, Progress, Reporter, Task, TaskId, Work};
pub use jobs::default_jobs;
pub use warning::Warning;

pub use tofu_oci_source as source;
pub use tofu_oci_store as store;
pub use tofu_oci_trust as trust;
pub use tofu_oci_types as types;
