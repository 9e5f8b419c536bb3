//! How fast bytes must come: what only trickles ends, however patiently each byte is waited for.

use std::time::Duration;

/// The least that must come, in bytes a second.
const LEAST: u64 = 1024;

/// Measures a transfer. Only the time counts in which it was waited for: who stores slowly is not held against
/// the one who sends.
#[derive(Debug)]
pub(super) struct Pace {
    over: Duration,
    waited: Duration,
    bytes: u64,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speed {
    /// It is fast enough, or it is too early to tell.
    Enough,
    /// Less than the least came.
    TooSlow,
}

impl Pace {
    /// A transfer that is measured again and again over some time.
    pub(super) fn new(over: Duration) -> Self {
        Self {
            over,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// So many bytes came after so much waiting.
    pub(super) fn came(&mut self, bytes: usize, waited: Duration) -> Speed {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.waited = self.waited.saturating_add(waited);
        if self.waited < self.over {
            return Speed::Enough;
        }
        let got = u128::from(self.bytes) * 1000;
        let least = u128::from(LEAST) * self.waited.as_millis();
        *self = Self::new(self.over);
        match got < least {
            true => Speed::TooSlow,
            false => Speed::Enough,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many pieces of so many bytes, each waited for so many seconds, it is too slow.
    fn ends(bytes: usize, seconds: u64) -> Option<usize> {
        let mut pace = Pace::new(Duration::from_secs(60));
        (1..=1000).find(|_| pace.came(bytes, Duration::from_secs(seconds)) == Speed::TooSlow)
    }

    #[test]
    fn what_trickles_ends() {
        for (bytes, seconds, end) in [
            (1, 89, Some(1)),
            (1, 1, Some(60)),
            (1023, 1, Some(60)),
            (1024, 1, None),
            (16 * 1024, 15, None),
            (16 * 1024, 17, Some(4)),
            (1, 0, None),
        ] {
            assert_eq!(ends(bytes, seconds), end, "{bytes} bytes in {seconds} s");
        }
    }

    #[test]
    fn what_was_fast_before_does_not_count() {
        let mut pace = Pace::new(Duration::from_secs(60));
        assert_eq!(pace.came(1 << 30, Duration::from_secs(60)), Speed::Enough);
        assert_eq!(pace.came(1, Duration::from_secs(59)), Speed::Enough);
        assert_eq!(pace.came(1, Duration::from_secs(1)), Speed::TooSlow);
    }
}
