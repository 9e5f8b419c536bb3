//! Credentials from everywhere: the blocks of the CLI configuration first, then files and helpers.

use async_trait::async_trait;
use tofu_oci::store::Files;
use tofu_oci::store::credentials::{
    AuthEnvironment, AuthFiles, ConfiguredCredential, ConfiguredLogin, Credential, CredentialError,
    CredentialSettings, CredentialSource, CredentialStore, HelperName,
};
use tofu_oci::types::oci::{RegistryHost, RepositoryName};
use tofu_oci::types::tofu::Hostname;
use tofu_oci::types::tofu::cli_config::{CliConfig, OciCredential, OciCredentials, Secret};
use tofu_oci::types::tofu::config::Dialect;
use tokio::sync::OnceCell;

use crate::cli_config::ConfigFiles;

/// Reads the CLI configuration when a registry wants a credential, and not before.
pub(crate) struct Credentials {
    files: Files,
    config: ConfigFiles,
    environment: AuthEnvironment,
    store: OnceCell<Result<CredentialStore, CredentialError>>,
}

impl Credentials {
    pub(crate) fn new(files: &Files, config: ConfigFiles, environment: AuthEnvironment) -> Self {
        Self {
            files: files.clone(),
            config,
            environment,
            store: OnceCell::new(),
        }
    }

    fn load(&self) -> Result<CredentialStore, CredentialError> {
        // Only OpenTofu's configuration has blocks about registries of this kind.
        let config = self
            .config
            .load(Dialect::Tofu, &Hostname::opentofu())
            .map_err(|failure| CredentialError::File {
                file: "CLI configuration".to_owned(),
                reason: failure.first_message(),
            })?;
        let settings = settings(config, self.environment.clone())?;
        Ok(CredentialStore::new(self.files.clone(), settings))
    }
}

#[async_trait]
impl CredentialSource for Credentials {
    async fn credential(
        &self,
        host: &RegistryHost,
        name: Option<&RepositoryName>,
    ) -> Result<Option<Credential>, CredentialError> {
        let store = self.store.get_or_init(|| async { self.load() }).await;
        match store {
            Ok(store) => store.credential(host, name).await,
            Err(error) => Err(error.clone()),
        }
    }
}

fn settings(
    config: CliConfig,
    environment: AuthEnvironment,
) -> Result<CredentialSettings, CredentialError> {
    let mut settings = CredentialSettings::of_environment(environment);
    for block in &config.oci_credentials {
        settings.configured.push(configured(block)?);
    }
    let default = config.oci_default_credentials;
    settings.default_helper = default.helper.as_deref().map(helper).transpose()?;
    settings.files = match (default.discover_ambient, default.docker_style_files) {
        (false, _) => AuthFiles::Listed(Vec::new()),
        (true, Some(files)) => AuthFiles::Listed(files),
        (true, None) => AuthFiles::Search,
    };
    Ok(settings)
}

fn configured(block: &OciCredentials) -> Result<ConfiguredCredential, CredentialError> {
    let secret = |text: &Secret| text.expose().to_owned().into();
    Ok(ConfiguredCredential {
        host: block.prefix.host().clone(),
        path: block.prefix.name().cloned(),
        login: match &block.credential {
            OciCredential::Static { username, password } => ConfiguredLogin::Password {
                username: username.clone(),
                password: secret(password),
            },
            OciCredential::Tokens {
                access_token,
                refresh_token,
            } => ConfiguredLogin::Tokens {
                access: secret(access_token),
                refresh: secret(refresh_token),
            },
            OciCredential::Helper(name) => ConfiguredLogin::Helper(helper(name)?),
        },
    })
}

/// Names were checked when the configuration was read; what they may be is said twice at most.
fn helper(name: &str) -> Result<HelperName, CredentialError> {
    name.parse().map_err(|_| CredentialError::HelperMissing {
        program: format!("docker-credential-{name}"),
    })
}
