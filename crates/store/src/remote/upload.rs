//! Blobs on their way into a registry: mounted where they lie in the same one, else a POST and one streaming PUT.
//!
//! Distribution spec v1.1.1, "Pushing Blobs". Pieces (PATCH) are for registries that refuse the whole, and for
//! uploads that broke off where the registry says how far they came. What has no digest yet is in `stream`.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use tofu_oci_types::oci::{Descriptor, RepositoryName};
use url::Url;

use super::client::Lane;
use super::content::{Body, Content};
use super::error::RemoteError;
use super::manifests::DIGEST;
use super::repository::RemoteRepository;
use super::scope::{Access, Scopes};
use super::send::{Repeat, Reply, SendError, To};
use super::target::{check_location, shown};
use crate::blob::Blob;
use crate::error::{Result, StoreError};
use crate::repository::Put;

/// How often the whole is sent before it is sent in pieces.
const WHOLE: u32 = 2;

/// How long an upload is tried to be given up.
const GIVE_UP: Duration = Duration::from_secs(5);
/// How often, and how long to wait in between.
const GIVE_UP_TIMES: (u32, Duration) = (5, Duration::from_millis(50));

/// An upload that the registry has begun.
#[derive(Clone)]
pub(super) struct Session {
    /// Where it goes on.
    pub(super) location: Url,
    /// The least length of a piece that the registry takes, in bytes.
    pub(super) least: Option<u64>,
}

/// Why the whole was not taken.
enum Setback {
    /// The registry takes it in pieces, if at all.
    Refused,
    /// It may work later.
    Transient(RemoteError),
    /// The session is gone.
    Gone(RemoteError),
    /// The credential was renewed.
    Renewed(RemoteError),
    /// It will not work.
    Final(StoreError),
}

impl RemoteRepository {
    /// Mounts or sends a blob that is not there.
    pub(super) async fn send_blob(&self, descriptor: &Descriptor, content: &Blob) -> Result<Put> {
        let mut session = None;
        if let Blob::Stored(source) = content
            && source.place().domain == self.place.domain
            && let Some(from) = &source.place().name
            && *from != self.name
        {
            match self.mount(descriptor, from).await? {
                Mount::Done => return Ok(Put::Mounted),
                Mount::Session(started) => session = Some(started),
                Mount::Refused => {}
            }
        }
        self.upload(descriptor, content, session).await?;
        Ok(Put::Uploaded)
    }

    async fn mount(&self, descriptor: &Descriptor, from: &RepositoryName) -> Result<Mount> {
        let digest = &descriptor.digest;
        let what = format!("mounting the blob {digest} of {from} in {}", self.place);
        let path = format!("blobs/uploads/?mount={digest}&from={from}");
        let mut call = self.call(Method::POST, &path, Access::Push, what.clone());
        call.scopes = call.scopes.and(&Scopes::repository(from, Access::Pull));
        call.repeat = Repeat::No;
        let reply = match self.registry.send(&call).await {
            Ok(reply) => reply,
            // Whoever may not mount may still send.
            Err(SendError::Remote(RemoteError::Denied { .. })) => return Ok(Mount::Refused),
            Err(error) => return Err(error.into()),
        };
        match reply.status() {
            StatusCode::CREATED => Ok(Mount::Done),
            StatusCode::ACCEPTED => Ok(Mount::Session(self.session(&reply, &what, None)?)),
            _ => Ok(Mount::Refused),
        }
    }

    /// Begins an upload.
    pub(super) async fn start(&self) -> Result<Session> {
        let what = format!("starting an upload to {}", self.place);
        let mut call = self.call(Method::POST, "blobs/uploads/", Access::Push, what.clone());
        // A second session does no harm.
        call.repeat = Repeat::Yes;
        let reply = self.registry.send(&call).await?;
        match reply.status() {
            StatusCode::ACCEPTED | StatusCode::CREATED | StatusCode::OK => {
                self.session(&reply, &what, None)
            }
            _ => Err(reply.failure(&self.registry, &what).await.into()),
        }
    }

    /// Where an upload goes on, by the word of the registry.
    pub(super) fn session(
        &self,
        reply: &Reply,
        what: &str,
        before: Option<Session>,
    ) -> Result<Session> {
        let least = reply
            .header("oci-chunk-min-length")
            .and_then(|text| text.parse().ok());
        let Some(location) = reply.header("location") else {
            // Nothing new: it goes on where it was.
            return before.ok_or_else(|| {
                self.registry
                    .malformed(what, "an upload has no Location")
                    .into()
            });
        };
        let location = reply
            .url
            .join(location)
            .map_err(|_| self.registry.malformed(what, "its Location is no URL"))?;
        check_location(&self.registry.base()?, &location).map_err(|reason| {
            RemoteError::Elsewhere {
                host: self.registry.host().to_string(),
                target: shown(&location),
                reason,
            }
        })?;
        Ok(Session {
            location,
            least: least.or(before.and_then(|before| before.least)),
        })
    }

    /// Sends a blob, in a session that was begun or in a new one.
    pub(super) async fn upload(
        &self,
        descriptor: &Descriptor,
        content: &Blob,
        session: Option<Session>,
    ) -> Result<()> {
        let what = format!("sending the blob {} to {}", descriptor.digest, self.place);
        let mut session = session;
        let mut attempts = 0;
        let mut renewed = false;
        loop {
            attempts += 1;
            let current = match session.take() {
                Some(session) => session,
                None => self.start().await?,
            };
            let error = match self.put_whole(&current, descriptor, content, &what).await {
                Ok(()) => return Ok(()),
                Err(Setback::Gone(error)) => {
                    self.setback(&what, error, attempts).await?;
                    continue;
                }
                Err(Setback::Transient(error)) => error,
                Err(other) => {
                    self.give_up(&current).await;
                    match other {
                        Setback::Renewed(_) if !renewed => {
                            renewed = true;
                            attempts -= 1;
                            continue;
                        }
                        Setback::Refused => {
                            let fresh = self.start().await?;
                            return self.send_pieces(fresh, descriptor, content, 0).await;
                        }
                        Setback::Final(error) => return Err(error),
                        Setback::Renewed(error)
                        | Setback::Gone(error)
                        | Setback::Transient(error) => return Err(error.into()),
                    }
                }
            };
            if let Err(error) = self.setback(&what, error, attempts).await {
                self.give_up(&current).await;
                return Err(error.into());
            }
            // How far did it come?
            if let Some((session, offset)) = self.progress(current.clone()).await
                && (1..descriptor.size).contains(&offset)
            {
                return self.send_pieces(session, descriptor, content, offset).await;
            }
            self.give_up(&current).await;
            if attempts >= WHOLE {
                // What answers large bodies by closing the connection may take pieces.
                let fresh = self.start().await?;
                return self.send_pieces(fresh, descriptor, content, 0).await;
            }
        }
    }

    /// Tells the registry that an upload will not go on. Whoever does not hear it forgets the upload in time.
    pub(super) async fn give_up(&self, session: &Session) {
        let what = format!("giving up an upload to {}", self.place);
        let (times, pause) = GIVE_UP_TIMES;
        let delete = async {
            for _ in 0..times {
                let mut call = self.call(Method::DELETE, "", Access::Push, what.clone());
                call.to = To::Url(session.location.clone());
                call.repeat = Repeat::Never;
                match self.registry.send(&call).await {
                    // It has not noticed yet that nobody is writing any more.
                    Err(SendError::Remote(RemoteError::RateLimited { .. })) => {
                        tokio::time::sleep(pause).await;
                    }
                    _ => break,
                }
            }
        };
        let within = self.registry.options.timeouts.idle.min(GIVE_UP);
        let _ = tokio::time::timeout(within, delete).await;
    }

    /// Waits before an upload goes on that was set back so many times; the error comes back as one when it does
    /// not.
    pub(super) async fn setback(
        &self,
        what: &str,
        error: RemoteError,
        times: u32,
    ) -> Result<RemoteError, RemoteError> {
        let asked = match &error {
            RemoteError::RateLimited { wait, .. } => *wait,
            _ => None,
        };
        let retries = &self.registry.options.retries;
        let Some(wait) = self.registry.budget.wait(retries, times, asked) else {
            return Err(error);
        };
        self.registry.pause(what, &error.to_string(), wait).await;
        Ok(error)
    }

    /// Sends everything in one PUT.
    async fn put_whole(
        &self,
        session: &Session,
        descriptor: &Descriptor,
        content: &Blob,
        what: &str,
    ) -> Result<(), Setback> {
        let stream = open(content, descriptor).await.map_err(Setback::Final)?;
        let size = descriptor.size;
        let mut call = self.call(Method::PUT, "", Access::Push, what.to_owned());
        call.to = To::Url(with_digest(&session.location, descriptor));
        call.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        call.lane = Lane::of(size);
        call.body = match size {
            0 => Body::None,
            _ => Body::Stream(Box::new(Mutex::new(Some(stream))), size),
        };
        call.repeat = Repeat::No;
        let reply = match self.registry.send(&call).await {
            Ok(reply) => reply,
            Err(SendError::Content(error)) => return Err(Setback::Final(error)),
            Err(SendError::Renewed(error)) => return Err(Setback::Renewed(error)),
            Err(SendError::Remote(error)) if error.is_transient() => {
                return Err(match &error {
                    RemoteError::Failed { answer, .. } if answer.status == 501 => Setback::Refused,
                    _ => Setback::Transient(error),
                });
            }
            Err(SendError::Remote(error)) => return Err(Setback::Final(error.into())),
        };
        match reply.status().as_u16() {
            200 | 201 | 202 | 204 => self
                .check_stored(&reply, descriptor)
                .map_err(Setback::Final),
            status => {
                let error = reply.failure(&self.registry, what).await;
                Err(match status {
                    405 | 411 | 413 | 416 => Setback::Refused,
                    404 => Setback::Gone(error),
                    _ => Setback::Final(error.into()),
                })
            }
        }
    }

    /// The registry must have stored what was sent.
    pub(super) fn check_stored(&self, reply: &Reply, descriptor: &Descriptor) -> Result<()> {
        let announced = reply.header(DIGEST);
        let announced = announced.and_then(|text| text.parse::<tofu_oci_types::oci::Digest>().ok());
        match announced {
            // Some name another algorithm's.
            Some(got)
                if got.algorithm() == descriptor.digest.algorithm() && got != descriptor.digest =>
            {
                Err(StoreError::DigestMismatch {
                    expected: descriptor.digest.clone(),
                    got,
                })
            }
            _ => Ok(()),
        }
    }
}

enum Mount {
    Done,
    Session(Session),
    Refused,
}

/// The URL that ends an upload: what the registry gave, and the digest.
pub(super) fn with_digest(location: &Url, descriptor: &Descriptor) -> Url {
    let mut url = location.clone();
    // Appended as it is: some registries sign their query, byte for byte.
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&digest={}", descriptor.digest),
        _ => format!("digest={}", descriptor.digest),
    };
    url.set_query(Some(&query));
    url
}

/// Starts reading what is to be sent. What comes from another repository is verified on the way.
pub(super) async fn open(content: &Blob, descriptor: &Descriptor) -> Result<Content> {
    let content = match content {
        Blob::Stored(source) => Content::Verified(Box::new(source.blob(descriptor).await?)),
        other => {
            let part = other.open(descriptor).await?;
            let got = part.range().end;
            let (digest, expected) = (descriptor.digest.clone(), descriptor.size);
            if got > expected {
                return Err(StoreError::TooLong {
                    digest,
                    expected,
                    got,
                });
            }
            if got < expected {
                return Err(StoreError::TooShort {
                    digest,
                    expected,
                    got,
                });
            }
            Content::Part(part)
        }
    };
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tofu_oci_types::oci::MediaType;

    #[test]
    fn a_signed_query_stays_as_it_is() {
        let blob = Descriptor::of(MediaType::EMPTY, b"{}");
        for (location, start) in [
            ("https://h/u/1", "https://h/u/1?digest=sha256:"),
            ("https://h/u/1?", "https://h/u/1?digest=sha256:"),
            (
                "https://h/u/1?_state=a%3D%3D&b=c+d",
                "https://h/u/1?_state=a%3D%3D&b=c+d&digest=sha256:",
            ),
        ] {
            let url = with_digest(&location.parse().unwrap(), &blob);
            assert!(url.as_str().starts_with(start), "{url}");
        }
    }
}
