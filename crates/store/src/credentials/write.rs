//! What a login keeps, and what a logout removes.
//!
//! **Where a login goes.** With `REGISTRY_AUTH_FILE`: into that file. Else into the file that has the closest fit for
//! the registry now, because there a lookup finds it: an entry, a helper for the registry or one for everything.
//! Else into Docker's `config.json`, which Docker, Podman and OpenTofu all read; `containers/auth.json` is not read
//! by Docker. When the file names a helper for the registry, the helper keeps the credential and the file an empty
//! entry, as Docker does it.
//!
//! **What a logout removes.** The entry of the registry, under each of its names, in every file of the search, and
//! what the helpers have that these files name for it. Entries of parts of the registry stay, and are named.
//!
//! Files are replaced as a whole, `rw-------`, under a lock beside them. Links are followed.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tofu_oci_types::oci::RegistryHost;

use super::auth_file::{AuthFile, first_closest, read_bytes, unusable};
use super::document::Document;
use super::environment::{AuthEnvironment, AuthFileForm, AuthFilePlace};
use super::helper::{HelperName, Helpers, TIME_LIMIT};
use super::members::Malformed;
use super::store::{named, search};
use super::{Credential, CredentialError, blocking};
use crate::files::{AtomicFile, FileLock, FileMode, Files, is_absent};

/// Writes and removes credentials.
#[derive(Debug, Clone)]
pub struct CredentialWriter {
    files: Files,
    environment: AuthEnvironment,
    helpers: Helpers,
}

/// Where the credential of a registry goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPlan {
    /// The registry.
    pub host: RegistryHost,
    /// The file that is written; it need not be there yet.
    pub file: PathBuf,
    /// The helper that keeps the credential, where the file names one. Otherwise the file does.
    pub helper: Option<HelperName>,
}

/// What a logout did.
#[derive(Debug, Clone, Default)]
pub struct Logout {
    /// Where credentials were removed, in the order of the search.
    pub erased: Vec<Erased>,
    /// Credentials of parts of the registry, which stay: each with its file.
    pub kept: Vec<(String, PathBuf)>,
    /// What could not be looked into or changed. The rest was done.
    pub failed: Vec<CredentialError>,
}

/// A place from which a credential was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    /// A file.
    File(PathBuf),
    /// A helper.
    Helper(HelperName),
}

impl CredentialWriter {
    /// A writer for the files of an environment.
    pub fn new(files: Files, environment: AuthEnvironment) -> Self {
        let helpers = Helpers {
            files: files.clone(),
            path: environment.path.clone(),
            limit: TIME_LIMIT,
        };
        Self {
            files,
            environment,
            helpers,
        }
    }

    /// The same with another time limit for helpers.
    #[must_use]
    pub fn with_helper_time_limit(mut self, limit: Duration) -> Self {
        self.helpers.limit = limit;
        self
    }

    /// Finds out where the credential of a registry goes. Nothing is written.
    ///
    /// # Errors
    /// [`CredentialError`]: a file of the search cannot be used, or there is no place for one.
    pub async fn plan(&self, host: &RegistryHost) -> Result<LoginPlan, CredentialError> {
        let (writer, host) = (self.clone(), host.clone());
        blocking(move || writer.plan_now(host)).await
    }

    fn plan_now(&self, host: RegistryHost) -> Result<LoginPlan, CredentialError> {
        let read = search(&self.files, &self.environment)?;
        let fitting = read.iter().filter_map(|file| {
            let (fit, _) = file.closest(&host, None)?;
            Some((fit, file))
        });
        let closest = first_closest(fitting).map(|(_, file)| file);
        let path = match (&self.environment.registry_auth_file, closest) {
            (Some(file), _) => file.clone(),
            // Nobody but us still reads the old file to the end.
            (None, Some(file)) if file.form == AuthFileForm::Sections => file.path().to_owned(),
            (None, _) => self.environment.docker_file().ok_or_else(|| {
                let reason = "there is no home directory in which it could be";
                unusable(Path::new("config.json"), reason)
            })?,
        };
        let file = read.iter().find(|file| file.path() == path);
        let helper = file.and_then(|file| Some((file, file.keeper(&host)?)));
        let helper = helper
            .map(|(file, helper)| named(file, helper))
            .transpose()?;
        Ok(LoginPlan {
            host,
            file: path,
            helper,
        })
    }

    /// Keeps a credential where `plan` says.
    ///
    /// # Errors
    /// [`CredentialError`]: the helper failed, or the file cannot be written. Then the file is as it was.
    pub async fn store(
        &self,
        plan: &LoginPlan,
        credential: &Credential,
    ) -> Result<(), CredentialError> {
        let in_file = match &plan.helper {
            Some(helper) => {
                self.helpers.store(helper, &plan.host, credential).await?;
                None
            }
            None => Some(credential.clone()),
        };
        let (files, plan) = (self.files.clone(), plan.clone());
        blocking(move || {
            let file = &plan.file;
            let place = create_parents(&files, file).map_err(|error| unusable(file, error))?;
            let _lock = lock(&files, &place).map_err(|error| unusable(file, error))?;
            let bytes = read_bytes(&files, &place)?.unwrap_or_default();
            let put = || {
                let mut document = Document::read(&bytes, AuthFileForm::Sections)?;
                document.put(&plan.host, in_file.as_ref())?;
                Ok(document)
            };
            let document = put().map_err(|Malformed(reason)| unusable(file, reason))?;
            write(&files, &place, &document).map_err(|error| unusable(file, error))
        })
        .await
    }

    /// Removes the credentials of a registry. What cannot be removed is in the report, and the rest is done.
    pub async fn erase(&self, host: &RegistryHost) -> Logout {
        let mut logout = Logout::default();
        let mut asked: Vec<HelperName> = Vec::new();
        for place in self.environment.auth_files() {
            match self.erase_in(&place, host).await {
                Ok(None) => {}
                Ok(Some(in_file)) => {
                    if in_file.held {
                        logout.erased.push(Erased::File(place.path.clone()));
                    }
                    let kept = in_file.kept.into_iter();
                    logout
                        .kept
                        .extend(kept.map(|key| (key, place.path.clone())));
                    for helper in in_file.helpers {
                        if !asked.contains(&helper) {
                            asked.push(helper.clone());
                            self.erase_by(helper, host, &mut logout).await;
                        }
                    }
                }
                Err(error) => logout.failed.push(error),
            }
        }
        logout
    }

    async fn erase_by(&self, helper: HelperName, host: &RegistryHost, logout: &mut Logout) {
        match self.helpers.erase(&helper, host).await {
            Ok(true) => logout.erased.push(Erased::Helper(helper)),
            Ok(false) => {}
            Err(error) => logout.failed.push(error),
        }
    }

    /// `None` when there is no file.
    async fn erase_in(
        &self,
        place: &AuthFilePlace,
        host: &RegistryHost,
    ) -> Result<Option<InFile>, CredentialError> {
        let (files, place, host) = (self.files.clone(), place.clone(), host.clone());
        blocking(move || {
            let path = &place.path;
            let Some(file) = AuthFile::read(&files, path, place.form)? else {
                return Ok(None);
            };
            let helpers = file.keeper(&host).map(|helper| named(&file, helper));
            let helpers: Vec<HelperName> = helpers.transpose()?.into_iter().collect();
            let remove = |bytes: &[u8]| {
                let removed = || {
                    let mut document = Document::read(bytes, place.form)?;
                    let removal = document.remove(&host)?;
                    Ok((document, removal))
                };
                removed().map_err(|Malformed(reason)| unusable(path, reason))
            };
            let read = || Ok(read_bytes(&files, path)?.unwrap_or_default());
            let (_, mut removal) = remove(&read()?)?;
            if removal.changed {
                // Again, now that nobody else writes.
                let place = files
                    .canonicalize(path)
                    .map_err(|error| unusable(path, error))?;
                let _lock = lock(&files, &place).map_err(|error| unusable(path, error))?;
                let (document, again) = remove(&read()?)?;
                write(&files, &place, &document).map_err(|error| unusable(path, error))?;
                removal = again;
            }
            Ok(Some(InFile {
                held: removal.held,
                kept: removal.kept,
                helpers,
            }))
        })
        .await
    }
}

/// What a file had for a registry.
struct InFile {
    held: bool,
    kept: Vec<String>,
    helpers: Vec<HelperName>,
}

/// Where the file really is, in a directory that is there now.
fn create_parents(files: &Files, path: &Path) -> io::Result<PathBuf> {
    match files.canonicalize(path) {
        Ok(place) => return Ok(place),
        Err(error) if !is_absent(&error) => return Err(error),
        Err(error) => {
            if files.metadata(path)?.is_some() {
                // A link that leads nowhere: replacing it would lose where it led.
                return Err(error);
            }
        }
    }
    if let Some(parent) = path.parent() {
        files.create_dirs(parent)?;
    }
    Ok(path.to_owned())
}

/// Waits until nobody else of us writes the file.
fn lock(files: &Files, place: &Path) -> io::Result<FileLock> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    files.lock(&place.with_file_name(format!(".{}.lock", name.trim_start_matches('.'))))
}

fn write(files: &Files, place: &Path, document: &Document) -> io::Result<()> {
    let mut file = AtomicFile::create_tidy(files, place, FileMode::Private)?;
    file.write_all(document.write().expose_secret().as_bytes())?;
    file.commit().map(drop)
}
