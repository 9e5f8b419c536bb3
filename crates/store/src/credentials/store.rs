//! Everything that knows credentials, in order.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use tofu_oci_types::oci::{RegistryHost, RepositoryName};
use tokio::sync::OnceCell;

use super::auth_file::{AuthFile, Found, first_closest, unusable};
use super::environment::{AuthEnvironment, AuthFileForm};
use super::helper::{HelperName, Helpers, TIME_LIMIT};
use super::key::{Specificity, fit_path, registry};
use super::{Credential, CredentialError, CredentialSource};
use crate::blocking::lock;
use crate::files::Files;

/// One `oci_credentials` block of a CLI configuration.
#[derive(Debug, Clone)]
pub struct ConfiguredCredential {
    /// The registry.
    pub host: RegistryHost,
    /// The first components of the repositories that it is for; all, where there are none.
    pub path: Option<RepositoryName>,
    /// What it gives.
    pub login: ConfiguredLogin,
}

/// What a configured credential is made of. Empty texts count as absent.
#[derive(Debug, Clone)]
pub enum ConfiguredLogin {
    /// `username` and `password`. Anonymous when one of them is empty.
    Password {
        /// The user.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// `access_token` and `refresh_token`. The second is used where the first is empty.
    Tokens {
        /// Sent as it is.
        access: SecretString,
        /// What tokens are made of.
        refresh: SecretString,
    },
    /// `docker_credentials_helper`
    Helper(HelperName),
}

/// Which files are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AuthFiles {
    /// Those of [`AuthEnvironment::auth_files`] that are there.
    #[default]
    Search,
    /// These, which have to be there: `docker_style_config_files`. None at all where there is no discovery.
    Listed(Vec<PathBuf>),
}

/// What a [`CredentialStore`] stands on.
#[derive(Debug, Clone)]
pub struct CredentialSettings {
    /// Configured credentials, in the order of the configuration.
    pub configured: Vec<ConfiguredCredential>,
    /// The helper for every registry that nothing else is closer to.
    pub default_helper: Option<HelperName>,
    /// Which files are read.
    pub files: AuthFiles,
    /// Where files and helpers are found.
    pub environment: AuthEnvironment,
    /// How long a helper may take.
    pub helper_time_limit: Duration,
}

impl CredentialSettings {
    /// Nothing but the files that an environment leads to.
    pub fn of_environment(environment: AuthEnvironment) -> Self {
        Self {
            configured: Vec::new(),
            default_helper: None,
            files: AuthFiles::Search,
            environment,
            helper_time_limit: TIME_LIMIT,
        }
    }
}

/// What a helper said of a registry, said once.
type Answer = Arc<OnceCell<Result<Option<Credential>, CredentialError>>>;

/// Knows the credentials of a configuration, of files and of helpers.
///
/// Nothing is read and no helper runs before somebody asks. Files are read once, all together; a helper is asked
/// once for each registry, however many ask at the same time. What they said holds for the life of the store,
/// errors as well.
#[derive(Debug)]
pub struct CredentialStore {
    settings: CredentialSettings,
    files: Files,
    helpers: Helpers,
    read: OnceCell<Result<Vec<AuthFile>, CredentialError>>,
    answers: Mutex<HashMap<(HelperName, String), Answer>>,
}

/// Who has the closest credential.
#[derive(Clone, Copy)]
enum Choice<'a> {
    Configured(&'a ConfiguredLogin),
    DefaultHelper(&'a HelperName),
    File(&'a AuthFile, Found<'a>),
}

impl CredentialStore {
    /// A store that has read nothing yet.
    pub fn new(files: Files, settings: CredentialSettings) -> Self {
        let helpers = Helpers {
            files: files.clone(),
            path: settings.environment.path.clone(),
            limit: settings.helper_time_limit,
        };
        Self {
            settings,
            files,
            helpers,
            read: OnceCell::new(),
            answers: Mutex::default(),
        }
    }

    async fn auth_files(&self) -> Result<&[AuthFile], CredentialError> {
        let read = || async {
            let files = self.files.clone();
            let settings = self.settings.clone();
            let work = move || read_files(&files, &settings);
            super::blocking(work).await
        };
        match self.read.get_or_init(read).await {
            Ok(files) => Ok(files),
            Err(error) => Err(error.clone()),
        }
    }

    fn choose<'a>(
        &'a self,
        files: &'a [AuthFile],
        host: &RegistryHost,
        name: Option<&RepositoryName>,
    ) -> Option<Choice<'a>> {
        let configured = self.settings.configured.iter().filter_map(|configured| {
            if registry(&configured.host) != registry(host) {
                return None;
            }
            let fit = fit_path(configured.path.as_ref(), name)?;
            Some((fit, Choice::Configured(&configured.login)))
        });
        let helper = self.settings.default_helper.as_ref();
        let helper = helper.map(|helper| (Specificity::Global, Choice::DefaultHelper(helper)));
        let files = files.iter().filter_map(|file| {
            let (fit, found) = file.closest(host, name)?;
            Some((fit, Choice::File(file, found)))
        });
        let (_, choice) = first_closest(configured.chain(helper).chain(files))?;
        Some(choice)
    }

    /// What a helper has for a registry. It is run once; whoever asks meanwhile waits for the same answer.
    async fn ask(
        &self,
        helper: &HelperName,
        host: &RegistryHost,
    ) -> Result<Option<Credential>, CredentialError> {
        let key = (helper.clone(), registry(host).to_owned());
        let answer = lock(&self.answers).entry(key).or_default().clone();
        let ask = || self.helpers.get(helper, host);
        answer.get_or_init(ask).await.clone()
    }
}

#[async_trait]
impl CredentialSource for CredentialStore {
    async fn credential(
        &self,
        host: &RegistryHost,
        name: Option<&RepositoryName>,
    ) -> Result<Option<Credential>, CredentialError> {
        let files = self.auth_files().await?;
        match self.choose(files, host, name) {
            None => Ok(None),
            Some(Choice::Configured(ConfiguredLogin::Helper(helper)))
            | Some(Choice::DefaultHelper(helper)) => self.ask(helper, host).await,
            Some(Choice::Configured(login)) => Ok(login.credential()),
            Some(Choice::File(file, Found::Entry(key, entry))) => match entry.credential() {
                Ok(credential) => Ok(Some(credential)),
                Err(reason) => {
                    let reason = format!("its entry {key:?} has {reason}");
                    Err(unusable(file.path(), reason))
                }
            },
            Some(Choice::File(file, Found::Helper(helper))) => {
                let helper = named(file, helper)?;
                self.ask(&helper, host).await
            }
        }
    }
}

/// The helper that a file names.
pub(super) fn named(file: &AuthFile, helper: &str) -> Result<HelperName, CredentialError> {
    helper.parse().map_err(|error| unusable(file.path(), error))
}

impl ConfiguredLogin {
    /// The credential, where no helper has it.
    fn credential(&self) -> Option<Credential> {
        let is_set = |secret: &SecretString| !secret.expose_secret().is_empty();
        match self {
            Self::Password { username, password } => (!username.is_empty() && is_set(password))
                .then(|| Credential::of_user(username.clone(), password.clone())),
            Self::Tokens { access, refresh } => {
                if is_set(access) {
                    Some(Credential::AccessToken(access.clone()))
                } else {
                    is_set(refresh).then(|| Credential::IdentityToken(refresh.clone()))
                }
            }
            Self::Helper(_) => None,
        }
    }
}

fn read_files(
    files: &Files,
    settings: &CredentialSettings,
) -> Result<Vec<AuthFile>, CredentialError> {
    match &settings.files {
        AuthFiles::Search => search(files, &settings.environment),
        AuthFiles::Listed(paths) => {
            let mut read = Vec::new();
            for path in paths {
                let file = AuthFile::read(files, path, AuthFileForm::Sections)?;
                read.push(file.ok_or_else(|| unusable(path, "it is not there"))?);
            }
            Ok(read)
        }
    }
}

/// The files that are there, in the order of the search.
pub(super) fn search(
    files: &Files,
    environment: &AuthEnvironment,
) -> Result<Vec<AuthFile>, CredentialError> {
    let mut read = Vec::new();
    for place in environment.auth_files() {
        read.extend(AuthFile::read(files, &place.path, place.form)?);
    }
    Ok(read)
}
