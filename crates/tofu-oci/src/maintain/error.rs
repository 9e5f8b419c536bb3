//! Why something could not be deleted or swept.

use std::path::PathBuf;

use tofu_oci_store::StoreError;
use tofu_oci_types::tofu::Version;

use crate::inspect::InspectError;

/// What went wrong while a repository was put in order.
#[derive(Debug, thiserror::Error)]
pub enum MaintainError {
    /// A directory or repository cannot be read.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// A directory cannot be swept.
    #[error("cannot sweep {path:?}")]
    Sweep {
        /// The directory.
        path: PathBuf,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// The address does not say what is to be deleted.
    #[error("{place} names neither a tag nor a digest")]
    NothingNamed {
        /// The repository.
        place: String,
    },
    /// What is to be deleted is a published version, and nobody agreed to that.
    #[error("{place} is the published version {}", listed(.versions))]
    Published {
        /// What was to be deleted.
        place: String,
        /// The versions whose tags would go, ascending.
        versions: Vec<Version>,
    },
    /// The repository refused, or could not do it.
    #[error("cannot delete {place}")]
    Delete {
        /// What was to be deleted.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
}

fn listed(versions: &[Version]) -> String {
    let texts: Vec<String> = versions.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
