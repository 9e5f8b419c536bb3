//! What refers to a manifest: by the API and by the fallback tag, united, always.
//!
//! Distribution spec v1.1.1, "Listing Referrers". Registries have changed from one way to the other and back, some
//! answer the API with an empty list that is none, and some confirm subjects that they then do not list.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _};
use reqwest::{Method, StatusCode};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, MediaType};

use super::error::RemoteError;
use super::manifests::media_type;
use super::pages::page_limit;
use super::repository::RemoteRepository;
use super::send::{Follow, Reply, SendError};
use crate::error::Result;

/// How many manifests are read at a time to learn what they are.
const AT_A_TIME: usize = 4;

/// The list that the API gives, or that there is no API, or no such repository.
enum Api {
    Listed(Vec<Descriptor>),
    Unsupported,
    /// Nothing is said about the API.
    Absent,
}

impl RemoteRepository {
    /// The manifests whose subject this is, sorted by digest.
    pub(super) async fn list_referrers(
        &self,
        subject: &Descriptor,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        let api = self.api_referrers(&subject.digest);
        let fallback = self.fallback_referrers(&subject.digest);
        let (api, fallback) = tokio::join!(api, fallback);
        let mut found = BTreeMap::new();
        if let Api::Listed(listed) = api? {
            found.extend(
                listed
                    .into_iter()
                    .map(|entry| (entry.digest.clone(), entry)),
            );
        }
        for entry in fallback? {
            found.entry(entry.digest.clone()).or_insert(entry);
        }
        let known: Vec<Option<Descriptor>> = futures_util::stream::iter(found.into_values())
            .map(|entry| self.known(entry))
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
        let known = known.into_iter().flatten();
        Ok(known
            .filter(|entry| kind.is_none() || entry.artifact_type.as_ref() == kind)
            .collect())
    }

    /// An entry whose type is missing or cannot be is replaced by what the manifest says; `None` when the
    /// manifest is gone.
    async fn known(&self, entry: Descriptor) -> Result<Option<Descriptor>> {
        let odd = match &entry.artifact_type {
            None => true,
            Some(found) => *found == MediaType::EMPTY,
        };
        if !odd || entry.media_type.is_index() {
            return Ok(Some(entry));
        }
        match self.get_manifest(&entry.digest.clone().into()).await {
            Ok(manifest) => Ok(Some(manifest.as_referrer())),
            Err(error) if error.is_absent() => Ok(None),
            // It is listed as it was found: one that is no manifest takes nothing from the others.
            Err(error) if error.is_no_manifest() => Ok(Some(entry)),
            Err(error) => Err(error),
        }
    }

    async fn api_referrers(&self, subject: &Digest) -> Result<Api> {
        let what = format!("listing what refers to {subject} in {}", self.place);
        let path = format!("referrers/{subject}");
        let mut call = self.call(Method::GET, &path, self.access(), what.clone());
        call.follow = Follow::Registry;
        let (reply, body) = match self.registry.send_for(&call, page_limit()).await {
            Ok(found) => found,
            Err(SendError::Remote(RemoteError::Elsewhere { .. })) => return Ok(Api::Unsupported),
            Err(error) => return Err(error.into()),
        };
        match reply.status() {
            StatusCode::OK if is_list(&reply) => {}
            StatusCode::NOT_FOUND => {
                let answer = self.registry.read_answer(reply.into_body()).await;
                return Ok(match answer.has_code("NAME_UNKNOWN") {
                    true => Api::Absent,
                    false => Api::Unsupported,
                });
            }
            _ => return Ok(Api::Unsupported),
        }
        let mut listed = Vec::new();
        for body in self.pages_after(call, (reply, body)).await? {
            match super::fallback::listed(&body) {
                Some(entries) => listed.extend(entries),
                None => return Ok(Api::Unsupported),
            }
        }
        Ok(Api::Listed(listed))
    }

    /// Whether the registry lists referrers itself. Asked once for each registry, about a digest that nothing has:
    /// what it confirms when something is stored is not to be relied on. Where nobody can tell yet, it does not.
    pub(super) async fn has_referrers_api(&self) -> Result<bool> {
        let probe = || async {
            let nothing = Digest::sha256([0; 32]);
            match self.api_referrers(&nothing).await {
                Ok(Api::Listed(_)) => Ok(true),
                Ok(Api::Unsupported) => Ok(false),
                // Another repository of the registry may tell.
                Ok(Api::Absent) => Err(None),
                Err(error) => Err(Some(error)),
            }
        };
        match self.registry.referrers.get_or_try_init(probe).await {
            Ok(found) => Ok(*found),
            Err(None) => Ok(false),
            Err(Some(error)) => Err(error),
        }
    }

    /// As [`has_referrers_api`](Self::has_referrers_api), by a look at the same address where a registry answers one.
    pub(super) async fn shows_referrers_api(&self) -> Result<bool> {
        if let Some(found) = self.registry.referrers.get() {
            return Ok(*found);
        }
        let nothing = Digest::sha256([0; 32]);
        let what = format!("asking {} whether it lists what refers to it", self.place);
        let path = format!("referrers/{nothing}");
        let mut call = self.call(Method::HEAD, &path, self.access(), what);
        call.follow = Follow::Registry;
        if let Ok(mut reply) = self.registry.send(&call).await {
            reply.release();
            let kind = media_type(reply.response.headers());
            if reply.status() == StatusCode::OK && kind == Some(MediaType::IMAGE_INDEX) {
                // Somebody else may have found the same.
                let _ = self.registry.referrers.set(true);
                return Ok(true);
            }
        }
        // The specification knows no such look: that there is no answer says nothing.
        self.has_referrers_api().await
    }

    /// Makes sure that a manifest which was stored now is listed. `taken` is what the registry said of it.
    pub(super) async fn list_referrer(
        &self,
        subject: &Descriptor,
        manifest: &Manifest,
        taken: bool,
    ) -> Result<()> {
        if taken && self.has_referrers_api().await? {
            return Ok(());
        }
        self.add_to_fallback(&subject.digest, &manifest.as_referrer())
            .await
    }

    /// Makes sure that a manifest which was there before is listed.
    pub(super) async fn relist(&self, subject: &Descriptor, manifest: &Manifest) -> Result<()> {
        self.list_referrer(subject, manifest, true).await
    }

    /// Takes a manifest that was deleted from the list that we keep.
    pub(super) async fn unlist_referrer(
        &self,
        subject: &Descriptor,
        referrer: &Digest,
    ) -> Result<()> {
        self.remove_from_fallback(&subject.digest, referrer).await
    }
}

/// Whether an answer is a list of referrers, and not a page that some proxy made.
fn is_list(reply: &Reply) -> bool {
    match media_type(reply.response.headers()) {
        Some(found) => found == MediaType::IMAGE_INDEX,
        // Some say only that it is JSON; whether it is an index, its content tells.
        None => reply
            .header("content-type")
            .is_none_or(|kind| kind.starts_with("application/json")),
    }
}
