//! Credential helpers: the programs `docker-credential-NAME`.
//!
//! A helper gets a verb as its argument and text on standard input, and answers on standard output; also errors
//! are told there. It is found on the PATH and nowhere else, has a time limit, and what it prints is bounded and
//! never repeated, but for the message of one that failed.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tofu_oci_types::oci::RegistryHost;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::key::{Key, asked_as, written_as};
use super::members::{Members, quoted};
use super::{Credential, CredentialError, TOKEN_USER};
use crate::files::Files;

/// How long a helper may take.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How long the rest of what a helper complained about is waited for, once it has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The most that a helper may print, in bytes.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// The most of an error message that is repeated, in characters.
const MESSAGE_LIMIT: usize = 300;

/// How a helper says that it has nothing.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The name of a helper: what stands after `docker-credential-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HelperName(String);

/// A text that is no name of a helper.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not the name of a credential helper: it takes letters, digits, `.`, `_` and `-`"
)]
pub struct InvalidHelperName {
    /// The text; cut at 64 characters.
    pub text: String,
}

impl FromStr for HelperName {
    type Err = InvalidHelperName;

    /// Dots are allowed for `desktop.exe`, which Docker Desktop writes in Linux distributions on Windows.
    fn from_str(text: &str) -> Result<Self, InvalidHelperName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if text.is_empty() || !text.bytes().all(allowed) {
            let text = text.chars().take(64).collect();
            return Err(InvalidHelperName { text });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for HelperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HelperName {
    /// The name of the program.
    pub fn program(&self) -> String {
        format!("docker-credential-{}", self.0)
    }

    fn failed(&self, message: impl Into<String>) -> CredentialError {
        CredentialError::Helper {
            program: self.program(),
            message: message.into(),
        }
    }
}

/// Runs helpers. Every call runs a program.
#[derive(Debug, Clone)]
pub(super) struct Helpers {
    pub(super) files: Files,
    /// The PATH.
    pub(super) path: Option<OsString>,
    /// How long one run may take.
    pub(super) limit: Duration,
}

/// How a helper ended.
struct Answer {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Helpers {
    /// What a helper has for a registry, under the first name that it knows it by.
    pub(super) async fn get(
        &self,
        helper: &HelperName,
        host: &RegistryHost,
    ) -> Result<Option<Credential>, CredentialError> {
        for server in asked_as(host) {
            if let Some(credential) = self.get_as(helper, host, &server).await? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }

    async fn get_as(
        &self,
        helper: &HelperName,
        host: &RegistryHost,
        server: &str,
    ) -> Result<Option<Credential>, CredentialError> {
        let answer = self.run(helper, "get", server.as_bytes()).await?;
        if !answer.status.success() {
            return match answer.message() {
                message if message == NOT_FOUND => Ok(None),
                message => Err(helper.failed(message)),
            };
        }
        told(&answer.stdout, host).map_err(|reason| helper.failed(reason))
    }

    /// Gives a helper the credential of a registry to keep.
    pub(super) async fn store(
        &self,
        helper: &HelperName,
        host: &RegistryHost,
        credential: &Credential,
    ) -> Result<(), CredentialError> {
        let (username, secret) = match credential {
            Credential::Password { username, password } => (username.as_str(), password),
            Credential::IdentityToken(token) => (TOKEN_USER, token),
            Credential::AccessToken(_) => {
                return Err(helper.failed("helpers keep passwords and identity tokens only"));
            }
        };
        let request = SecretString::from(format!(
            "{{\"ServerURL\":{},\"Username\":{},\"Secret\":{}}}",
            quoted(&written_as(host)),
            quoted(username),
            quoted(secret.expose_secret()),
        ));
        let answer = self
            .run(helper, "store", request.expose_secret().as_bytes())
            .await?;
        match answer.status.success() {
            true => Ok(()),
            false => Err(helper.failed(answer.message())),
        }
    }

    /// Makes a helper forget a registry under every name that it knows it by. Whether there was one.
    pub(super) async fn erase(
        &self,
        helper: &HelperName,
        host: &RegistryHost,
    ) -> Result<bool, CredentialError> {
        let mut erased = false;
        for server in asked_as(host) {
            // Helpers differ in what they say when there is nothing to erase.
            if self.get_as(helper, host, &server).await?.is_none() {
                continue;
            }
            let answer = self.run(helper, "erase", server.as_bytes()).await?;
            if !answer.status.success() {
                return Err(helper.failed(answer.message()));
            }
            erased = true;
        }
        Ok(erased)
    }

    /// Runs a helper with `input`. When the time is over, or it prints too much, it is killed.
    async fn run(
        &self,
        helper: &HelperName,
        verb: &str,
        input: &[u8],
    ) -> Result<Answer, CredentialError> {
        let Some(program) = self.find(helper) else {
            return Err(CredentialError::HelperMissing {
                program: helper.program(),
            });
        };
        let mut child = Command::new(program)
            .arg(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| helper.failed(error.to_string()))?;
        let error = match timeout(self.limit, talk(&mut child, input)).await {
            Ok(Ok(Some(answer))) => return Ok(answer),
            Ok(Ok(None)) => helper.failed(format!("it printed more than {OUTPUT_LIMIT} bytes")),
            Ok(Err(error)) => helper.failed(error.to_string()),
            Err(_) => CredentialError::HelperTimeout {
                program: helper.program(),
                seconds: self
                    .limit
                    .as_millis()
                    .div_ceil(1000)
                    .try_into()
                    .unwrap_or(0),
            },
        };
        // It may have ended by itself meanwhile.
        let _ = child.kill().await;
        Err(error)
    }

    /// The program of a helper on the PATH. Directories that are not absolute would depend on where we run.
    fn find(&self, helper: &HelperName) -> Option<PathBuf> {
        let name = match cfg!(windows) {
            true => format!("{}.exe", helper.program()),
            false => helper.program(),
        };
        std::env::split_paths(self.path.as_ref()?)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(&name))
            .find(|path| self.is_program(path))
    }

    fn is_program(&self, path: &Path) -> bool {
        let target = self.files.canonicalize(path);
        let metadata = target.and_then(|target| self.files.metadata(&target));
        matches!(metadata, Ok(Some(metadata)) if metadata.is_file() && is_executable(&metadata))
    }
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}

/// The credential of an answer for `host`, or what is wrong with it.
pub(super) fn told(stdout: &[u8], host: &RegistryHost) -> Result<Option<Credential>, &'static str> {
    const UNREADABLE: &str = "its answer is not JSON of the form that it has to have";
    if stdout.trim_ascii().is_empty() {
        return Err(UNREADABLE);
    }
    let members = Members::read(stdout).map_err(|_| UNREADABLE)?;
    let text = |name| match members.text(name) {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(_) => Err(UNREADABLE),
    };
    // Most repeat what they were asked; one that means another registry must not be believed.
    let about = Key::read(&text("ServerURL")?);
    if about.is_some_and(|key| !key.is_in_registry(host)) {
        return Err("it answered for another registry");
    }
    let (username, secret) = (text("Username")?, text("Secret")?);
    if secret.is_empty() {
        // Some say so that anonymous access will do.
        return match username.is_empty() {
            true => Ok(None),
            false => Err("its answer has a user and no secret"),
        };
    }
    Ok(Some(Credential::of_user(username, secret.into())))
}

/// Writes the input and reads what is printed, until the program ends. `None` when it prints too much.
async fn talk(child: &mut Child, input: &[u8]) -> std::io::Result<Option<Answer>> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A helper that reads nothing is none of our business; what counts is its answer.
            let _ = stdin.write_all(input).await;
        }
    };
    let mut told = Vec::new();
    let answer: std::io::Result<_> = {
        let complaints = async {
            if let Some(stderr) = stderr {
                // What cannot be read is not repeated.
                let _ = drain(stderr, &mut told).await;
            }
        };
        let answer = async {
            let (stdout, ()) = tokio::join!(read(stdout), write);
            match stdout? {
                Some(stdout) => Ok(Some((child.wait().await?, stdout))),
                None => Ok(None),
            }
        };
        tokio::pin!(complaints, answer);
        tokio::select! {
            answer = &mut answer => {
                // A process that it left behind may hold the stream open for ever.
                let _ = timeout(LAST_WORDS, complaints).await;
                answer
            }
            () = &mut complaints => answer.await,
        }
    };
    Ok(answer?.map(|(status, stdout)| Answer {
        status,
        stdout,
        stderr: told,
    }))
}

/// Reads to the end; `None` when there is too much.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let mut stream = stream.take(OUTPUT_LIMIT as u64 + 1);
        stream.read_to_end(&mut bytes).await?;
    }
    Ok((bytes.len() <= OUTPUT_LIMIT).then_some(bytes))
}

/// Reads to the end, and keeps the beginning.
async fn drain(mut stream: impl AsyncRead + Unpin, kept: &mut Vec<u8>) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        if kept.len() < OUTPUT_LIMIT {
            kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
        }
    }
}

impl Answer {
    /// Why it failed: cut, on one line, without control characters.
    fn message(&self) -> String {
        let texts = [&self.stdout, &self.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        let [said, complained] = texts.each_ref().map(|text| text.trim());
        let message = if said.is_empty() { complained } else { said };
        if message.is_empty() {
            return match self.status.code() {
                Some(code) => format!("it ended with status {code} and said nothing"),
                None => "it was stopped by a signal".to_owned(),
            };
        }
        // Whatever went wrong, an answer may be in there.
        if message.to_ascii_lowercase().contains("secret\"") {
            return "what it said is not shown, because it may hold a secret".to_owned();
        }
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        message.chars().take(MESSAGE_LIMIT).map(plain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["osxkeychain", "ecr-login", "gcr_x", "desktop.exe", "A1"] {
            let helper: HelperName = name.parse().unwrap();
            assert_eq!(helper.program(), format!("docker-credential-{name}"));
        }
        for name in ["", "not/valid", "a\\b", "a b", "a;b", "$x", "é", "a\n"] {
            assert!(name.parse::<HelperName>().is_err(), "{name:?}");
        }
    }
}
