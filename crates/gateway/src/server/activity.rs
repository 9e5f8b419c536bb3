//! Whether a connection is used.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

/// The requests of a connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicUsize,
    ended: AtomicUsize,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

/// A request that was not yet answered to its end.
#[derive(Debug)]
pub(super) struct Open(Arc<Activity>);

impl Activity {
    /// The requests of a connection that has its turn until the first is answered.
    pub(super) fn with_turn(turn: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            turn: Mutex::new(turn),
            ..Self::default()
        }
    }

    /// The next has its turn.
    pub(super) fn end_turn(&self) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *turn = None;
    }

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
        self.0.end_turn();
    }
}
