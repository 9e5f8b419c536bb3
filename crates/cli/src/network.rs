//! How registries are reached: flags and environment, put together.

#![allow(
    clippy::disallowed_methods,
    reason = "proxies are configured by the environment"
)]

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tofu_oci::source::Connect;
use tofu_oci::store::Files;
use tofu_oci::store::credentials::CredentialSource;
use tofu_oci::store::remote::{Listener, Notice, Pem, Proxies, Remote, RemoteOptions};
use tofu_oci::types::oci::RegistryHost;

use crate::args::GlobalArgs;
use crate::diagnostic::{Code, Diagnostic, Failure};
use crate::printer::{Printer, Verbosity};

/// How large a file of certificates may be, in bytes.
const PEM_LIMIT: u64 = 4 * 1024 * 1024;

/// A wait of this length is told without being asked.
const LONG: std::time::Duration = std::time::Duration::from_secs(3);

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    certificates: Vec<PathBuf>,
    identity: Option<(PathBuf, Option<PathBuf>)>,
    plain_http: Vec<RegistryHost>,
    proxies: Proxies,
}

impl Network {
    /// Puts flags and environment together. No file is read.
    pub(crate) fn resolve(args: &GlobalArgs) -> Self {
        Self {
            certificates: args.ca_file.clone(),
            identity: args
                .client_cert
                .clone()
                .map(|certificate| (certificate, args.client_key.clone())),
            plain_http: args.plain_http.clone(),
            proxies: proxies(),
        }
    }

    /// Opens repositories in directories and in registries. Credentials are looked for when a registry wants one.
    ///
    /// # Errors
    ///
    /// A file of certificates that cannot be read.
    pub(crate) fn connect(
        &self,
        files: &Files,
        credentials: Arc<dyn CredentialSource>,
        printer: &Printer,
    ) -> Result<Connect, Failure> {
        let mut options = RemoteOptions {
            credentials,
            plain_http: self.plain_http.clone(),
            proxies: self.proxies.clone(),
            listener: Some(listener(printer)),
            ..RemoteOptions::default()
        };
        for path in &self.certificates {
            options.certificates.push(pem(files, path)?);
        }
        if let Some((certificate, key)) = &self.identity {
            let mut identity = pem(files, certificate)?;
            if let Some(key) = key {
                let key = pem(files, key)?;
                let both = [&*identity.content, b"\n", &*key.content].concat();
                identity.content = both.into();
            }
            options.identity = Some(identity);
        }
        Ok(Connect::new(files.clone()).with_remote(Remote::new(options)))
    }
}

fn pem(files: &Files, path: &Path) -> Result<Pem, Failure> {
    let content = files.read_linked(path, PEM_LIMIT).map_err(|error| {
        let name = path.display();
        let mut diagnostic = Diagnostic::new(
            Code::CertificateFile,
            format!("cannot read the certificate file `{name}`"),
        )
        .hint("name a file in PEM form that you may read");
        diagnostic.causes.push(error.to_string());
        Failure::from(diagnostic)
    })?;
    Ok(Pem {
        name: path.display().to_string(),
        content: content.into(),
    })
}

/// Proxies, by the names that other programs take: lower case first, and `HTTP_PROXY` not in a CGI program, where
/// whoever sends a request sets it.
fn proxies() -> Proxies {
    let first = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| env::var(name).ok());
        values.find(|value| !value.is_empty())
    };
    let cgi = env::var_os("REQUEST_METHOD").is_some();
    let http: &[&str] = if cgi {
        &["http_proxy", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
    };
    Proxies {
        https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]).map(Into::into),
        http: first(http).map(Into::into),
        except: first(&["no_proxy", "NO_PROXY"]),
    }
}

/// Prints what registries say beside their answers.
fn listener(printer: &Printer) -> Listener {
    let printer = printer.clone();
    Arc::new(move |notice| match notice {
        Notice::Warning { host, text } => {
            printer.warning("registry", &format!("{host} says: {text}"));
        }
        Notice::Retry {
            host,
            what,
            reason,
            wait,
        } => {
            let seconds = wait.as_secs_f64();
            if *wait >= LONG {
                printer.note(format_args!(
                    "waiting {seconds:.0} s for {host} ({what}: {reason})"
                ));
            } else {
                printer.detail(
                    Verbosity::Verbose,
                    format_args!("again in {seconds:.1} s: {what}: {reason}"),
                );
            }
        }
        Notice::Answered { request, status } => {
            printer.detail(Verbosity::Everything, format_args!("{status} {request}"));
        }
    })
}
