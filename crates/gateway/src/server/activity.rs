//! Whether a connection is used.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

/// The requests of a connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// How many requests have content that was not read to its end.
    unread: AtomicUsize,
    /// Whether something that was sent has not left yet.
    sending: AtomicBool,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

/// A request that was not yet answered to its end.
#[derive(Debug)]
pub(super) struct Open {
    activity: Arc<Activity>,
    /// Its place among the requests of all connections.
    place: Option<OwnedSemaphorePermit>,
}

/// The content of a request that was not yet read to its end. When this is only dropped, it never will be.
#[derive(Debug)]
pub(super) struct Unread(Arc<Activity>);

impl Activity {
    /// The connection has its turn until the next request is answered.
    pub(super) fn begin_turn(&self, turn: Option<OwnedSemaphorePermit>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
    }

    /// Another has its turn.
    pub(super) fn end_turn(&self) {
        self.begin_turn(None);
    }

    /// A request begins; it ends when what this gives is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Open {
            activity: Arc::clone(self),
            place: None,
        }
    }

    /// How many requests there were.
    pub(super) fn requests(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// Tells whether something that was sent waits for the client to take it.
    pub(super) fn set_sending(&self, sending: bool) {
        self.sending.store(sending, Ordering::Relaxed);
    }

    /// Whether every request was read and answered to its end, and nothing of that is still to be sent.
    pub(super) fn is_done(&self) -> bool {
        self.requests() == self.ended.load(Ordering::Relaxed)
            && self.unread.load(Ordering::Relaxed) == 0
            && !self.sending.load(Ordering::Relaxed)
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

impl Open {
    /// The request has a place, which others get when it ends.
    pub(super) fn set_place(&mut self, place: OwnedSemaphorePermit) {
        self.place = Some(place);
    }

    /// The request has content.
    pub(super) fn content(&self) -> Unread {
        self.activity.unread.fetch_add(1, Ordering::Relaxed);
        Unread(Arc::clone(&self.activity))
    }
}

impl Unread {
    /// Now it was read.
    pub(super) fn read(self) {
        self.0.unread.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.activity.ended.fetch_add(1, Ordering::Relaxed);
        self.activity.end_turn();
    }
}
