//! Pages of lists.

use axum::response::Response;
use hyper::header::LINK;

use super::error::Refusal;
use super::query::{Query, encoded};
use super::value;

/// How many names a page has at most: a page of the longest ones stays below 4 MiB.
const LARGEST: usize = 10_000;

/// How many entries the request wants; `n`, when it is given.
pub(super) fn size(query: &Query, largest: usize) -> Result<(usize, Option<usize>), Refusal> {
    let n: Option<u64> = query.read("n", |_| Refusal::invalid_page())?;
    let n = n.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    Ok((n.unwrap_or(largest).min(largest), n))
}

/// As [`size`], for lists of names.
pub(super) fn names(query: &Query) -> Result<(usize, Option<usize>), Refusal> {
    size(query, LARGEST)
}

/// Adds the address of the next page: after `last`, with what the query said otherwise.
pub(super) fn link(
    response: &mut Response,
    path: &str,
    n: Option<usize>,
    last: &str,
    more: &[(&str, &str)],
) -> Result<(), Refusal> {
    let mut target = format!("{path}?last={}", encoded(last));
    if let Some(n) = n {
        target.push_str(&format!("&n={n}"));
    }
    for (name, text) in more {
        target.push_str(&format!("&{name}={}", encoded(text)));
    }
    let link = value(&format!("<{target}>; rel=\"next\""))?;
    response.headers_mut().insert(LINK, link);
    Ok(())
}
