//! Who may read and who may write.
//!
//! Users log in with Basic authentication; there are no tokens. Rights hold for the whole registry: a *reader*
//! reads, every other user reads and writes, and what somebody without a login may do is a setting.

mod error;
mod htpasswd;
mod verdicts;

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use tofu_oci_store::User;

pub use error::AccessError;
pub use htpasswd::Htpasswd;

use verdicts::{Verdict, Verdicts};

/// What Basic authentication is asked for with (RFC 7617).
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"registry\", charset=\"UTF-8\"");

/// What somebody without a login may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anonymous {
    /// Nothing.
    Nothing,
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// Who can reach the server, and what they can listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// This machine alone.
    Loopback,
    /// The network, encrypted.
    Tls,
    /// The network, in the clear.
    Plain,
}

/// What the rules are made from.
#[derive(Debug, Default)]
pub struct AccessOptions {
    /// The users.
    pub users: Option<Htpasswd>,
    /// Which of them may only read.
    pub readers: Vec<String>,
    /// What somebody without a login may do. Left out: nothing where there are users, else everything on
    /// loopback and reading elsewhere.
    pub anonymous: Option<Anonymous>,
}

/// The rules. A clone shares what is remembered of logins.
#[derive(Debug, Clone)]
pub struct Access {
    users: Option<Arc<Verdicts>>,
    readers: Arc<HashSet<String>>,
    anonymous: Anonymous,
}

/// What a request is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Read,
    Write,
}

/// Why somebody may not do it.
#[derive(Debug)]
pub(crate) enum Denial {
    /// A login may help.
    Login(HeaderValue),
    /// No login helps.
    Forbidden,
    /// Too many are logging in.
    Busy,
}

impl Access {
    /// Everybody may do everything.
    pub fn open() -> Self {
        Self {
            users: None,
            readers: Arc::default(),
            anonymous: Anonymous::Write,
        }
    }

    /// The rules for a server that is exposed like this.
    ///
    /// # Errors
    /// [`AccessError`] where a reader is no user, passwords would travel in the clear, or the system has no
    /// randomness.
    pub fn new(options: AccessOptions, exposure: Exposure) -> Result<Self, AccessError> {
        let known = |name: &String| options.users.as_ref().is_some_and(|u| u.contains(name));
        if let Some(name) = options.readers.iter().find(|name| !known(name)) {
            return Err(AccessError::UnknownReader { name: name.clone() });
        }
        if options.users.is_some() && exposure == Exposure::Plain {
            return Err(AccessError::PasswordsInTheClear);
        }
        let usual = match (&options.users, exposure) {
            (Some(_), _) => Anonymous::Nothing,
            (None, Exposure::Loopback) => Anonymous::Write,
            (None, _) => Anonymous::Read,
        };
        let users = options.users.map(Verdicts::new).transpose()?;
        Ok(Self {
            anonymous: match users {
                Some(_) => options.anonymous.unwrap_or(usual),
                None => options.anonymous.unwrap_or(usual).max(usual),
            },
            users: users.map(Arc::new),
            readers: Arc::new(options.readers.into_iter().collect()),
        })
    }

    /// What somebody without a login may do.
    pub fn anonymous(&self) -> Anonymous {
        self.anonymous
    }

    /// What tells a client that it can log in; `None` where there are no users.
    pub(crate) fn challenge(&self) -> Option<HeaderValue> {
        self.users.is_some().then_some(CHALLENGE)
    }

    /// Who sends a request. A login that is wrong is no login at all, also where none is needed.
    pub(crate) async fn user(&self, headers: &HeaderMap) -> Result<User, Denial> {
        let (Some(users), Some(text)) = (&self.users, headers.get(AUTHORIZATION)) else {
            return Ok(User::Anonymous);
        };
        let Some((name, password)) = credentials(text) else {
            return Err(Denial::Login(CHALLENGE));
        };
        // So say clients that were told of logins and have none.
        if name.is_empty() && password.is_empty() {
            return Ok(User::Anonymous);
        }
        match users.check(&name, &password).await {
            Verdict::Right => Ok(User::Named(name.into())),
            Verdict::Wrong => Err(Denial::Login(CHALLENGE)),
            Verdict::Busy => Err(Denial::Busy),
        }
    }

    /// Whether `user` may do it.
    pub(crate) fn check(&self, user: &User, need: Need) -> Result<(), Denial> {
        let allowed = match user {
            User::Named(name) if self.readers.contains(&**name) => Anonymous::Read,
            User::Named(_) | User::Local => Anonymous::Write,
            User::Anonymous => self.anonymous,
        };
        let needed = match need {
            Need::Read => Anonymous::Read,
            Need::Write => Anonymous::Write,
        };
        match (allowed >= needed, user, self.challenge()) {
            (true, ..) => Ok(()),
            (false, User::Anonymous, Some(challenge)) => Err(Denial::Login(challenge)),
            (false, ..) => Err(Denial::Forbidden),
        }
    }
}

/// Name and password of Basic authentication.
fn credentials(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests;
