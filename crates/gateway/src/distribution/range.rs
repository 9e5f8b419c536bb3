//! Ranges of bytes, as downloads and uploads write them.

use std::ops::Range;

use hyper::HeaderMap;
use hyper::header::{CONTENT_RANGE, HeaderValue, IF_RANGE, RANGE};

use super::error::Refusal;

/// The part of a content of `size` bytes that a request asks for (RFC 9110, section 14). `None` is the whole:
/// nothing was asked for, or several parts, or in another unit, or with another version in mind.
pub(super) fn requested(
    headers: &HeaderMap,
    size: u64,
    entity: &HeaderValue,
) -> Result<Option<Range<u64>>, Refusal> {
    if headers.get(IF_RANGE).is_some_and(|known| known != entity) {
        return Ok(None);
    }
    let Some(text) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    match read(text) {
        None => Ok(None),
        Some(asked) => match within(asked, size) {
            Some(range) => Ok(Some(range)),
            None => Err(Refusal::unsatisfiable(size)),
        },
    }
}

/// First and last byte; one of them may be missing.
type Asked = (Option<u64>, Option<u64>);

/// Reads `bytes=A-B`, `bytes=A-`, `bytes=-N`. What is written otherwise is to be ignored.
fn read(text: &str) -> Option<Asked> {
    let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| match text {
        "" => Some(None),
        text => number(text).map(Some),
    };
    let asked = (number(first)?, number(last)?);
    match asked {
        (None, None) => None,
        asked => Some(asked),
    }
}

fn within((first, last): Asked, size: u64) -> Option<Range<u64>> {
    let range = match (first, last) {
        (Some(first), last) => first..last.map_or(size, |last| last.saturating_add(1)).min(size),
        (None, suffix) => size.saturating_sub(suffix?)..size,
    };
    (range.start < range.end).then_some(range)
}

/// The bytes that a chunk of an upload says it has: `A-B`, both ends within. The form of downloads is
/// understood, too.
pub(super) fn of_chunk(headers: &HeaderMap) -> Result<Option<Range<u64>>, Refusal> {
    let Some(value) = headers.get(CONTENT_RANGE) else {
        return Ok(None);
    };
    let range = value.to_str().ok().and_then(chunk);
    range
        .map(Some)
        .ok_or_else(|| Refusal::bad_request("Content-Range of a chunk is FIRST-LAST"))
}

fn chunk(text: &str) -> Option<Range<u64>> {
    let text = text.strip_prefix("bytes ").unwrap_or(text);
    let text = text.split('/').next()?;
    let (first, last) = text.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..last.checked_add(1)?)
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range() {
        let entity = HeaderValue::from_static("\"x\"");
        let asked = |text: &str, size| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, text.parse().unwrap());
            requested(&headers, size, &entity)
        };
        for (text, range) in [
            ("bytes=0-0", Some(0..1)),
            ("bytes=2-5", Some(2..6)),
            ("bytes=2-", Some(2..10)),
            ("bytes=2-99", Some(2..10)),
            ("bytes=0-18446744073709551615", Some(0..10)),
            ("bytes=-3", Some(7..10)),
            ("bytes=-99", Some(0..10)),
            // To be ignored.
            ("bytes=0-1,3-4", None),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("bytes=+1-2", None),
            ("lines=0-1", None),
            ("bytes=99999999999999999999-", None),
        ] {
            assert_eq!(asked(text, 10).unwrap(), range, "{text}");
        }
        for text in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=5-2"] {
            assert!(asked(text, 10).is_err(), "{text}");
        }
        assert!(asked("bytes=0-", 0).is_err(), "nothing lies within nothing");
    }

    #[test]
    fn chunks() {
        for (text, range) in [
            ("0-0", Some(0..1)),
            ("5-9", Some(5..10)),
            ("bytes 5-9/20", Some(5..10)),
            ("9-5", None),
            ("-5", None),
            ("0-18446744073709551615", None),
            ("+0-1", None),
            ("0 - 1", None),
            ("", None),
        ] {
            assert_eq!(chunk(text), range, "{text}");
        }
    }
}
