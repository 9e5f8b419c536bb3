//! An authority of our own, for registries on machines that no public authority vouches for.
//!
//! ```text
//! DIR/ca.pem    its certificate, for clients to trust
//! DIR/ca.key    its key: readable by its owner alone
//! DIR/.lock     held while it is made
//! ```
//!
//! Whoever trusts `ca.pem` trusts whoever has `ca.key`, so the authority is made unable to vouch for anything but
//! the names and addresses that it was made for (RFC 5280, 4.2.1.10).

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use tofu_oci_store::Files;
use tofu_oci_store::files::{AtomicFile, FileMode};

use super::{Clock, TlsError, TlsName, provider};

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca.key";
/// How large the files may be, in bytes.
const LIMIT: u64 = 64 * 1024;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority is trusted. Replacing it means going to every client.
const AUTHORITY: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
/// How long a certificate is valid.
const LEAF: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// When it is replaced.
const RENEWAL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The authority, with the names that it vouches for.
pub struct LocalAuthority {
    directory: PathBuf,
    names: Vec<TlsName>,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    pub(super) clock: Clock,
}

/// A certificate that was just made.
pub(super) struct Leaf {
    pub(super) certified: Arc<CertifiedKey>,
    /// From when on it is to be replaced.
    pub(super) renewal: SystemTime,
}

impl LocalAuthority {
    /// Opens the authority in `directory`, or makes it there, for `names` and the names of loopback. Blocks.
    ///
    /// # Errors
    /// [`TlsError::OutsideConstraints`] when it exists and was made for other names; what is wrong with its files.
    pub fn open(
        files: &Files,
        directory: &Path,
        names: &[TlsName],
        clock: Clock,
    ) -> Result<Self, TlsError> {
        let mut all: Vec<TlsName> = TlsName::loopback().into_iter().collect();
        all.extend(names.iter().cloned());
        all.sort();
        all.dedup();
        files.create_dirs(directory)?;
        let _lock = files.lock(&directory.join(".lock"))?;
        let there = |name| files.metadata(&directory.join(name));
        match (there(CERTIFICATE)?.is_some(), there(KEY)?) {
            (true, None) => {
                return Err(TlsError::Incomplete {
                    directory: directory.to_owned(),
                    missing: KEY,
                });
            }
            (false, None) => make_key(files, directory)?,
            (_, Some(metadata)) => check_private(&metadata, &directory.join(KEY))?,
        }
        let key = files.read(&directory.join(KEY), LIMIT)?;
        let key = KeyPair::from_pem(&String::from_utf8_lossy(&key))?;
        // A key without a certificate is one whose maker was stopped.
        if there(CERTIFICATE)?.is_none() {
            make_certificate(files, directory, &key, &all, clock())?;
        }
        let certificate = files.read(&directory.join(CERTIFICATE), LIMIT)?;
        let root = CertificateDer::from_pem_slice(&certificate).map_err(TlsError::Certificates)?;
        let authority = Self {
            directory: directory.to_owned(),
            names: all,
            issuer: Issuer::from_ca_cert_der(&root, key)?,
            root,
            clock,
        };
        authority.check()?;
        Ok(authority)
    }

    /// The file that clients have to trust.
    pub fn certificate(&self) -> PathBuf {
        self.directory.join(CERTIFICATE)
    }

    /// The names that its certificates are for, sorted.
    pub fn names(&self) -> &[TlsName] {
        &self.names
    }

    /// Makes a certificate.
    pub(super) fn leaf(&self, now: SystemTime) -> Result<Leaf, TlsError> {
        let (certificate, key) = self.sign(&self.names, now)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![certificate.der().clone(), self.root.clone()];
        Ok(Leaf {
            certified: Arc::new(CertifiedKey::from_der(chain, key, &provider())?),
            renewal: now + RENEWAL,
        })
    }

    fn sign(&self, names: &[TlsName], now: SystemTime) -> Result<(Certificate, KeyPair), TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(now, LEAF);
        let names = names.iter().map(TlsName::san);
        params.subject_alt_names = names.collect::<Result<_, _>>()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate, key))
    }

    /// Looks at a certificate for each name as a client would.
    fn check(&self) -> Result<(), TlsError> {
        let damaged = |source| TlsError::Damaged {
            directory: self.directory.clone(),
            source,
        };
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).map_err(damaged)?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider()))
                .build()
                .map_err(|error| damaged(rustls::Error::General(error.to_string())))?;
        let now = (self.clock)();
        let time = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        let mut outside = Vec::new();
        for name in &self.names {
            let (certificate, _) = self.sign(std::slice::from_ref(name), now)?;
            let Some(server) = name.server_name() else {
                outside.push(name.to_string());
                continue;
            };
            let checked = verifier.verify_server_cert(certificate.der(), &[], &server, &[], time);
            match checked {
                Ok(_) => {}
                Err(error) if is_signature(&error) => return Err(damaged(error)),
                Err(_) => outside.push(name.to_string()),
            }
        }
        match outside.is_empty() {
            true => Ok(()),
            false => Err(TlsError::OutsideConstraints {
                directory: self.directory.clone(),
                names: outside,
            }),
        }
    }
}

/// Whether the authority's two files do not belong together.
fn is_signature(error: &rustls::Error) -> bool {
    use rustls::{CertificateError, Error};
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::BadSignature
                | CertificateError::UnknownIssuer
                | CertificateError::BadEncoding
        )
    )
}

fn params(now: SystemTime, valid: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "tofu-oci registry");
    params.distinguished_name = name;
    // Clocks of clients may be behind.
    params.not_before = (now - DAY).into();
    params.not_after = (now + valid).into();
    params
}

fn make_key(files: &Files, directory: &Path) -> Result<(), TlsError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let place = directory.join(KEY);
    let mut file = AtomicFile::create_tidy(files, &place, FileMode::Private)?;
    file.write_all(key.serialize_pem().as_bytes())?;
    file.commit()?;
    Ok(())
}

fn make_certificate(
    files: &Files,
    directory: &Path,
    key: &KeyPair,
    names: &[TlsName],
    now: SystemTime,
) -> Result<(), TlsError> {
    let mut params = params(now, AUTHORITY);
    params
        .distinguished_name
        .push(DnType::CommonName, "tofu-oci registry authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.iter().map(TlsName::subtree).collect(),
        excluded_subtrees: Vec::new(),
    });
    let certificate = params.self_signed(key)?;
    let place = directory.join(CERTIFICATE);
    AtomicFile::write_tidy(files, &place, certificate.pem().as_bytes())?;
    Ok(())
}

#[cfg(unix)]
fn check_private(metadata: &std::fs::Metadata, path: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt as _;
    match metadata.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(TlsError::OpenKey {
            path: path.to_owned(),
        }),
    }
}

#[cfg(not(unix))]
fn check_private(_: &std::fs::Metadata, _: &Path) -> Result<(), TlsError> {
    Ok(())
}

impl fmt::Debug for LocalAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAuthority")
            .field("directory", &self.directory)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
