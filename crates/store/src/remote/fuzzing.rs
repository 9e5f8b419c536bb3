//! A way for fuzz targets to what reads answers of registries. No part of the interface of this crate.

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use tofu_oci_types::oci::{Descriptor, Tag};

use super::challenge::Challenge;
use super::{Answer, chunks, download, fallback, pages, token};

/// The token endpoint that lines of `WWW-Authenticate` name.
pub fn challenge(lines: &[u8]) -> Option<String> {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(WWW_AUTHENTICATE, value);
        }
    }
    match Challenge::read(&headers)? {
        Challenge::Basic => None,
        Challenge::Bearer { realm, .. } => Some(realm),
    }
}

/// Where a line of `Link` says that the next page is.
pub fn link(line: &str) -> Option<String> {
    pages::next_of(line)
}

/// The tags of a page.
pub fn tags(body: &[u8]) -> Option<Vec<Tag>> {
    pages::tags_of(body)
}

/// The entries of a page of referrers.
pub fn referrers(body: &[u8]) -> Option<Vec<Descriptor>> {
    fallback::listed(&Bytes::copy_from_slice(body))
}

/// For how many seconds the token of an answer is good.
pub fn token(body: &[u8]) -> Option<u64> {
    token::seconds_of(body)
}

/// First byte and whole length that `Content-Range` tells.
pub fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    download::content_range(text)
}

/// How many bytes of an upload `Range` tells.
pub fn upload_range(text: &str) -> Option<u64> {
    chunks::end_of(text)
}

/// What is said of an answer that tells an error.
pub fn answer(body: &[u8]) -> Answer {
    Answer::of(400, &HeaderMap::new(), &Bytes::copy_from_slice(body))
}
