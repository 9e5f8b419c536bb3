//! `/v2/NAME/referrers/DIGEST`

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use tofu_oci_types::oci::{Descriptor, Digest, Index, Manifest, MediaType, RepositoryName};

use super::error::Refusal;
use super::{Answer, Call, Distribution, json, page};

/// How many entries a page has at most.
const LARGEST: usize = 1000;
/// How many bytes the entries of a page have at most; clients read pages of 4 MiB.
const BYTES: usize = 4 * 1024 * 1024 - 64 * 1024;

const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
const FILTER: &str = "artifactType";

impl Distribution {
    /// The manifests that have the subject, as an image index (distribution spec v1.1.1, "Listing Referrers").
    /// Where there are none the list is empty: another status would say that there is no such API.
    pub(super) async fn list_referrers(
        &self,
        call: &Call<'_>,
        name: &RepositoryName,
        subject: &Digest,
    ) -> Answer {
        let (size, n) = page::size(&call.query, LARGEST)?;
        let last: Option<Digest> = call.query.read("last", Refusal::invalid_digest)?;
        let kind = call.query.get(FILTER).filter(|kind| !kind.is_empty());
        let kind: Option<MediaType> = kind
            .map(|kind| kind.parse().map_err(|_| Refusal::invalid_type()))
            .transpose()?;
        let found = self.storage.referrers(name, subject, kind.as_ref()).await?;
        let after = |entry: &Descriptor| last.as_ref().is_none_or(|last| entry.digest > *last);
        let mut left = found.into_iter().filter(after).peekable();
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while entries.len() < size
            && let Some(entry) = left.peek()
        {
            bytes += serde_json::to_vec(entry).map_or(0, |json| json.len() + 1);
            if bytes > BYTES && !entries.is_empty() {
                break;
            }
            entries.extend(left.next());
        }
        let more = left.peek().is_some() && size > 0;
        let last = entries.last().map(|entry| entry.digest.clone());
        let index = Manifest::from_index(&Index {
            manifests: entries,
            ..Index::default()
        });
        let mut response = json(index.bytes().clone());
        if let (true, Some(last)) = (more, last) {
            let path = format!("/v2/{name}/referrers/{subject}");
            let filter = kind.as_ref().map(|kind| (FILTER, kind.as_str()));
            let filter: Vec<_> = filter.into_iter().collect();
            page::link(&mut response, &path, n, last.as_str(), &filter)?;
        }
        let headers = response.headers_mut();
        let index = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
        headers.insert(CONTENT_TYPE, index);
        if kind.is_some() {
            headers.insert(FILTERS_APPLIED, HeaderValue::from_static(FILTER));
        }
        Ok(response)
    }
}
