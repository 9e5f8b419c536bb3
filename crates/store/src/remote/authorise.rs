//! Who we are to a registry: what its challenges ask for, request by request.
//!
//! Token authentication specification; RFC 7617 for passwords.

use reqwest::header::HeaderValue;
use secrecy::SecretString;

use super::challenge::Challenge;
use super::error::RemoteError;
use super::registry::Registry;
use super::send::{Call, Reply};
use super::target::same_origin;
use super::token::{Issuer, basic, bearer};
use crate::credentials::Credential;

/// How a request is authorised.
#[derive(Default)]
pub(super) struct Authorisation {
    pub(super) header: Option<HeaderValue>,
    token: Option<SecretString>,
    /// Whether that is by somebody's credential; there are tokens for nobody.
    pub(super) authenticated: bool,
}

impl Registry {
    /// Takes in what a 401 asks for. `None` when asking again would be asking the same.
    pub(super) async fn answer_challenge(
        &self,
        call: &Call<'_>,
        reply: &Reply,
        used: &Authorisation,
    ) -> Result<Option<Authorisation>, RemoteError> {
        let Some(challenge) = Challenge::read(reply.response.headers()) else {
            return Ok(None);
        };
        // Only the registry itself is believed: a redirect's target is another host's word.
        if !same_origin(&self.base()?, &reply.url) {
            return Ok(None);
        }
        self.set_challenge(call.name, &challenge);
        // Name and password were wrong, or nobody has any; a token may have been too old, or for less than this.
        let next = self.authorise(call, used.token.as_ref()).await?;
        Ok((next.header != used.header).then_some(next))
    }

    /// The header for a request, by what the registry asked for before.
    pub(super) async fn authorise(
        &self,
        call: &Call<'_>,
        refused: Option<&SecretString>,
    ) -> Result<Authorisation, RemoteError> {
        let Some(challenge) = self.challenge(call.name) else {
            return Ok(Authorisation::default());
        };
        let credential = self.credential(call.name).await?;
        match challenge {
            Challenge::Basic => match credential {
                Some(Credential::Password { username, password }) => {
                    self.check_plain_credential()?;
                    Ok(Authorisation {
                        header: basic(&username, &password),
                        token: None,
                        authenticated: true,
                    })
                }
                Some(Credential::AccessToken(token)) => {
                    self.check_plain_credential()?;
                    Ok(Authorisation {
                        header: Some(self.bearer(&token)?),
                        token: None,
                        authenticated: true,
                    })
                }
                Some(Credential::IdentityToken(_)) => Err(RemoteError::Challenge {
                    host: self.host().to_string(),
                    reason:
                        "it wants a name and a password, and only an identity token is configured"
                            .to_owned(),
                }),
                None => Ok(Authorisation::default()),
            },
            Challenge::Bearer {
                realm,
                service,
                scopes,
            } => {
                if credential.is_some() {
                    self.check_plain_credential()?;
                }
                // What this request needs, and what the registry asked for the last time if that is about the
                // same repository.
                let scopes = match call.scopes.covers_names_of(&scopes) {
                    true => call.scopes.clone().and(&scopes),
                    false => call.scopes.clone(),
                };
                let issuer = Issuer { realm, service };
                let token = self
                    .token(&issuer, &scopes, credential.as_ref(), refused)
                    .await?;
                Ok(Authorisation {
                    header: Some(self.bearer(&token)?),
                    token: Some(token),
                    authenticated: credential.is_some(),
                })
            }
        }
    }

    /// The header that carries a token. Those that a registry issued were looked at before.
    fn bearer(&self, token: &SecretString) -> Result<HeaderValue, RemoteError> {
        bearer(token).ok_or_else(|| RemoteError::Configuration {
            what: format!("the token that is configured for {}", self.host()),
            reason: "it holds a line break or another character that no header may have".to_owned(),
        })
    }
}
