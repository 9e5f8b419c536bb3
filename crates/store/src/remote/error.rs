//! What can go wrong between us and a registry.

use std::fmt;
use std::time::Duration;

use crate::credentials::CredentialError;

/// What a registry said instead of doing what it was asked. Text is cut at 1 KiB and has no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The code of the first error in the body (distribution spec, "Error Codes").
    pub code: Option<String>,
    /// Its message and detail, or the beginning of a body that is no error document.
    pub message: String,
    /// What the registry calls this request, for its operators.
    pub request_id: Option<String>,
    /// Every error code of the body.
    pub codes: Vec<String>,
}

impl Answer {
    /// Whether one of the errors has this code.
    pub fn has_code(&self, code: &str) -> bool {
        self.codes.iter().any(|found| found == code)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

/// Why a request to a registry did not give what was asked for. No variant holds a credential; URLs are without
/// user information and query.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// No connection, or it broke, also after every retry.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// The host, with its port.
        host: String,
        /// The system's words.
        reason: String,
    },
    /// The certificate of the other side is not accepted, or TLS failed otherwise.
    #[error("the TLS connection to {host} is refused: {reason}")]
    Tls {
        /// The host, with its port.
        host: String,
        /// Why.
        reason: String,
    },
    /// The other side speaks plain HTTP.
    #[error("{host} answers in plain HTTP")]
    PlainHttp {
        /// The host, with its port.
        host: String,
    },
    /// Nothing came for too long.
    #[error("{host} did not answer in time, while {what}")]
    TimedOut {
        /// The host, with its port.
        host: String,
        /// What was being done.
        what: String,
    },
    /// The registry wants another identity, or none of ours is enough.
    #[error("{host} refuses {what}: {answer}")]
    Denied {
        /// The registry.
        host: String,
        /// What was being done.
        what: String,
        /// Whether a credential was sent.
        authenticated: bool,
        /// What it said.
        answer: Answer,
    },
    /// A credential would have had to travel in the clear.
    #[error("{host} wants a credential, and it is reached by plain HTTP")]
    PlainCredential {
        /// The registry.
        host: String,
    },
    /// A credential is configured and cannot be used.
    #[error("cannot get the credential for {host}")]
    Credential {
        /// The registry.
        host: String,
        /// Why.
        #[source]
        source: CredentialError,
    },
    /// The way in which the registry asks for a credential cannot be followed.
    #[error("{host} asks for a credential in a way that is refused: {reason}")]
    Challenge {
        /// The registry.
        host: String,
        /// Why.
        reason: String,
    },
    /// The registry wants fewer requests.
    #[error("{host} limits requests, while {what}: {answer}")]
    RateLimited {
        /// The registry.
        host: String,
        /// What was being done.
        what: String,
        /// How long it asks to wait, when it said so.
        wait: Option<Duration>,
        /// What it said.
        answer: Answer,
    },
    /// The registry refuses the request as such.
    #[error("{host} does not accept {what}: {answer}")]
    Refused {
        /// The registry.
        host: String,
        /// What was being done.
        what: String,
        /// What it said.
        answer: Answer,
    },
    /// The registry failed, also after every retry.
    #[error("{host} failed, while {what}: {answer}")]
    Failed {
        /// The registry.
        host: String,
        /// What was being done.
        what: String,
        /// What it said.
        answer: Answer,
    },
    /// The registry cannot do this at all.
    #[error("{host} does not support {what}: {answer}")]
    Unsupported {
        /// The registry.
        host: String,
        /// What was being done.
        what: String,
        /// What it said.
        answer: Answer,
    },
    /// The answer breaks the protocol.
    #[error("{host} gives an invalid answer, while {what}: {reason}")]
    Malformed {
        /// The registry.
        host: String,
        /// What was being done.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry sends us somewhere we do not go.
    #[error("{host} sends us to {target}, which is refused: {reason}")]
    Elsewhere {
        /// The registry.
        host: String,
        /// Where to, without query.
        target: String,
        /// Why not.
        reason: &'static str,
    },
    /// The client cannot be set up as it was asked for.
    #[error("{what} cannot be used: {reason}")]
    Configuration {
        /// A file, a proxy.
        what: String,
        /// Why.
        reason: String,
    },
}

impl RemoteError {
    /// Whether the same request may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::RateLimited { .. } => true,
            // Whoever has no space left has none a moment later, and each try may take more of it.
            Self::Failed { answer, .. } => answer.status != 507,
            _ => false,
        }
    }
}
