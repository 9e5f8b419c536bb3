//! Servers that do not start.

use std::io::ErrorKind;

use tofu_oci_gateway::{AccessError, ServerError, TlsError};

use super::{Advice, Code, Diagnostic, Failure, io};

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Diagnostic::of(&error, server(&error)).into()
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        Diagnostic::of(&error, access(&error)).into()
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        Diagnostic::of(&error, tls(&error)).into()
    }
}

fn server(error: &ServerError) -> Advice {
    let failed = Advice::new(Code::ListenFailed);
    match error {
        ServerError::Listen { source, .. } => match source.kind() {
            ErrorKind::AddrInUse => {
                failed.hint("end the other program, or take another port: `--listen 127.0.0.1:0`")
            }
            ErrorKind::PermissionDenied => failed.hint("take a port above 1023"),
            ErrorKind::AddrNotAvailable => {
                failed.hint("name an address of this machine, or 0.0.0.0 for all of them")
            }
            _ => failed,
        },
    }
}

fn access(error: &AccessError) -> Advice {
    let invalid = Advice::new(Code::AccessInvalid);
    match error {
        AccessError::Line { .. } | AccessError::NoUsers | AccessError::Twice { .. } => {
            invalid.hint("`htpasswd -B FILE NAME` adds a user or changes a password")
        }
        AccessError::NotBcrypt { name, .. } => {
            invalid.hint(format!("`htpasswd -B FILE {name:?}` hashes it so"))
        }
        AccessError::UnknownReader { .. } => {
            invalid.hint("`--readers` takes names from the file of `--htpasswd`")
        }
        AccessError::PasswordsInTheClear => invalid
            .hint("add `--tls local`, or `--tls-cert` and `--tls-key`, or listen on 127.0.0.1"),
        AccessError::Randomness => Advice::new(Code::Io),
    }
}

fn tls(error: &TlsError) -> Advice {
    let invalid = Advice::new(Code::TlsInvalid);
    match error {
        TlsError::Certificates(_) | TlsError::NoCertificate => {
            invalid.hint("the file has the server's certificate first, then its issuers, as PEM")
        }
        TlsError::Key(_) => invalid.hint("the key is PEM without a password"),
        TlsError::Unusable(_) => {
            invalid.hint("check that the key belongs to the first certificate of the file")
        }
        TlsError::Io(error) => io::advice(error),
        TlsError::OpenKey { path } => invalid.hint(format!("chmod 600 {path:?}")),
        TlsError::Incomplete { .. } | TlsError::Damaged { .. } => invalid.hint(
            "restore the directory from a copy, or remove it: then a new authority is made, which \
             every client has to be told of",
        ),
        TlsError::OutsideConstraints { .. } => invalid.hint(
            "an authority vouches for the names it was made for; remove its directory to make one \
             for all names, and tell every client of it",
        ),
        TlsError::Make(_) => invalid,
    }
}
