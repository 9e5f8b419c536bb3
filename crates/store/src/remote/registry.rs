//! One registry: what is known about it, and how it is reached.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::header::HeaderMap;
use tofu_oci_types::oci::{Digest, RegistryHost, RepositoryName};
use tokio::sync::OnceCell;
use url::Url;

use super::challenge::Challenge;
use super::client::Clients;
use super::error::{Answer, RemoteError};
use super::limit::Limit;
use super::memory::bound;
use super::options::{Notice, RemoteOptions};
use super::retry::Budget;
use super::token::Tokens;
use crate::blocking::lock;
use crate::credentials::Credential;

/// Names under which people write a registry whose API is at another host.
const ALIASES: [(&str, &str); 2] = [
    ("docker.io", "registry-1.docker.io"),
    ("index.docker.io", "registry-1.docker.io"),
];

/// How many repositories' challenges and tokens, and how many subjects, are remembered.
pub(super) const KEPT: usize = 1000;

/// How the registry is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Scheme {
    /// TLS; on loopback it may turn out to be plain HTTP.
    Tls = 0,
    /// Plain HTTP, because the user said so: credentials travel, too.
    Plain = 1,
    /// Plain HTTP, because the answer to TLS on loopback was plain HTTP: no credential travels.
    PlainLoopback = 2,
}

/// Whoever holds it has the turn.
type Turn = Arc<tokio::sync::Mutex<()>>;

/// One registry. What is learnt about it is shared by everything in this process.
pub(super) struct Registry {
    host: RegistryHost,
    pub(super) options: Arc<RemoteOptions>,
    pub(super) clients: Arc<Clients>,
    scheme: AtomicU8,
    pub(super) limit: Arc<Limit>,
    pub(super) budget: Budget,
    pub(super) tokens: Tokens,
    /// What a repository asked for; `None` stands for the registry itself.
    challenges: Mutex<HashMap<Option<RepositoryName>, Challenge>>,
    /// Whether the referrers API works.
    pub(super) referrers: OnceCell<bool>,
    /// Fallback tags are read and written by one task at a time.
    subjects: Mutex<HashMap<(RepositoryName, Digest), Turn>>,
    warned: Mutex<HashSet<String>>,
}

impl Registry {
    pub(super) fn new(
        host: RegistryHost,
        options: &Arc<RemoteOptions>,
        clients: &Arc<Clients>,
    ) -> Self {
        let plain = options.plain_http.contains(&host);
        let scheme = if plain { Scheme::Plain } else { Scheme::Tls };
        Self {
            scheme: AtomicU8::new(scheme as u8),
            limit: Arc::new(Limit::new(options.requests.get())),
            options: Arc::clone(options),
            clients: Arc::clone(clients),
            host,
            budget: Budget::default(),
            tokens: Tokens::default(),
            challenges: Mutex::default(),
            referrers: OnceCell::new(),
            subjects: Mutex::default(),
            warned: Mutex::default(),
        }
    }

    pub(super) fn host(&self) -> &RegistryHost {
        &self.host
    }

    pub(super) fn scheme(&self) -> Scheme {
        match self.scheme.load(Ordering::Relaxed) {
            1 => Scheme::Plain,
            2 => Scheme::PlainLoopback,
            _ => Scheme::Tls,
        }
    }

    /// The answer to TLS was plain HTTP. Tells whether that is followed.
    pub(super) fn turned_out_plain(&self) -> bool {
        if self.host.is_loopback() {
            self.scheme
                .store(Scheme::PlainLoopback as u8, Ordering::Relaxed);
            return true;
        }
        false
    }

    /// The URL below which everything lies: `https://HOST/v2/`.
    pub(super) fn base(&self) -> Result<Url, RemoteError> {
        let scheme = match self.scheme() {
            Scheme::Tls => "https",
            Scheme::Plain | Scheme::PlainLoopback => "http",
        };
        let host = self.host.as_str();
        let host = ALIASES
            .iter()
            .find(|(alias, _)| *alias == host)
            .map_or(host, |(_, host)| host);
        let url = format!("{scheme}://{host}/v2/");
        url.parse().map_err(|_| RemoteError::Configuration {
            what: format!("the registry host {host:?}"),
            reason: "it is not part of a URL".to_owned(),
        })
    }

    /// Whether a credential may be sent to the registry.
    pub(super) fn check_plain_credential(&self) -> Result<(), RemoteError> {
        match self.scheme() {
            Scheme::PlainLoopback => Err(RemoteError::PlainCredential {
                host: self.host.to_string(),
            }),
            Scheme::Tls | Scheme::Plain => Ok(()),
        }
    }

    /// What a repository asked for when it was last asked, or else what the registry does elsewhere.
    pub(super) fn challenge(&self, name: Option<&RepositoryName>) -> Option<Challenge> {
        let challenges = lock(&self.challenges);
        challenges
            .get(&name.cloned())
            .or_else(|| challenges.get(&None))
            .cloned()
    }

    pub(super) fn set_challenge(&self, name: Option<&RepositoryName>, challenge: &Challenge) {
        let mut challenges = lock(&self.challenges);
        bound(&mut challenges, KEPT, &name.cloned(), |_| false);
        challenges.insert(name.cloned(), challenge.clone());
        // What a repository asks for is the best guess for the next one.
        challenges.insert(None, challenge.clone());
    }

    pub(super) async fn credential(
        &self,
        name: Option<&RepositoryName>,
    ) -> Result<Option<Credential>, RemoteError> {
        let credential = self.options.credentials.credential(&self.host, name).await;
        credential.map_err(|source| RemoteError::Credential {
            host: self.host.to_string(),
            source,
        })
    }

    /// Whoever holds it may rewrite the list of what refers to `subject`.
    pub(super) fn subject(&self, name: &RepositoryName, subject: &Digest) -> Turn {
        let mut subjects = lock(&self.subjects);
        let key = (name.clone(), subject.clone());
        bound(&mut subjects, KEPT, &key, |turn| {
            Arc::strong_count(turn) > 1
        });
        Arc::clone(subjects.entry(key).or_default())
    }

    pub(super) fn tell(&self, notice: &Notice) {
        if let Some(listener) = &self.options.listener {
            listener(notice);
        }
    }

    /// Passes on what the registry warns of, each text once. Distribution spec, "Warnings".
    pub(super) fn warnings(&self, headers: &HeaderMap) {
        for value in headers.get_all(reqwest::header::WARNING) {
            let Some(text) = value.to_str().ok().and_then(warning) else {
                continue;
            };
            let fresh = {
                let mut warned = lock(&self.warned);
                warned.len() < 100 && warned.insert(text.clone())
            };
            if fresh {
                self.tell(&Notice::Warning {
                    host: self.host.to_string(),
                    text,
                });
            }
        }
    }

    /// What an answer that is no success means.
    pub(super) fn failure(
        &self,
        what: &str,
        answer: Answer,
        wait: Option<std::time::Duration>,
        authenticated: bool,
    ) -> RemoteError {
        let (host, what) = (self.host.to_string(), what.to_owned());
        match answer.status {
            401 | 403 => RemoteError::Denied {
                host,
                what,
                authenticated,
                answer,
            },
            429 => RemoteError::RateLimited {
                host,
                what,
                wait,
                answer,
            },
            405 => RemoteError::Unsupported { host, what, answer },
            408 | 500..=599 => RemoteError::Failed { host, what, answer },
            _ if answer.has_code("UNSUPPORTED") => RemoteError::Unsupported { host, what, answer },
            _ => RemoteError::Refused { host, what, answer },
        }
    }

    pub(super) fn malformed(&self, what: &str, reason: impl Into<String>) -> RemoteError {
        RemoteError::Malformed {
            host: self.host.to_string(),
            what: what.to_owned(),
            reason: reason.into(),
        }
    }
}

/// The text of `299 - "text"`; `None` for other codes and agents.
fn warning(value: &str) -> Option<String> {
    let rest = value.trim().strip_prefix("299 - ")?.trim();
    let inner = rest.strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
    let text = super::answer::clean(&text, 512);
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scope::{Access, Scopes};
    use super::*;

    #[test]
    fn warnings_of_registries() {
        for (value, text) in [
            (r#"299 - "old""#, Some("old")),
            (r#"299 - "say \"no\"""#, Some(r#"say "no""#)),
            (
                r#"299 - "old" "Sun, 06 Nov 1994 08:49:37 GMT""#,
                Some("old"),
            ),
            (r#"199 - "x""#, None),
            (r#"299 agent "x""#, None),
            ("299 - x", None),
            (r#"299 - "x"#, None),
        ] {
            assert_eq!(warning(value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn hosts_and_schemes() {
        let base = |host: &str, plain: &[&str]| {
            let options = RemoteOptions {
                plain_http: plain.iter().map(|host| host.parse().unwrap()).collect(),
                ..RemoteOptions::default()
            };
            let host = host.parse().unwrap();
            let registry = Registry::new(host, &Arc::new(options), &Arc::default());
            let plain = registry.turned_out_plain();
            (registry.base().unwrap().to_string(), plain)
        };
        let shown = |url: &str, plain| (url.to_owned(), plain);
        assert_eq!(
            base("docker.io", &[]),
            shown("https://registry-1.docker.io/v2/", false)
        );
        assert_eq!(
            base("h:5000", &["h:5000"]),
            shown("http://h:5000/v2/", false)
        );
        assert_eq!(base("h", &["h:5000"]), shown("https://h/v2/", false));
        assert_eq!(
            base("[::1]:5000", &[]),
            shown("http://[::1]:5000/v2/", true)
        );
    }

    #[test]
    fn what_is_remembered_has_bounds() {
        let host = "h".parse().unwrap();
        let registry = Registry::new(host, &Arc::default(), &Arc::default());
        let name = |n: u32| format!("acme/demo{n}").parse::<RepositoryName>().unwrap();
        let digest = |n: u32| Digest::of(&n.to_le_bytes());
        let held = registry.subject(&name(0), &digest(0));
        for n in 0..3000 {
            registry.subject(&name(0), &digest(n));
            registry.set_challenge(Some(&name(n)), &Challenge::Basic);
            registry
                .tokens
                .slot(&Scopes::repository(&name(n), Access::Pull));
        }
        assert!(lock(&registry.subjects).len() <= KEPT + 1);
        assert!(lock(&registry.challenges).len() <= KEPT + 1);
        assert!(registry.tokens.len() <= KEPT + 1);
        // Who has the turn keeps it.
        assert!(Arc::ptr_eq(&held, &registry.subject(&name(0), &digest(0))));
        // And a new repository is still asked as the others were.
        assert!(registry.challenge(Some(&name(5000))).is_some());
    }

    proptest! {
        #[test]
        fn any_warning_is_read(value in "(299 - )?\"?[a-z\\\\\" ]{0,20}\"?|\\PC{0,40}") {
            if let Some(text) = warning(&value) {
                prop_assert!(text.len() <= 512 && text.len() <= value.len());
            }
        }
    }
}
