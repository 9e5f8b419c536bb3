//! Whether a connection is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The requests of a connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

/// A request that was not yet answered to its end.
#[derive(Debug)]
pub(super) struct Open(Arc<Activity>);

impl Activity {
    /// A request begins; it ends when what this gives is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(self))
    }

    /// Ready when for at least `time`, and less than twice as long, there was no request.
    pub(super) async fn rests(&self, time: Duration) {
        let mut before = None;
        loop {
            let ended = self.ended.load(Ordering::Relaxed);
            let rests = self.begun.load(Ordering::Relaxed) == ended;
            if rests && before == Some(ended) {
                return;
            }
            before = rests.then_some(ended);
            tokio::time::sleep(time).await;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}
