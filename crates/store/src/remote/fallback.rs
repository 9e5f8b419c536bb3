//! The list of referrers under a tag, for registries that keep none. Distribution spec v1.1.1, "Referrers Tag
//! Schema".
//!
//! No registry locks it: of two programs that add to one list at the same moment one may lose. So the list is read
//! again after it was written, and in this process one task at a time writes it.

use bytes::Bytes;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, IF_MATCH};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};
use tofu_oci_types::oci::{
    Algorithm, Descriptor, Digest, MANIFEST_LIMIT, Manifest, MediaType, Tag,
};

use super::repository::RemoteRepository;
use crate::error::Result;

/// How often a list is written again that lost our entry.
const TRIES: u32 = 5;

/// What the tag names.
struct List {
    /// The index, with everything that others put there.
    document: Map<String, Value>,
    entries: Vec<Descriptor>,
    etag: Option<HeaderValue>,
}

/// The tag of a subject: algorithm and hash, cut to what tags may have.
pub(super) fn fallback_tag(subject: &Digest) -> Option<Tag> {
    let cut = |text: &str, most: usize| -> String {
        let chars = text.chars().take(most);
        chars
            .map(|c| match c {
                c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') => c,
                _ => '-',
            })
            .collect()
    };
    let (algorithm, encoded) = (
        cut(subject.algorithm_name(), 32),
        cut(subject.encoded(), 64),
    );
    format!("{algorithm}-{encoded}").parse().ok()
}

impl RemoteRepository {
    /// What the tag lists; nothing when there is none.
    pub(super) async fn fallback_referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>> {
        let Some(tag) = fallback_tag(subject) else {
            return Ok(Vec::new());
        };
        let list = self.fallback_list(&tag, subject).await?;
        Ok(list.map(|list| list.entries).unwrap_or_default())
    }

    async fn fallback_list(&self, tag: &Tag, subject: &Digest) -> Result<Option<List>> {
        let what = format!("reading the list of referrers {tag} of {}", self.place);
        let path = format!("manifests/{tag}");
        let mut call = self.call(Method::GET, &path, self.access(), what.clone());
        let accepted = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
        call.headers.insert(ACCEPT, accepted);
        let limit = usize::try_from(MANIFEST_LIMIT).unwrap_or(usize::MAX);
        let (reply, body) = self.registry.send_for(&call, limit).await?;
        match reply.status() {
            StatusCode::OK => {}
            // Nothing that we could take: some say so of a manifest of another type.
            StatusCode::NOT_FOUND | StatusCode::NOT_ACCEPTABLE => return Ok(None),
            _ => return Err(reply.failure(&self.registry, &what).await.into()),
        }
        let etag = reply.strong_etag();
        // One registry takes the tag for the digest, and answers with the subject itself.
        if subject.matches(&body) {
            return Ok(None);
        }
        let Ok(Value::Object(document)) = serde_json::from_slice(&body) else {
            return Ok(None);
        };
        let Some(entries) = listed(&body) else {
            // A list is not replaced because one of its entries is not understood.
            return match claims_list(&document) {
                true => {
                    let reason = "it is a list, and cannot be read";
                    Err(self.registry.malformed(&what, reason).into())
                }
                false => Ok(None),
            };
        };
        Ok(Some(List {
            document,
            entries,
            etag,
        }))
    }

    /// Adds an entry, unless it is there.
    pub(super) async fn add_to_fallback(&self, subject: &Digest, entry: &Descriptor) -> Result<()> {
        let has = |list: &[Descriptor]| list.iter().any(|found| found.digest == entry.digest);
        let change = |document: &mut Map<String, Value>| {
            let entry = serde_json::to_value(entry).ok();
            if let (Some(list), Some(entry)) = (entries_of(document), entry) {
                list.push(entry);
            }
        };
        self.edit_fallback(subject, has, change).await
    }

    /// Takes an entry away, if it is there.
    pub(super) async fn remove_from_fallback(
        &self,
        subject: &Digest,
        referrer: &Digest,
    ) -> Result<()> {
        let lacks = |list: &[Descriptor]| list.iter().all(|found| found.digest != *referrer);
        let change = |document: &mut Map<String, Value>| {
            if let Some(list) = entries_of(document) {
                list.retain(|entry| {
                    entry.get("digest").and_then(Value::as_str) != Some(referrer.as_str())
                });
            }
        };
        self.edit_fallback(subject, lacks, change).await
    }

    /// Reads, changes, writes and reads again, until `done` says that the list is as it should be.
    async fn edit_fallback(
        &self,
        subject: &Digest,
        done: impl Fn(&[Descriptor]) -> bool + Send + Sync,
        change: impl Fn(&mut Map<String, Value>) + Send + Sync,
    ) -> Result<()> {
        let Some(tag) = fallback_tag(subject) else {
            return Ok(());
        };
        let what = format!("keeping the list of referrers {tag} of {}", self.place);
        let turn = self.registry.subject(&self.name, subject);
        let _turn = turn.lock().await;
        for attempt in 1..=TRIES {
            let list = self.fallback_list(&tag, subject).await?;
            if done(list.as_ref().map_or(&[], |list| &list.entries)) {
                return Ok(());
            }
            let mut headers = HeaderMap::new();
            let mut document = match list {
                Some(list) => {
                    if let Some(etag) = list.etag {
                        headers.insert(IF_MATCH, etag);
                    }
                    list.document
                }
                None => empty(),
            };
            change(&mut document);
            let bytes = serde_json::to_vec(&Value::Object(document))
                .map_err(|_| self.registry.malformed(&what, "the list cannot be written"))?;
            let manifest = Manifest::read(
                bytes.into(),
                Some(&MediaType::IMAGE_INDEX),
                Algorithm::Sha256,
            )
            .map_err(|error| self.registry.malformed(&what, error.to_string()))?;
            if attempt > 1 {
                // The other writers wait for something else.
                let bound = self.registry.options.retries.first;
                let wait = self.registry.budget.jitter(bound);
                self.registry
                    .pause(&what, "another program wrote it", wait)
                    .await;
            }
            // When the condition did not hold, the next round reads what the other one wrote.
            self.put_with(&tag.clone().into(), &manifest, headers)
                .await?;
        }
        let list = self.fallback_list(&tag, subject).await?;
        if done(list.as_ref().map_or(&[], |list| &list.entries)) {
            return Ok(());
        }
        let reason =
            "the list does not keep what is written to it; other programs may be writing it";
        Err(self.registry.malformed(&what, reason).into())
    }
}

/// The entries of an image index; `None` when it is none.
pub(super) fn listed(body: &Bytes) -> Option<Vec<Descriptor>> {
    let manifest = Manifest::read(
        body.clone(),
        Some(&MediaType::IMAGE_INDEX),
        Algorithm::Sha256,
    );
    Some(manifest.ok()?.as_index()?.manifests.clone())
}

/// Whether a document is an image index by its own word.
fn claims_list(document: &Map<String, Value>) -> bool {
    let kind = document.get("mediaType").filter(|kind| !kind.is_null());
    document.get("manifests").is_some_and(Value::is_array)
        && kind.is_none_or(|kind| kind.as_str() == Some(MediaType::IMAGE_INDEX.as_str()))
}

fn empty() -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("schemaVersion".to_owned(), 2.into());
    let kind = MediaType::IMAGE_INDEX.to_string();
    document.insert("mediaType".to_owned(), kind.into());
    document.insert("manifests".to_owned(), Value::Array(Vec::new()));
    document
}

fn entries_of(document: &mut Map<String, Value>) -> Option<&mut Vec<Value>> {
    let list = document
        .entry("manifests")
        .or_insert_with(|| Value::Array(Vec::new()));
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    list.as_array_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_subjects() {
        let hex = "a".repeat(64);
        for (digest, tag) in [
            (format!("sha256:{hex}"), format!("sha256-{hex}")),
            (
                format!("sha512:{}", "b".repeat(128)),
                format!("sha512-{}", "b".repeat(64)),
            ),
            ("a+b:x=y_Z".to_owned(), "a-b-x-y_Z".to_owned()),
        ] {
            let digest: Digest = digest.parse().unwrap();
            assert_eq!(fallback_tag(&digest).unwrap().to_string(), tag);
        }
    }

    #[test]
    fn what_others_wrote_stays() {
        let text = r#"{"annotations":{"x":"y"},"manifests":[{"digest":"sha256:1","x-other":[1]}],"x-top":null}"#;
        let mut document: Map<String, Value> = serde_json::from_str(text).unwrap();
        entries_of(&mut document).unwrap().push("new".into());
        let written = serde_json::to_string(&document).unwrap();
        assert_eq!(
            written,
            r#"{"annotations":{"x":"y"},"manifests":[{"digest":"sha256:1","x-other":[1]},"new"],"x-top":null}"#
        );
        let mut document: Map<String, Value> =
            serde_json::from_str(r#"{"manifests":null}"#).unwrap();
        assert_eq!(entries_of(&mut document).unwrap().len(), 0);
    }
}
