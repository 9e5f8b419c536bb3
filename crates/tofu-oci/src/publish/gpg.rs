//! Signing with GnuPG: the program is called, and private keys stay where it keeps them.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::str::FromStr;
use std::time::Duration;

use tofu_oci_trust::pgp::{PgpError, SignatureProblem};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;

/// How long GnuPG may take: somebody may have to find a smart card and type its number.
const LIMIT: Duration = Duration::from_secs(180);
/// The most that is read of what it prints, in bytes.
const OUTPUT_LIMIT: u64 = 1 << 20;
/// How much of its complaint is repeated, in bytes.
const COMPLAINT_LIMIT: usize = 1024;

/// The key that signs, exactly: the id or the fingerprint of a key or of a subkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey(String);

/// A text that names no key, or names one too loosely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a key id of 16 hex digits, nor a fingerprint of 40 or 64")]
pub struct SigningKeyError {
    /// The text.
    pub text: String,
}

impl SigningKey {
    /// Whether a fingerprint, in upper case, is that of this key.
    pub(super) fn is(&self, fingerprint: &str, key_id: &str) -> bool {
        match self.0.len() {
            16 => self.0 == key_id,
            _ => self.0 == fingerprint,
        }
    }
}

impl FromStr for SigningKey {
    type Err = SigningKeyError;

    fn from_str(text: &str) -> Result<Self, SigningKeyError> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let digits = digits.strip_suffix('!').unwrap_or(digits);
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match hex && matches!(digits.len(), 16 | 40 | 64) {
            true => Ok(Self(digits.to_ascii_uppercase())),
            false => Err(SigningKeyError {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who signs the checksums file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpg {
    /// The program.
    pub program: PathBuf,
    /// The key.
    pub key: SigningKey,
    /// Where its keys are; without it where it looks by itself.
    pub home: Option<PathBuf>,
    /// How long it may take.
    pub limit: Duration,
}

/// Why GnuPG did not sign.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The program does not run.
    #[error("cannot run {program:?}")]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It has no such public key.
    #[error("gpg has no key {key}")]
    NoKey {
        /// The key.
        key: SigningKey,
    },
    /// It refused.
    #[error("gpg failed: {message}")]
    Failed {
        /// The end of what it printed, on one line.
        message: String,
    },
    /// It took too long.
    #[error("gpg did not answer within {seconds} seconds")]
    Timeout {
        /// How long.
        seconds: u64,
    },
    /// What it printed is no key, or no signature.
    #[error("gpg printed something that cannot be used")]
    Output(#[source] PgpError),
    /// It made a signature that nobody should believe.
    #[error("gpg made a signature that does not count")]
    Signature(#[source] SignatureProblem),
    /// Another key signed than the one that was named.
    #[error("gpg did not sign with the key {key}")]
    OtherKey {
        /// The key.
        key: SigningKey,
    },
}

impl Gpg {
    /// The program and the key, with the defaults for the rest.
    pub fn new(program: impl Into<PathBuf>, key: SigningKey) -> Self {
        Self {
            program: program.into(),
            key,
            home: None,
            limit: LIMIT,
        }
    }

    /// The public key, armored, with nothing in it but what is needed to verify.
    pub(super) async fn export(&self) -> Result<Vec<u8>, SignError> {
        let arguments = [
            "--no-comments",
            "--no-emit-version",
            "--armor",
            "--export-options",
            "export-minimal",
            "--export",
        ];
        let key = self.key.to_string();
        let arguments = arguments.into_iter().chain([key.as_str()]);
        let key = self.run(arguments, b"").await?;
        match key.is_empty() {
            true => Err(SignError::NoKey {
                key: self.key.clone(),
            }),
            false => Ok(key),
        }
    }

    /// A detached, binary signature of `content`.
    pub(super) async fn sign(&self, content: &[u8]) -> Result<Vec<u8>, SignError> {
        // The mark keeps it from choosing another subkey by itself.
        let key = format!("{}!", self.key);
        let arguments = [
            "--local-user",
            &key,
            "--digest-algo",
            "SHA256",
            "--no-armor",
            "--no-textmode",
            "--detach-sign",
        ];
        self.run(arguments, content).await
    }

    /// Runs it with `input`, and returns what it prints.
    async fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Result<Vec<u8>, SignError> {
        let start = |source| SignError::Start {
            program: self.program.clone(),
            source,
        };
        let mut command = Command::new(&self.program);
        if let Some(home) = &self.home {
            command.arg("--homedir").arg(home);
        }
        // It asks nobody itself; its agent may, by a window of its own.
        let mut child = command
            .args(["--batch", "--no-tty"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // Whether it read everything shows in the signature.
                let _ = stdin.write_all(input).await;
            }
        };
        let talk = async {
            let (output, complaint, ()) = tokio::join!(drain(stdout), drain(stderr), write);
            Ok((child.wait().await?, output?, complaint?))
        };
        let ended: Result<std::io::Result<_>, _> = timeout(self.limit, talk).await;
        let (status, output, complaint): (ExitStatus, Vec<u8>, Vec<u8>) = match ended {
            Ok(ended) => ended.map_err(start)?,
            Err(_) => {
                // It may have ended by itself meanwhile.
                let _ = child.kill().await;
                return Err(SignError::Timeout {
                    seconds: self.limit.as_secs(),
                });
            }
        };
        match status.success() {
            true => Ok(output),
            false => Err(SignError::Failed {
                message: last_words(&complaint, status),
            }),
        }
    }
}

/// Reads to the end, and keeps the beginning.
async fn drain(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut stream) = stream {
        (&mut stream)
            .take(OUTPUT_LIMIT)
            .read_to_end(&mut kept)
            .await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(kept)
}

/// The end of a complaint as one line.
fn last_words(complaint: &[u8], status: ExitStatus) -> String {
    let from = complaint.len().saturating_sub(COMPLAINT_LIMIT);
    let text = String::from_utf8_lossy(complaint.get(from..).unwrap_or_default());
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    match lines.is_empty() {
        true => status.to_string(),
        false => lines.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_exactly() {
        let id = "8F099C1B95579FCA";
        let fingerprint = "728246A10724386BCD45D3358F099C1B95579FCA";
        for text in [id, "0x8f099c1b95579fca", "8F099C1B95579FCA!"] {
            let key: SigningKey = text.parse().unwrap();
            assert_eq!(key.to_string(), id);
            assert!(key.is(fingerprint, id) && !key.is(fingerprint, "8F099C1B95579FCB"));
        }
        let key: SigningKey = fingerprint.parse().unwrap();
        assert!(key.is(fingerprint, id) && !key.is(id, id));
        for text in ["", "95579FCA", "me@example.com", "8F099C1B95579FC", "-u"] {
            assert!(text.parse::<SigningKey>().is_err(), "{text:?}");
        }
    }
}
