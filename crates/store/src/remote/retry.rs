//! When to send a request again, and when not to.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::options::Retries;

/// What one retry costs and a hundred answers earn.
const UNIT: i64 = 100;
/// How many retries may be spent at once.
const FULL: i64 = 60 * UNIT;
/// What an answer earns: one retry for ten requests.
const EARNED: i64 = UNIT / 10;

/// How many retries one registry may still cost, so that many requests together do not multiply the load of a
/// registry that is down.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicI64,
    seed: AtomicU64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            left: AtomicI64::new(FULL),
            seed: AtomicU64::new(seed()),
        }
    }
}

/// Differs from one process to the next; nobody has to be kept from guessing it.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0)
}

impl Budget {
    /// A request was answered.
    pub(super) fn earn(&self) {
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some((left + EARNED).min(FULL))
            });
    }

    /// Pays for a retry; `false` when nothing is left.
    fn pay(&self) -> bool {
        let paid = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                (left >= UNIT).then_some(left - UNIT)
            });
        paid.is_ok()
    }

    /// How long to wait before attempt `attempt + 1`, the first being 1; `None` to give up. `asked` is what the
    /// registry wants.
    pub(super) fn wait(
        &self,
        retries: &Retries,
        attempt: u32,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        if attempt >= retries.attempts {
            return None;
        }
        let bound = retries
            .first
            .saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)))
            .min(retries.longest);
        let jitter = self.jitter(bound);
        let wait = match asked {
            Some(asked) if asked > retries.longest => return None,
            // Not everybody who was told the same comes back at the same moment.
            Some(asked) => asked.saturating_add(jitter.min(retries.first)),
            None => jitter,
        };
        self.pay().then_some(wait)
    }

    /// Anything from zero to `bound`.
    pub(super) fn jitter(&self, bound: Duration) -> Duration {
        // SplitMix64, one step for each call.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self
            .seed
            .fetch_add(STEP, Ordering::Relaxed)
            .wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let fraction = u32::try_from((z ^ (z >> 31)) >> 33).unwrap_or(0);
        let share = f64::from(fraction) / f64::from(1u32 << 31);
        bound.mul_f64(share)
    }
}

/// Whether the same request may succeed a moment later.
pub(super) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// What `Retry-After` asks for: seconds, or a date as seen by the registry's own clock. What is neither counts
/// as nothing. RFC 9110 section 10.2.3.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let now = date(headers.get(DATE)?.to_str().ok()?)?;
    let then = date(text)?;
    let seconds = then.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(retry: &str, date: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        headers
    }

    #[test]
    fn both_forms_of_retry_after() {
        const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        let seconds = |n| Some(Duration::from_secs(n));
        for (text, date, wait) in [
            ("0", None, seconds(0)),
            (" 120 ", None, seconds(120)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(NOW), seconds(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(NOW), seconds(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, None),
            ("880us, allowed 44000/minute", Some(NOW), None),
            ("-1", None, None),
            ("1e9", None, None),
        ] {
            assert_eq!(retry_after(&headers(text, date)), wait, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn waits_grow_and_end() {
        let retries = Retries {
            attempts: 4,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3),
        };
        let budget = Budget::default();
        for (attempt, bound) in [(1, 1), (2, 2), (3, 3)] {
            for _ in 0..5 {
                let wait = budget.wait(&retries, attempt, None).unwrap();
                assert!(wait <= Duration::from_secs(bound), "{attempt}: {wait:?}");
            }
        }
        assert_eq!(budget.wait(&retries, 4, None), None);
        let asked = budget.wait(&retries, 1, Some(Duration::from_secs(2)));
        assert!(asked.unwrap() >= Duration::from_secs(2));
        // Nobody is kept waiting for an hour.
        assert_eq!(
            budget.wait(&retries, 1, Some(Duration::from_secs(3600))),
            None
        );
    }

    #[test]
    fn a_budget_is_used_up_and_earned() {
        let retries = Retries {
            attempts: 2,
            ..Retries::default()
        };
        let budget = Budget::default();
        let mut spent = 0;
        while budget.wait(&retries, 1, None).is_some() {
            spent += 1;
            assert!(spent < 1000);
        }
        for _ in 0..10 {
            budget.earn();
        }
        assert!(budget.wait(&retries, 1, None).is_some());
        assert!(budget.wait(&retries, 1, None).is_none());
    }

    proptest! {
        #[test]
        fn any_retry_after_is_read(
            text in "[0-9]{0,25}|[A-Za-z0-9:,+ -]{0,40}|\\PC{0,20}",
            now in "[A-Za-z0-9:,+ -]{0,40}",
        ) {
            if text.parse::<reqwest::header::HeaderValue>().is_ok() {
                let wait = retry_after(&headers(&text, Some(&now)));
                // Whatever it is, nobody waits longer than the longest, and the jitter.
                let retries = Retries::default();
                let wait = Budget::default().wait(&retries, 1, wait);
                prop_assert!(wait.is_none_or(|wait| wait <= retries.longest + retries.first));
            }
        }

        #[test]
        fn seconds_come_back(seconds in any::<u64>()) {
            let wait = retry_after(&headers(&seconds.to_string(), None));
            prop_assert_eq!(wait, Some(Duration::from_secs(seconds)));
        }
    }
}
