//! Tokens: one request for each set of scopes, however many transfers wait for it.
//!
//! Token authentication specification, "Requesting a Token", and its OAuth2 form.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::answer::object;
use super::client::Lane;
use super::error::{Answer, RemoteError};
use super::memory::bound;
use super::registry::{KEPT, Registry};
use super::scope::Scopes;
use super::target::{check_realm, shown};
use crate::blocking::lock;
use crate::credentials::Credential;

/// How long a token is good that does not say so, and the least that is believed.
const SHORTEST: u64 = 60;
/// The most that is believed, in seconds: 30 days.
const LONGEST: u64 = 30 * 24 * 3600;
/// How large the answer of a token endpoint may be, in bytes.
const ANSWER_LIMIT: usize = 1024 * 1024;
/// How long a refusal of a token is the answer to all who ask for the same one. Rights are given meanwhile.
const REFUSED: Duration = Duration::from_secs(60);
/// How often redirects of a token endpoint are followed.
const REDIRECTS: usize = 3;

/// The tokens of one registry.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<Scopes, Arc<tokio::sync::Mutex<Slot>>>>);

impl Tokens {
    /// Where the token for `scopes` is kept.
    pub(super) fn slot(&self, scopes: &Scopes) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut tokens = lock(&self.0);
        // Those that somebody is waiting for stay: others would ask once more for the same.
        let used = |slot: &Arc<_>| Arc::strong_count(slot) > 1;
        bound(&mut tokens, KEPT, scopes, used);
        Arc::clone(tokens.entry(scopes.clone()).or_default())
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

/// One token, or why there is none.
#[derive(Default)]
pub(super) struct Slot {
    token: Option<Token>,
    denied: Option<Refusal>,
}

/// Who asks again soon is told the same.
struct Refusal {
    authenticated: bool,
    answer: Answer,
    until: Instant,
}

#[derive(Clone)]
struct Token {
    value: SecretString,
    renew: Instant,
}

/// Where tokens are, by the word of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Issuer {
    /// The URL.
    pub(super) realm: String,
    /// For whom tokens are.
    pub(super) service: Option<String>,
}

#[derive(Deserialize)]
struct Issued {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

impl Issued {
    /// The token of an answer, and for how many seconds it is good; or what is wrong with it.
    fn read(body: &[u8]) -> Result<(SecretString, u64), &'static str> {
        let issued: Self = object(body).ok_or("it is no token document")?;
        let seconds = issued.seconds();
        let value = issued
            .token
            .filter(|token| !token.is_empty())
            .or(issued.access_token)
            .filter(|token| HeaderValue::from_str(&format!("Bearer {token}")).is_ok())
            .ok_or("it holds no token")?;
        Ok((value.into(), seconds))
    }

    /// For how many seconds the token is good, as far as that is believed. Some services write numbers as text.
    fn seconds(&self) -> u64 {
        use serde_json::Value;
        let seconds = match &self.expires_in {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a float ends at the bounds"
        )]
        let seconds = seconds.map_or(SHORTEST, |seconds: f64| seconds as u64);
        seconds.clamp(SHORTEST, LONGEST)
    }
}

impl Registry {
    /// A token for `scopes`. `refused` is one that was sent and was not enough.
    pub(super) async fn token(
        &self,
        issuer: &Issuer,
        scopes: &Scopes,
        credential: Option<&Credential>,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, RemoteError> {
        if let Some(Credential::AccessToken(token)) = credential {
            return Ok(token.clone());
        }
        let slot = self.tokens.slot(scopes);
        let mut slot = slot.lock().await;
        if let Some(refusal) = &slot.denied {
            if Instant::now() < refusal.until {
                let answer = refusal.answer.clone();
                return Err(self.token_denied(scopes, refusal.authenticated, answer));
            }
            slot.denied = None;
        }
        if let Some(token) = &slot.token {
            let refused = refused.is_some_and(|r| r.expose_secret() == token.value.expose_secret());
            if !refused && Instant::now() < token.renew {
                return Ok(token.value.clone());
            }
        }
        match self.issue(issuer, scopes, credential).await {
            Ok(token) => {
                let value = token.value.clone();
                slot.token = Some(token);
                Ok(value)
            }
            Err(error) => {
                if let RemoteError::Denied {
                    authenticated,
                    answer,
                    ..
                } = &error
                {
                    slot.denied = Some(Refusal {
                        authenticated: *authenticated,
                        answer: answer.clone(),
                        until: Instant::now() + REFUSED,
                    });
                }
                Err(error)
            }
        }
    }

    fn token_denied(&self, scopes: &Scopes, authenticated: bool, answer: Answer) -> RemoteError {
        RemoteError::Denied {
            host: self.host().to_string(),
            what: format!("a token for {scopes}"),
            authenticated,
            answer,
        }
    }

    async fn issue(
        &self,
        issuer: &Issuer,
        scopes: &Scopes,
        credential: Option<&Credential>,
    ) -> Result<Token, RemoteError> {
        let refuse = |reason: String| RemoteError::Challenge {
            host: self.host().to_string(),
            reason,
        };
        let realm: Url = issuer
            .realm
            .parse()
            .map_err(|_| refuse("its token endpoint is no URL".to_owned()))?;
        check_realm(&self.base()?, &realm).map_err(|reason| {
            refuse(format!("its token endpoint is {}: {reason}", shown(&realm)))
        })?;
        if credential.is_some() && realm.scheme() == "http" {
            self.check_plain_credential()?;
        }
        let what = format!("asking for a token for {scopes}");
        let mut response = self
            .ask_issuer(&what, &realm, issuer, scopes, credential)
            .await?;
        let status = response.status();
        if !status.is_success() {
            let authenticated = credential.is_some();
            let answer = self.read_answer(response).await;
            return Err(match status.as_u16() {
                // GHCR and others answer so for what must not be seen.
                400 | 401 | 403 | 404 | 405 => self.token_denied(scopes, authenticated, answer),
                _ => self.failure(&what, answer, None, authenticated),
            });
        }
        let body = self.small_body(&what, &mut response, ANSWER_LIMIT).await?;
        let (value, seconds) = Issued::read(&body).map_err(|reason| RemoteError::Malformed {
            host: self.host().to_string(),
            what: what.clone(),
            reason: reason.to_owned(),
        })?;
        let margin = (seconds / 10).max(5);
        Ok(Token {
            value,
            renew: Instant::now() + Duration::from_secs(seconds - margin),
        })
    }

    /// Sends the request for a token, and follows redirects without the credential where the host changes.
    async fn ask_issuer(
        &self,
        what: &str,
        realm: &Url,
        issuer: &Issuer,
        scopes: &Scopes,
        credential: Option<&Credential>,
    ) -> Result<reqwest::Response, RemoteError> {
        if let Some(Credential::IdentityToken(token)) = credential {
            let form = refresh_form(issuer, scopes, token);
            let make = || {
                let mut request = Request::new(Method::POST, realm.clone());
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                request.headers_mut().insert(CONTENT_TYPE, kind);
                *request.body_mut() = Some(form.clone().into());
                request
            };
            return self.persist(what, Lane::Small, make).await;
        }
        let (user, authorization) = match credential {
            Some(Credential::Password { username, password }) => {
                (Some(username.as_str()), basic(username, password))
            }
            _ => (None, None),
        };
        let mut url = realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &issuer.service {
                query.append_pair("service", service);
            }
            for scope in scopes.each() {
                query.append_pair("scope", &scope);
            }
            if let Some(user) = user {
                query.append_pair("account", user);
            }
        }
        let mut authorization = authorization;
        for _ in 0..REDIRECTS {
            let make = || {
                let mut request = Request::new(Method::GET, url.clone());
                if let Some(value) = &authorization {
                    request.headers_mut().insert(AUTHORIZATION, value.clone());
                }
                request
            };
            let response = self.persist(what, Lane::Small, make).await?;
            let Some(next) = self.redirected(&url, &response)? else {
                return Ok(response);
            };
            if !super::target::same_origin(&url, &next) {
                authorization = None;
            }
            url = next;
        }
        Err(RemoteError::Challenge {
            host: self.host().to_string(),
            reason: "its token endpoint redirects without end".to_owned(),
        })
    }
}

/// For how many seconds the token of an answer is good; `None` when it holds none.
#[cfg(feature = "fuzzing")]
pub(super) fn seconds_of(body: &[u8]) -> Option<u64> {
    Issued::read(body).ok().map(|(_, seconds)| seconds)
}

/// The header that carries name and password.
pub(super) fn basic(username: &str, password: &SecretString) -> Option<HeaderValue> {
    use base64::Engine as _;
    let text = format!("{username}:{}", password.expose_secret());
    let text = base64::engine::general_purpose::STANDARD.encode(text);
    secret_header(&format!("Basic {text}"))
}

/// The header that carries a token; `None` when it has a character that no header may have.
pub(super) fn bearer(token: &SecretString) -> Option<HeaderValue> {
    secret_header(&format!("Bearer {}", token.expose_secret()))
}

fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn refresh_form(issuer: &Issuer, scopes: &Scopes, token: &SecretString) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    if let Some(service) = &issuer.service {
        form.append_pair("service", service);
    }
    form.append_pair("scope", &scopes.to_string());
    form.append_pair("client_id", "tofu-oci");
    form.append_pair("refresh_token", token.expose_secret());
    form.finish()
}
