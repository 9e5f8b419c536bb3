//! How much is done at once.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::thread::available_parallelism;

/// How many packages are worked on at once, unless somebody says otherwise: eight, or one for each processor where
/// there are more. Who waits for a network or a disk needs no processor.
pub fn default_jobs() -> NonZeroUsize {
    const LEAST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
    processors().max(LEAST)
}

/// How many packages are hashed and unpacked at once: more than one for each processor would only take turns.
pub(crate) fn processors() -> NonZeroUsize {
    // It is a question to the system that takes a dozen calls.
    static PROCESSORS: OnceLock<NonZeroUsize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| available_parallelism().unwrap_or(NonZeroUsize::MIN))
}
