//! Work that would hold up the runtime.

use crate::error::{Result, StoreError};

/// How much is read, hashed or written in one piece of blocking work: fewer bytes and the hand-over costs
/// more than the work.
pub(crate) const BATCH: usize = 256 * 1024;

/// Runs `work` on a thread that may block.
///
/// Dropping the future does not stop work that has begun.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Stopped),
        },
    }
}

/// The guarded value; a holder that panicked left it whole, because guards are held over plain assignments.
pub(crate) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
