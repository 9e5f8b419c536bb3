//! Lists that come in pages. Distribution spec v1.1.1, "Listing Tags", "Listing Referrers"; RFC 8288 for `Link`.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use reqwest::header::{HeaderMap, LINK};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tofu_oci_types::oci::{MANIFEST_LIMIT, Tag, json};
use url::Url;

use super::answer::object;
use super::error::RemoteError;
use super::repository::RemoteRepository;
use super::send::{Call, Reply, SendError, To};
use super::target::shown;
use crate::error::{Result, StoreError};

/// How many pages a list may have.
const PAGES: usize = 10_000;
/// How large all its pages together may be, in bytes.
const TOTAL: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct TagList {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// The tags of a page. `None` when it is no list of tags; what is no tag by the grammar is left out.
pub(super) fn tags_of(body: &[u8]) -> Option<Vec<Tag>> {
    let list: TagList = object(body)?;
    let found = list.tags.unwrap_or_default();
    Some(found.iter().filter_map(|tag| tag.parse().ok()).collect())
}

impl RemoteRepository {
    /// All tags, sorted. What is no tag by the grammar is left out.
    pub(super) async fn list_tags(&self) -> Result<Vec<Tag>> {
        let what = format!("listing the tags of {}", self.place);
        let mut call = self.call(Method::GET, "tags/list?n=1000", self.access(), what.clone());
        let mut tags = BTreeSet::new();
        let mut pages = Pages::default();
        loop {
            let (reply, body) = match self.registry.send_for(&call, page_limit()).await {
                Ok(found) => found,
                Err(SendError::Remote(error)) => return Err(self.no_list(error)),
                Err(error) => return Err(error.into()),
            };
            if reply.status() != StatusCode::OK {
                return Err(self.no_list(reply.failure(&self.registry, &what).await));
            }
            let next = self.next_page((&reply, &body), &what, &mut pages)?;
            let found = tags_of(&body)
                .ok_or_else(|| self.registry.malformed(&what, "it is no list of tags"))?;
            // Also what nobody looks at: other readers do.
            json::check(&body)
                .map_err(|error| self.registry.malformed(&what, error.to_string()))?;
            tags.extend(found);
            match next {
                Some(next) => call.to = To::Url(next),
                None => return Ok(tags.into_iter().collect()),
            }
        }
    }

    /// There is no list: because there is no repository, or for another reason.
    fn no_list(&self, error: RemoteError) -> StoreError {
        let absent = match &error {
            RemoteError::Denied { answer, .. }
            | RemoteError::Refused { answer, .. }
            | RemoteError::Unsupported { answer, .. } => {
                let named = answer.has_code("NAME_UNKNOWN") || answer.has_code("NAME_INVALID");
                named || (answer.status == 404 && answer.codes.is_empty())
            }
            _ => false,
        };
        match absent {
            true => self.absent_repository(),
            false => error.into(),
        }
    }

    /// Where the next page is.
    fn next_page(
        &self,
        (reply, body): (&Reply, &Bytes),
        what: &str,
        pages: &mut Pages,
    ) -> Result<Option<Url>, RemoteError> {
        let Some(link) = next_link(reply.response.headers()) else {
            return Ok(None);
        };
        let malformed = |reason: &str| self.registry.malformed(what, reason);
        let next = reply
            .url
            .join(&link)
            .map_err(|_| malformed("the link to its next page is no URL"))?;
        let base = self.registry.base()?;
        if next.host() != base.host() {
            return Err(RemoteError::Elsewhere {
                host: self.registry.host().to_string(),
                target: shown(&next),
                reason: "a list does not go on at another host",
            });
        }
        // Behind a proxy registries do not know how they are spoken to: path and query are what counts.
        let mut url = base;
        url.set_path(next.path());
        url.set_query(next.query());
        pages.bytes += body.len();
        pages.seen.insert(reply.url.to_string());
        if !pages.seen.insert(url.to_string()) {
            return Err(malformed("its pages go in a circle"));
        }
        if pages.seen.len() > PAGES || pages.bytes > TOTAL {
            return Err(malformed("its pages are too many or too large"));
        }
        Ok(Some(url))
    }

    /// All pages of a list, from the first one on.
    pub(super) async fn pages_after(
        &self,
        mut call: Call<'_>,
        first: (Reply, Bytes),
    ) -> Result<Vec<Bytes>> {
        let mut pages = Pages::default();
        let mut bodies = Vec::new();
        let (mut reply, mut body) = first;
        loop {
            let next = self.next_page((&reply, &body), &call.what, &mut pages)?;
            bodies.push(body);
            let Some(next) = next else { return Ok(bodies) };
            call.to = To::Url(next);
            (reply, body) = self.registry.send_for(&call, page_limit()).await?;
            if reply.status() != StatusCode::OK {
                return Err(reply.failure(&self.registry, &call.what).await.into());
            }
        }
    }
}

/// How large a page may be, in bytes.
pub(super) fn page_limit() -> usize {
    usize::try_from(MANIFEST_LIMIT).unwrap_or(usize::MAX)
}

/// The pages that were read.
#[derive(Default)]
struct Pages {
    seen: HashSet<String>,
    /// How many bytes they had.
    bytes: usize,
}

/// The target of `Link: <…>; rel="next"`.
fn next_link(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(LINK).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .find_map(next_of)
}

pub(super) fn next_of(line: &str) -> Option<String> {
    let mut rest = line;
    while let Some(start) = rest.find('<') {
        let (_, after) = rest.split_at(start + 1);
        let (target, after) = after.split_once('>')?;
        // Parameters end where the next target begins.
        let end = after.find('<').unwrap_or(after.len());
        let (parameters, next) = after.split_at(end);
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else {
                return false;
            };
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .split_ascii_whitespace()
                    .any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.to_owned());
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links() {
        for (line, target) in [
            (
                r#"</v2/a/tags/list?n=1&last=x>; rel="next""#,
                Some("/v2/a/tags/list?n=1&last=x"),
            ),
            ("<?last=x>;rel=next", Some("?last=x")),
            (
                r#"<https://h/p>; rel="prev", </n>; title="a"; rel="last next""#,
                Some("/n"),
            ),
            (r#"<a,b>; REL="NEXT""#, Some("a,b")),
            (r#"<x>; rel="prev""#, None),
            ("<x>", None),
            ("<x; rel=next", None),
            ("", None),
        ] {
            assert_eq!(next_of(line).as_deref(), target, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "[<>;,=\"a-z /?]{0,60}|\\PC{0,40}") {
            if let Some(target) = next_of(&line) {
                let target = format!("<{target}>");
                prop_assert!(line.contains(&target));
            }
        }

        #[test]
        fn a_target_comes_back(target in "[!-;=?-~]{0,40}", before in "(<[a-z]*>; rel=prev, ?)?") {
            let line = format!(r#"{before}<{target}>; title="a, b"; rel="next""#);
            prop_assert_eq!(next_of(&line), Some(target));
        }
    }

    #[test]
    fn long_lines_take_no_time() {
        for part in ["<", "<>", "<a>;", "=", ";", "<a>; rel=prev,"] {
            assert_eq!(next_of(&part.repeat(300_000 / part.len())), None);
        }
    }
}
