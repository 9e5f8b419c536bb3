//! How much work the signatures of a release may make.
//!
//! Whoever may write to a repository may put keys beside a release, and copies of somebody else's key with thousands
//! of statements that its owner never made. Each has to be verified before it is known to be false, and that takes
//! time. So the verifications are counted, and from a certain number on nothing counts any more.

use std::cell::Cell;

/// The most signatures that are verified for one release: those over its lists, and those by which owners claim
/// names and subkeys. A signature by an ordinary key takes five.
pub const CHECKS_LIMIT: u32 = 1000;

/// What is left of the verifications that one release may take.
#[derive(Debug)]
pub struct Budget {
    /// `None` once there was too little.
    left: Cell<Option<u32>>,
}

impl Default for Budget {
    /// [`CHECKS_LIMIT`] verifications.
    fn default() -> Self {
        Self {
            left: Cell::new(Some(CHECKS_LIMIT)),
        }
    }
}

impl Budget {
    /// Whether a signature is confirmed. None is once nothing is left, and [`is_overdrawn`](Self::is_overdrawn) tells.
    pub(super) fn confirms<E>(&self, verify: impl FnOnce() -> Result<(), E>) -> bool {
        let left = self.left.get().and_then(|left| left.checked_sub(1));
        self.left.set(left);
        left.is_some() && verify().is_ok()
    }

    /// Whether something was not verified for want of budget, so that no result can be relied on: it may have been
    /// a revocation.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.left.get().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_confirmed_beyond_it() {
        let budget = Budget::default();
        for _ in 0..CHECKS_LIMIT {
            assert!(budget.confirms(|| Ok::<(), ()>(())));
        }
        assert!(!budget.is_overdrawn());
        assert!(!budget.confirms(|| -> Result<(), ()> { panic!("verified") }));
        assert!(budget.is_overdrawn());
    }
}
