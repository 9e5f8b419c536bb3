//! Logins that were checked.
//!
//! Checking a password takes a tenth of a second by design, and clients send theirs with every request. So a
//! password that was right is remembered: not itself, but its code under a key that this process made up.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use tokio::sync::Semaphore;

use super::{AccessError, Htpasswd};

/// How many wrong logins are remembered.
const REMEMBERED: usize = 1024;
/// How many passwords are checked at once.
const AT_ONCE: usize = 2;
/// How many may wait for that.
const WAITING: usize = 64;

/// What a login is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// It was not checked: too many wait already.
    Busy,
}

type Code = [u8; 32];

/// The users, and what is known about their logins.
pub(super) struct Verdicts {
    users: Arc<Htpasswd>,
    key: hmac::Key,
    known: Mutex<Known>,
    checking: Semaphore,
    waiting: Semaphore,
}

#[derive(Default)]
struct Known {
    right: HashMap<String, Code>,
    wrong: HashSet<Code>,
}

impl Verdicts {
    /// # Errors
    /// [`AccessError::Randomness`].
    pub(super) fn new(users: Htpasswd) -> Result<Self, AccessError> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| AccessError::Randomness)?;
        Ok(Self {
            users: Arc::new(users),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            known: Mutex::default(),
            checking: Semaphore::new(AT_ONCE),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// Checks a login. Every wrong one that is new takes the same time, whether there is such a user or not.
    pub(super) async fn check(&self, name: &str, password: &str) -> Verdict {
        let code = self.code(name, password);
        if let Some(verdict) = self.recall(name, &code) {
            return verdict;
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Verdict::Busy;
        };
        let Ok(_checking) = self.checking.acquire().await else {
            return Verdict::Busy;
        };
        // Somebody may have asked the same meanwhile.
        if let Some(verdict) = self.recall(name, &code) {
            return verdict;
        }
        let (users, user, password) = (
            Arc::clone(&self.users),
            name.to_owned(),
            password.to_owned(),
        );
        let checked = tokio::task::spawn_blocking(move || {
            let (hash, real) = users.hash(&user);
            bcrypt::verify(password, hash).is_ok_and(|right| right && real)
        });
        let Ok(right) = checked.await else {
            return Verdict::Busy;
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if right {
            known.right.insert(name.to_owned(), code);
            return Verdict::Right;
        }
        if known.wrong.len() >= REMEMBERED {
            known.wrong.clear();
        }
        known.wrong.insert(code);
        Verdict::Wrong
    }

    fn recall(&self, name: &str, code: &Code) -> Option<Verdict> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.right.get(name) == Some(code) {
            return Some(Verdict::Right);
        }
        known.wrong.contains(code).then_some(Verdict::Wrong)
    }

    /// The code of a login. Names have no line ends, so no two logins are one text.
    fn code(&self, name: &str, password: &str) -> Code {
        let tag = hmac::sign(&self.key, format!("{name}\n{password}").as_bytes());
        let mut code = Code::default();
        for (to, from) in code.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        code
    }
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdicts")
            .field("users", &self.users)
            .finish_non_exhaustive()
    }
}
