//! A certificate and its key in files that somebody else renews.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tofu_oci_store::Files;
use tofu_oci_types::oci::Digest;

use super::{Clock, TlsError, certified};

/// How long files are believed before they are looked at again.
const INTERVAL: Duration = Duration::from_secs(5);
/// How large a file may be, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

/// The files, and what they held when they were last of use.
pub(super) struct Pair {
    files: Files,
    certificates: PathBuf,
    key: PathBuf,
    clock: Clock,
    current: Mutex<Current>,
}

struct Current {
    certified: Arc<CertifiedKey>,
    /// The files as they were last time, of use or not; `None` where they could not be read.
    seen: Option<Content>,
    /// When they are looked at again.
    next: SystemTime,
}

/// What is remembered of two files: the key itself stays with the library.
type Content = [Digest; 2];

impl Pair {
    /// # Errors
    /// Files that cannot be read, or that are of no use together.
    pub(super) fn open(
        files: Files,
        certificates: PathBuf,
        key: PathBuf,
        clock: Clock,
    ) -> Result<Self, TlsError> {
        let read = |path| files.read_linked(path, LIMIT);
        let (chain, secret) = (read(&certificates)?, read(&key)?);
        let current = Current {
            certified: Arc::new(certified(&chain, &secret)?),
            seen: Some([Digest::of(&chain), Digest::of(&secret)]),
            next: clock() + INTERVAL,
        };
        Ok(Self {
            files,
            certificates,
            key,
            clock,
            current: Mutex::new(current),
        })
    }

    /// The certificate to show now. Two small files are read for it every few seconds.
    fn current(&self) -> Arc<CertifiedKey> {
        let now = (self.clock)();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back does not make files believed for longer.
        let believed = now < current.next && current.next <= now + INTERVAL;
        if !believed {
            current.next = now + INTERVAL;
            self.look(&mut current);
        }
        Arc::clone(&current.certified)
    }

    /// Takes what the files hold where that is new and of use. What is of none is told once.
    fn look(&self, current: &mut Current) {
        let read = |path| self.files.read_linked(path, LIMIT);
        let (chain, key) = match read(&self.certificates).and_then(|a| Ok((a, read(&self.key)?))) {
            Ok(both) => both,
            Err(error) => {
                if current.seen.take().is_some() {
                    tracing::error!(%error, "the certificate is not replaced");
                }
                return;
            }
        };
        let content = Some([Digest::of(&chain), Digest::of(&key)]);
        if current.seen == content {
            return;
        }
        current.seen = content;
        match certified(&chain, &key) {
            Ok(certified) => {
                current.certified = Arc::new(certified);
                tracing::info!("the certificate is replaced");
            }
            // Perhaps only one of them was written yet.
            Err(error) => tracing::error!(%error, "the certificate is not replaced"),
        }
    }
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("certificates", &self.certificates)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tempfile::TempDir;

    use super::super::LocalAuthority;
    use super::*;

    /// A certificate and its key, as PEM.
    fn made(dir: &Path) -> (Vec<u8>, Vec<u8>) {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31);
        let clock = Arc::new(move || start);
        let authority = LocalAuthority::open(&Files::new(), dir, &[], clock).unwrap();
        let certificate = std::fs::read(authority.certificate()).unwrap();
        (certificate, std::fs::read(dir.join("ca.key")).unwrap())
    }

    #[test]
    fn files_that_change_are_read_again_and_broken_ones_change_nothing() {
        let dir = TempDir::new().unwrap();
        let (one, two) = (made(&dir.path().join("1")), made(&dir.path().join("2")));
        let (certificates, key) = (dir.path().join("a.pem"), dir.path().join("a.key"));
        let write = |path: &Path, content: &[u8]| std::fs::write(path, content).unwrap();
        write(&certificates, &one.0);
        write(&key, &one.1);
        let time = Arc::new(Mutex::new(SystemTime::UNIX_EPOCH + INTERVAL * 100));
        let clock = Arc::clone(&time);
        let clock: Clock = Arc::new(move || *clock.lock().unwrap());
        let pair = Pair::open(Files::new(), certificates.clone(), key.clone(), clock).unwrap();
        let first = pair.current();
        let shown = |expected: &Arc<CertifiedKey>| {
            assert!(Arc::ptr_eq(&pair.current(), expected));
            *time.lock().unwrap() += INTERVAL;
            assert!(Arc::ptr_eq(&pair.current(), expected));
        };
        // The same files are not taken for new ones.
        shown(&first);
        // One of them is written before the other, or badly, or not at all.
        write(&certificates, &two.0);
        shown(&first);
        write(&key, b"junk");
        shown(&first);
        std::fs::remove_file(&key).unwrap();
        shown(&first);
        write(&key, &two.1);
        // Not yet.
        assert!(Arc::ptr_eq(&pair.current(), &first));
        *time.lock().unwrap() += INTERVAL;
        let second = pair.current();
        assert_ne!(second.cert, first.cert);
        // A clock that is set back.
        write(&certificates, &one.0);
        write(&key, &one.1);
        *time.lock().unwrap() -= INTERVAL * 50;
        assert_eq!(pair.current().cert, first.cert);
    }
}
