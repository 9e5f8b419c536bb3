//! Why rules of access cannot be.

/// Why there are no rules of access.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A line of the password file is no user with a password.
    #[error("line {line} of the password file is not NAME:HASH")]
    Line {
        /// The line, counted from 1.
        line: usize,
    },
    /// A password is hashed in a way that is not checked here.
    #[error(
        "the password of {name:?} (line {line} of the password file) is not hashed with bcrypt"
    )]
    NotBcrypt {
        /// The user.
        name: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// A user stands twice in the password file.
    #[error("the user {name:?} stands twice in the password file, the second time in line {line}")]
    Twice {
        /// The user.
        name: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// The password file names nobody.
    #[error("the password file has no users")]
    NoUsers,
    /// Somebody is to be a reader who is no user.
    #[error("{name:?} is to be a reader and is no user")]
    UnknownReader {
        /// The name.
        name: String,
    },
    /// Passwords would travel over the network for everybody to read.
    #[error("passwords would travel over the network without encryption")]
    PasswordsInTheClear,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Randomness,
}
