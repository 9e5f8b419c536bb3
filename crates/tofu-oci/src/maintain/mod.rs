//! Keeping repositories in order: taking things away, and sweeping what nothing reaches.

mod delete;
mod error;
mod gc;

use tofu_oci_source::Connect;
use tofu_oci_store::files::Files;

pub use delete::{DeleteOptions, DeleteReport, Deletes, Versions};
pub use error::MaintainError;
pub use gc::GcReport;

/// What keeps repositories in order.
#[derive(Debug, Clone)]
pub struct Maintainer {
    /// File access.
    pub files: Files,
    /// How repositories are reached.
    pub connect: Connect,
}
