//! What is proven about packages, and by whom: of a release, of what a lock file names, of what is installed.
//!
//! Three questions are answered apart. *Integrity*: the bytes have the digest, or the hash, that is asked for.
//! *Authenticity*: somebody signed that, and somebody has a reason to believe in their key. *Freshness* is not
//! proven by anything here: whoever may write a tag decides what it stands for.
//!
//! | file | about |
//! | --- | --- |
//! | `keys` | the keys that the user believes in |
//! | `judge` | evidence and policy brought together; pulling and installing ask it as well |
//! | `release`, `lock_file`, `directory` | what can be verified |
//! | `modules` | the modules of a directory, where they are locked |
//! | `report` | what came of it |

mod directory;
mod error;
mod judge;
mod keys;
mod list_files;
mod lock_file;
mod modules;
mod release;
mod report;

use std::path::PathBuf;

use tofu_oci_source::Connect;
use tofu_oci_store::files::Files;
use tofu_oci_types::tofu::Platform;

pub use directory::DirectoryOptions;
pub use error::VerifyError;
pub(crate) use judge::expected_filename;
pub use judge::{Judge, Signatures};
pub use keys::{TrustedKeyError, TrustedKeys};
pub(crate) use list_files::ListFiles;
pub(crate) use lock_file::filename;
pub use report::{
    Checked, PackageReport, StrayPackage, VerifiedModule, VerifiedPlace, VerifyReport,
};

use crate::Progress;

/// What verifies.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// File access.
    pub files: Files,
    /// How repositories are reached.
    pub connect: Connect,
    /// Who is told what happens.
    pub progress: Progress,
}

/// Whether packages themselves are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Depth {
    /// They are not: manifests are, which name packages by their digests.
    #[default]
    Manifests,
    /// They are, to their last byte, and are checked as an install checks them.
    Content {
        /// A directory for files that live as long as a package is read.
        scratch: PathBuf,
    },
}

/// What is verified, and how.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Only these platforms; all that there are when empty.
    pub platforms: Vec<Platform>,
    /// Whether packages are read.
    pub depth: Depth,
    /// Who is believed, and what is asked for.
    pub judge: Judge,
}
