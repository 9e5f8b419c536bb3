use crate::ParseError;
use crate::oci::json::JsonError;

/// Why a module lock file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleLockError {
    /// Two branches were merged, and nobody has decided yet.
    #[error("line {line} has a conflict marker")]
    Conflict {
        /// The line, from 1.
        line: usize,
    },
    /// It is not JSON of the right shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A format that we do not know.
    #[error("the format version is {found}, and 1 is the only one known")]
    Version {
        /// What stands for the version; `missing` where nothing does.
        found: String,
    },
    /// A path that names no module call.
    #[error("the path {0:?} is none: it is like module.network.module.label")]
    Path(String),
    /// Two entries for one call.
    #[error("there are two entries for {0}")]
    Duplicate(String),
    /// A part of an entry that is not the word it should be.
    #[error("the entry of {path} cannot be used")]
    Word {
        /// The path of the call.
        path: String,
        /// What is wrong.
        #[source]
        source: ParseError,
    },
    /// Parts of an entry that contradict each other.
    #[error("the entry of {path} contradicts itself: {reason}")]
    Contradiction {
        /// The path of the call.
        path: String,
        /// How.
        reason: &'static str,
    },
}
