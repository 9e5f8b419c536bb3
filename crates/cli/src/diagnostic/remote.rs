//! Registries that cannot be reached, or do not do what they were asked.

use tofu_oci::store::credentials::CredentialError;
use tofu_oci::store::remote::{Answer, RemoteError};

use super::{Advice, Code};

pub(super) fn advice(error: &RemoteError) -> Advice {
    match error {
        RemoteError::Unreachable { .. } => Advice::new(Code::RegistryUnreachable)
            .hint("check the host and its port, and the proxy (HTTPS_PROXY, NO_PROXY)"),
        RemoteError::Tls { .. } => Advice::new(Code::TlsFailed)
            .hint("a private certificate authority is trusted with `--ca-file FILE` or SSL_CERT_FILE; where the registry wants a certificate of yours, name it with `--client-cert FILE` and `--client-key FILE`"),
        RemoteError::PlainHttp { host } => Advice::new(Code::PlainHttp)
            .hint(format!("where that is meant to be so, allow it with `--plain-http {host}`")),
        RemoteError::TimedOut { .. } => {
            Advice::new(Code::RegistryTimeout).hint("run the command again; what was stored is not sent again")
        }
        RemoteError::Denied {
            host,
            authenticated,
            answer,
            ..
        } => denied(host, *authenticated, answer),
        RemoteError::PlainCredential { host } => Advice::new(Code::PlainCredential).hint(format!(
            "credentials travel in the clear only where you say so: `--plain-http {host}`"
        )),
        RemoteError::Credential { source, .. } => credential(source),
        RemoteError::Challenge { .. } => Advice::new(Code::LoginRefused)
            .hint("ask who runs the registry; credentials are sent only to an HTTPS address that the registry names"),
        RemoteError::RateLimited { .. } => Advice::new(Code::RateLimited)
            .hint("wait, log in for a higher limit, or lower `--jobs`"),
        RemoteError::Refused { answer, .. } => refused(answer),
        RemoteError::Failed { answer, .. } if answer.status == 507 => Advice::new(Code::RegistryFailed)
            .hint("who runs the registry has to make space; what was stored is not sent again"),
        RemoteError::Failed { .. } => Advice::new(Code::RegistryFailed)
            .hint("run the command again later; what was stored is not sent again"),
        RemoteError::Unsupported { .. } => Advice::new(Code::RegistryUnsupported)
            .hint("who runs the registry may allow it; some allow deleting by digest only"),
        RemoteError::Malformed { .. } => Advice::new(Code::RegistryInvalid)
            .hint("is it a registry, and does a proxy stand in between? `-vv` shows every request"),
        RemoteError::Elsewhere { .. } => Advice::new(Code::RegistryInvalid).hint(
            "behind a proxy the registry has to know its own address: it must answer with https and this host",
        ),
        RemoteError::Configuration { .. } => Advice::new(Code::NetworkConfiguration),
    }
}

fn denied(host: &str, authenticated: bool, answer: &Answer) -> Advice {
    let advice = Advice::new(Code::AccessDenied);
    match (authenticated, answer.status) {
        (false, _) => advice.hint(format!("log in: `tofu-oci login {host}`")),
        (true, 401) => advice.hint(format!(
            "the credential is wrong or too old: `tofu-oci login {host}`"
        )),
        (true, _) => {
            advice.hint("the account lacks the right to this repository, or it does not exist yet")
        }
    }
}

fn refused(answer: &Answer) -> Advice {
    let advice = Advice::new(Code::RegistryRefused);
    match answer.status {
        404 if answer.has_code("NAME_UNKNOWN") || answer.codes.is_empty() => {
            advice.hint("some registries want a repository or project to be created before the first push")
        }
        409 => advice.hint("the registry does not replace what it has: publish under a new version"),
        413 => advice.hint("a proxy or the registry limits the size of requests: raise the limit there"),
        400 | 415 if answer.has_code("MANIFEST_INVALID") || answer.has_code("UNSUPPORTED") => advice.hint(
            "some registries take listed types only: `--plain` publishes what clients need and nothing beside it",
        ),
        _ => advice,
    }
}

pub(super) fn credential(error: &CredentialError) -> Advice {
    let advice = Advice::new(Code::CredentialUnusable);
    match error {
        CredentialError::Helper { .. } => advice.hint("run the helper by hand to see what it says"),
        CredentialError::HelperTimeout { .. } => {
            advice.hint("does the helper wait for somebody to type?")
        }
        CredentialError::HelperMissing { .. } => {
            advice.hint("install it, or take its name out of the credentials file")
        }
        CredentialError::File { .. } => {
            advice.hint("correct the file, or move it away and log in again")
        }
    }
}
