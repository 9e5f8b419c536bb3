//! Lists that come in pages. Distribution spec v1.1.1, "Listing Tags", "Listing Referrers"; RFC 8288 for `Link`.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use reqwest::header::{HeaderMap, LINK};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tofu_oci_types::oci::{MANIFEST_LIMIT, Tag};
use url::Url;

use super::error::RemoteError;
use super::repository::RemoteRepository;
use super::send::{Call, Reply, SendError, To};
use super::target::shown;
use crate::error::{Result, StoreError};

/// How many pages a list may have.
const PAGES: usize = 10_000;

#[derive(Deserialize)]
struct TagList {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl RemoteRepository {
    /// All tags, sorted. What is no tag by the grammar is left out.
    pub(super) async fn list_tags(&self) -> Result<Vec<Tag>> {
        let what = format!("listing the tags of {}", self.place);
        let mut call = self.call(Method::GET, "tags/list?n=1000", self.access(), what.clone());
        let mut tags = BTreeSet::new();
        let mut pages = Pages::default();
        loop {
            let reply = match self.registry.send(&call).await {
                Ok(reply) => reply,
                Err(SendError::Remote(error)) => return Err(self.no_list(error)),
                Err(error) => return Err(error.into()),
            };
            if reply.status() != StatusCode::OK {
                return Err(self.no_list(reply.failure(&self.registry, &what).await));
            }
            let (body, next) = self.page(reply, &what, &mut pages).await?;
            let list: TagList = serde_json::from_slice(&body)
                .map_err(|_| self.registry.malformed(&what, "it is no list of tags"))?;
            let found = list.tags.unwrap_or_default();
            tags.extend(found.iter().filter_map(|tag| tag.parse::<Tag>().ok()));
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

    /// The body of a page, and where the next one is.
    pub(super) async fn page(
        &self,
        reply: Reply,
        what: &str,
        pages: &mut Pages,
    ) -> Result<(Bytes, Option<Url>)> {
        let next = match next_link(reply.response.headers()) {
            Some(link) => Some(self.next_page(&reply, &link, what, pages)?),
            None => None,
        };
        let limit = usize::try_from(MANIFEST_LIMIT).unwrap_or(usize::MAX);
        let body = self
            .registry
            .small_body(what, reply.into_body(), limit)
            .await?;
        Ok((body, next))
    }

    fn next_page(
        &self,
        reply: &Reply,
        link: &str,
        what: &str,
        pages: &mut Pages,
    ) -> Result<Url, RemoteError> {
        let malformed = |reason: &str| self.registry.malformed(what, reason);
        let next = reply
            .url
            .join(link)
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
        pages.seen.insert(reply.url.to_string());
        if !pages.seen.insert(url.to_string()) {
            return Err(malformed("its pages go in a circle"));
        }
        if pages.seen.len() > PAGES {
            return Err(malformed("it has too many pages"));
        }
        Ok(url)
    }

    /// All pages of a list, from the first answer on. `None` when the first answer is none of a list.
    pub(super) async fn pages_after(&self, mut call: Call<'_>, first: Reply) -> Result<Vec<Bytes>> {
        let mut pages = Pages::default();
        let mut bodies = Vec::new();
        let mut reply = first;
        loop {
            let (body, next) = self.page(reply, &call.what, &mut pages).await?;
            bodies.push(body);
            let Some(next) = next else { return Ok(bodies) };
            call.to = To::Url(next);
            reply = self.registry.send(&call).await?;
            if reply.status() != StatusCode::OK {
                return Err(reply.failure(&self.registry, &call.what).await.into());
            }
        }
    }
}

/// The pages that were read.
#[derive(Default)]
pub(super) struct Pages {
    seen: HashSet<String>,
}

/// The target of `Link: <…>; rel="next"`.
fn next_link(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(LINK).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .find_map(next_of)
}

fn next_of(line: &str) -> Option<String> {
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
}
