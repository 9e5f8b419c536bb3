//! Encryption: certificates from files, or from an authority of our own.

mod error;
mod leaf;
mod local;
mod name;
mod pair;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tofu_oci_store::Files;

pub use error::TlsError;
pub use local::LocalAuthority;
pub use name::TlsName;

use super::host::Hosts;

/// Tells the time, for certificates that are made anew before they expire.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How a server proves who it is.
#[derive(Clone)]
pub struct Tls {
    pub(super) config: Arc<ServerConfig>,
    pub(super) hosts: Hosts,
}

impl Tls {
    /// A certificate, followed by those of its issuers, and its key, all as PEM.
    ///
    /// # Errors
    /// [`TlsError`] where one of them cannot be read, or they do not belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let resolver = Arc::new(SingleCertAndKey::from(certified(certificates, key)?));
        // A browser that was sent here under another name would refuse the certificate.
        Self::with(resolver, Hosts::Any)
    }

    /// As [`from_pem`](Self::from_pem), from files that are read again every few seconds while clients connect. Files
    /// that are of no use then are told to the log, and change nothing. Blocks.
    ///
    /// # Errors
    /// Those of [`from_pem`](Self::from_pem), and of reading the files.
    pub fn from_files(
        files: &Files,
        certificates: &Path,
        key: &Path,
        clock: Clock,
    ) -> Result<Self, TlsError> {
        let (certificates, key) = (certificates.to_owned(), key.to_owned());
        let pair = pair::Pair::open(files.clone(), certificates, key, clock)?;
        Self::with(Arc::new(pair), Hosts::Any)
    }

    /// Certificates that `authority` makes.
    ///
    /// # Errors
    /// [`TlsError`] where the library refuses.
    pub fn local(authority: LocalAuthority) -> Result<Self, TlsError> {
        let hosts = Hosts::Named(authority.names().to_vec());
        Self::with(Arc::new(leaf::Leaves::new(authority)?), hosts)
    }

    fn with(resolver: Arc<dyn ResolvesServerCert>, hosts: Hosts) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            hosts,
        })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// A certificate, followed by those of its issuers, with its key, all as PEM.
fn certified(certificates: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let chain = chain.map_err(TlsError::Certificates)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
    Ok(CertifiedKey::from_der(chain, key, &provider())?)
}

fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;

    /// A certificate and its key, as PEM.
    fn made() -> (Vec<u8>, Vec<u8>) {
        let dir = TempDir::new().unwrap();
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 31);
        let clock = Arc::new(move || start);
        let authority = LocalAuthority::open(&Files::new(), dir.path(), &[], clock).unwrap();
        let certificate = std::fs::read(authority.certificate()).unwrap();
        (
            certificate,
            std::fs::read(dir.path().join("ca.key")).unwrap(),
        )
    }

    #[test]
    fn certificates_that_cannot_be_used() {
        let ((certificate, key), (_, foreign)) = (made(), made());
        assert!(Tls::from_pem(&certificate, &key).is_ok());
        for (certificate, key) in [
            (&certificate[..], &foreign[..]),
            (b"", &key),
            (b"junk", &key),
            (&certificate, b""),
            (&certificate, b"junk"),
            (&key, &key),
        ] {
            assert!(Tls::from_pem(certificate, key).is_err());
        }
    }
}
