//! How many requests to one registry run at a time: as many as are allowed, half of that after each refusal, one
//! more after each round without any.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::blocking::lock;

/// The requests of one registry.
#[derive(Debug)]
pub(super) struct Limit {
    state: Mutex<State>,
    freed: Notify,
    most: usize,
}

#[derive(Debug)]
struct State {
    allowed: usize,
    running: usize,
    /// Answers since `allowed` changed.
    good: usize,
}

/// The right to one request, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<Limit>);

impl Limit {
    pub(super) fn new(most: usize) -> Self {
        Self {
            state: Mutex::new(State {
                allowed: most,
                running: 0,
                good: 0,
            }),
            freed: Notify::new(),
            most,
        }
    }

    /// Waits for the right to a request.
    pub(super) async fn permit(self: &Arc<Self>) -> Permit {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = lock(&self.state);
                if state.running < state.allowed {
                    state.running += 1;
                    return Permit(Arc::clone(self));
                }
            }
            freed.await;
        }
    }

    /// The registry said that there are too many.
    pub(super) fn refused(&self) {
        let mut state = lock(&self.state);
        state.allowed = (state.allowed / 2).max(1);
        state.good = 0;
    }

    /// The registry answered.
    pub(super) fn answered(&self) {
        let mut state = lock(&self.state);
        if state.allowed == self.most {
            return;
        }
        state.good += 1;
        if state.good >= state.allowed {
            state.allowed += 1;
            state.good = 0;
            drop(state);
            self.freed.notify_one();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock(&self.0.state).running -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refusal_halves_and_answers_add() {
        let limit = Arc::new(Limit::new(8));
        let mut permits = Vec::new();
        for _ in 0..8 {
            permits.push(limit.permit().await);
        }
        limit.refused();
        limit.refused();
        let waiting = tokio::spawn({
            let limit = Arc::clone(&limit);
            async move { limit.permit().await }
        });
        tokio::task::yield_now().await;
        // Two are allowed now: six have to end before the ninth begins.
        for _ in 0..6 {
            permits.pop();
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
        }
        permits.pop();
        waiting.await.unwrap();
        for _ in 0..2 {
            limit.answered();
        }
        assert_eq!(lock(&limit.state).allowed, 3);
        for _ in 0..100 {
            limit.answered();
        }
        assert_eq!(lock(&limit.state).allowed, 8);
    }

    #[test]
    fn one_request_is_always_allowed() {
        let limit = Limit::new(2);
        for _ in 0..5 {
            limit.refused();
        }
        assert_eq!(lock(&limit.state).allowed, 1);
    }
}
