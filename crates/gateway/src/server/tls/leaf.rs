//! Certificates that are replaced while the server runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::TlsError;
use super::local::{Leaf, LocalAuthority};

/// The current certificate of an authority. It lies in memory only.
pub(super) struct Leaves {
    authority: LocalAuthority,
    current: Mutex<Leaf>,
}

impl Leaves {
    /// # Errors
    /// Those of making the first certificate.
    pub(super) fn new(authority: LocalAuthority) -> Result<Self, TlsError> {
        let current = Mutex::new(authority.leaf((authority.clock)())?);
        Ok(Self { authority, current })
    }

    /// The certificate to show now. Making one takes less than a handshake.
    fn current(&self) -> Arc<CertifiedKey> {
        let now = (self.authority.clock)();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= current.renewal {
            match self.authority.leaf(now) {
                Ok(leaf) => *current = leaf,
                // The old one is good for some days.
                Err(error) => tracing::error!(%error, "the certificate is not renewed"),
            }
        }
        Arc::clone(&current.certified)
    }
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaves")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use tempfile::TempDir;
    use tofu_oci_store::Files;

    use super::*;

    #[test]
    fn a_certificate_is_replaced_before_it_expires() {
        let dir = TempDir::new().unwrap();
        let now = Arc::new(Mutex::new(
            SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31),
        ));
        let clock = Arc::clone(&now);
        let clock = Arc::new(move || *clock.lock().unwrap());
        let authority = LocalAuthority::open(&Files::new(), dir.path(), &[], clock).unwrap();
        let leaves = Leaves::new(authority).unwrap();
        let first = leaves.current();
        assert_eq!(leaves.current().cert, first.cert);
        *now.lock().unwrap() += Duration::from_secs(8 * 24 * 60 * 60);
        let second = leaves.current();
        assert_ne!(second.cert, first.cert);
        assert_eq!(leaves.current().cert, second.cert);
    }
}
