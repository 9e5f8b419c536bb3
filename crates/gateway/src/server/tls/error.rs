//! Why there is no encryption.

use std::io;
use std::path::PathBuf;

use rustls::pki_types::pem;

/// Why a server cannot prove who it is.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates are not PEM.
    #[error("the certificates cannot be read")]
    Certificates(#[source] pem::Error),
    /// There is no certificate among what was given.
    #[error("there is no certificate in the file of certificates")]
    NoCertificate,
    /// The key is not PEM.
    #[error("the key cannot be read")]
    Key(#[source] pem::Error),
    /// Certificate and key are of no use together.
    #[error("certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
    /// A file of certificates or of the authority could not be read or written; the text names operation and path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Others than its owner may read the key of the authority.
    #[error("others than its owner may read the key `{}`", path.display())]
    OpenKey {
        /// The file of the key.
        path: PathBuf,
    },
    /// One of the two files of the authority is missing.
    #[error("the authority in `{}` lacks `{missing}`", directory.display())]
    Incomplete {
        /// The directory of the authority.
        directory: PathBuf,
        /// The name of the file that is missing.
        missing: &'static str,
    },
    /// The files of the authority do not belong together, or are damaged.
    #[error("the authority in `{}` is damaged", directory.display())]
    Damaged {
        /// The directory of the authority.
        directory: PathBuf,
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
    /// The authority was made for other names than those that are to be served.
    #[error("the authority in `{}` may not vouch for {}", directory.display(), names.join(", "))]
    OutsideConstraints {
        /// The directory of the authority.
        directory: PathBuf,
        /// The names that it was not made for.
        names: Vec<String>,
    },
    /// A certificate could not be made.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
}
