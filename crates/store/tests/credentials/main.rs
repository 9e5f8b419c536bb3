//! Credentials: who is asked, in which order, and what a login leaves behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs
)]
// Helpers are shell scripts here.
#![cfg(unix)]

mod choice;
mod helper;
mod login;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tofu_oci_store::Files;
use tofu_oci_store::credentials::*;
use tofu_oci_types::oci::RegistryHost;

/// A home directory, with helpers beside it.
struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("bin")).unwrap();
        fs::create_dir(dir.path().join("log")).unwrap();
        Self { dir }
    }

    fn join(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.join(path)).unwrap()
    }

    /// The environment of a user on Linux, with helpers on the PATH.
    fn environment(&self) -> AuthEnvironment {
        AuthEnvironment {
            home: Some(self.join("home")),
            xdg_runtime_dir: Some(self.join("run")),
            path: Some(self.join("bin").into_os_string()),
            ..AuthEnvironment::empty(OsKind::Linux)
        }
    }

    fn settings(&self) -> CredentialSettings {
        CredentialSettings::of_environment(self.environment())
    }

    /// Makes a helper of the lines of a shell script. Verb and input of each run are in its log.
    fn helper(&self, name: &str, script: &str) {
        let log = self.join("log").join(name);
        let text = format!(
            "#!/bin/sh\nserver=$(cat)\nprintf '%s %s\\n' \"$1\" \"$server\" >> '{}'\n{script}\n",
            log.display()
        );
        let source = self.write(&format!("{name}.sh"), &text);
        fs::set_permissions(&source, fs::Permissions::from_mode(0o755)).unwrap();
        // Copied by another process: a file that this one has open for writing, or a child that was just forked
        // from it, cannot be run.
        let target = self.join("bin").join(format!("docker-credential-{name}"));
        let copied = Command::new("cp")
            .args([&source, &target])
            .status()
            .unwrap();
        assert!(copied.success());
    }

    /// A helper that knows every registry.
    fn knowing_helper(&self, name: &str) {
        let answer = r#"printf '{"ServerURL":"%s","Username":"from-NAME","Secret":"for %s"}' "$server" "$server""#;
        self.helper(name, &answer.replace("NAME", name));
    }

    /// A helper that keeps one file for each text that it is asked by.
    fn keeping_helper(&self, name: &str) {
        let kept = self.join("kept");
        fs::create_dir_all(&kept).unwrap();
        let script = r#"
            file() { printf '%s/%s' 'KEPT' "$(printf %s "$1" | tr '/:' '__')"; }
            case $1 in
            store) url=${server#*ServerURL\":\"}; printf %s "$server" > "$(file "${url%%\"*}")" ;;
            get) cat "$(file "$server")" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
            erase) rm "$(file "$server")" ;;
            esac"#;
        self.helper(name, &script.replace("KEPT", &kept.to_string_lossy()));
    }

    /// How a helper was run, one line for each run.
    fn runs(&self, name: &str) -> Vec<String> {
        let log = fs::read_to_string(self.join("log").join(name)).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

fn store(settings: CredentialSettings) -> CredentialStore {
    CredentialStore::new(Files::new(), settings)
}

fn host(text: &str) -> RegistryHost {
    text.parse().unwrap()
}

fn helper(name: &str) -> HelperName {
    name.parse().unwrap()
}

/// What a source has for `HOST[/NAME]`, as text.
async fn ask(source: &dyn CredentialSource, repository: &str) -> String {
    match try_ask(source, repository).await {
        Ok(text) => text,
        Err(error) => panic!("{repository}: {error}"),
    }
}

async fn try_ask(
    source: &dyn CredentialSource,
    repository: &str,
) -> Result<String, CredentialError> {
    let (registry, name) = match repository.split_once('/') {
        Some((registry, name)) => (registry, Some(name.parse().unwrap())),
        None => (repository, None),
    };
    let found = source.credential(&host(registry), name.as_ref()).await?;
    Ok(match found {
        None => "anonymous".to_owned(),
        Some(Credential::Password { username, password }) => {
            format!("{username}:{}", password.expose_secret())
        }
        Some(Credential::IdentityToken(token)) => format!("identity {}", token.expose_secret()),
        Some(Credential::AccessToken(token)) => format!("access {}", token.expose_secret()),
    })
}

fn auth(user: &str) -> String {
    BASE64_STANDARD.encode(format!("{user}:x"))
}

/// A file with entries: `HOST user`.
fn auths(entries: &[(&str, &str)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(key, user)| format!(r#""{key}":{{"auth":"{}"}}"#, auth(user)))
        .collect();
    format!(r#"{{"auths":{{{}}}}}"#, entries.join(","))
}
