//! File operations that failed.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::{Advice, Code, Diagnostic, Failure};

/// A file or directory that could not be written.
pub(crate) fn unwritten(path: &Path, error: &Error) -> Failure {
    failed(format!("cannot write {}", path.display()), error)
}

/// An operation of files that failed.
pub(crate) fn failed(message: String, error: &Error) -> Failure {
    Diagnostic {
        message,
        causes: vec![error.to_string()],
        ..Diagnostic::of(error, advice(error))
    }
    .into()
}

/// What the kind of an operation's error says. Kinds are the system's, and new ones appear with
/// new systems: what has no advice of its own is [`Code::Io`].
pub(super) fn advice(error: &Error) -> Advice {
    match error.kind() {
        ErrorKind::NotFound => Advice::new(Code::FileNotFound)
            .hint("check the path; it starts at the directory in which the command runs"),
        ErrorKind::PermissionDenied => Advice::new(Code::PermissionDenied)
            .hint("check the owner and mode of the file and of its directory"),
        ErrorKind::ReadOnlyFilesystem => {
            Advice::new(Code::PermissionDenied).hint("the file system is mounted for reading only")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Advice::new(Code::DiskFull)
            .hint("make space and run the command again; nothing half-done was left behind"),
        ErrorKind::NotADirectory => Advice::new(Code::Io)
            .hint("look at the file or link that is there, and remove it; a directory belongs in its place"),
        ErrorKind::FileTooLarge => Advice::new(Code::Io)
            .hint("name another file; this one is too large for what it should be"),
        // So files are refused that are pipes, devices or sockets.
        ErrorKind::InvalidInput => Advice::new(Code::Io)
            .hint("a regular file is needed there, not a directory, pipe or device"),
        _ => Advice::new(Code::Io),
    }
}

/// The same with another code where the kind says nothing.
pub(super) fn advice_or(error: &Error, code: Code) -> Advice {
    let advice = advice(error);
    match advice.code {
        Code::Io => Advice { code, ..advice },
        _ => advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_is_said() {
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::FileTooLarge,
            ErrorKind::InvalidInput,
        ] {
            assert!(advice(&Error::from(kind)).hint.is_some(), "{kind}");
        }
    }
}
