//! Registries as they are: quirks, faults and attacks, switched on one by one around any router.
//!
//! ```text
//! request ─► seen ─► quirks, in the order in which they were set ─► registry ─► the same quirks ─► answer
//! ```
//!
//! Each quirk is about some requests ([`Requests`]), perhaps the first few of them. Nothing is on by default.

mod canned;
mod flow;
mod quirk;
mod requests;
mod tokens;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response};
use tower::ServiceExt as _;

pub use canned::Canned;
pub use quirk::{Created, Quirk};
pub use requests::{Requests, Seen};
pub use tokens::{TokenForm, TokenRequest, TokenService, password_guard};

/// What is switched on, and what arrived. A clone shares both.
#[derive(Debug, Clone, Default)]
pub struct Quirks(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    rules: Vec<(Requests, Quirk)>,
    seen: Vec<Seen>,
}

impl Quirks {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches a quirk on for some requests.
    pub fn on(&self, requests: Requests, quirk: Quirk) -> &Self {
        self.inner().rules.push((requests, quirk));
        self
    }

    /// Switches everything off.
    pub fn off(&self) {
        self.inner().rules.clear();
    }

    /// What arrived since this was asked the last time.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.inner().seen)
    }

    /// What arrived since this was asked the last time: methods and paths.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// A router with these quirks.
    pub fn around(&self, registry: Router) -> Router {
        let state = (self.clone(), registry);
        Router::new().fallback(answer).with_state(state)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State((quirks, registry)): State<(Quirks, Router)>,
    request: Request<Body>,
) -> Response<Body> {
    let (mut parts, mut body) = request.into_parts();
    let mut found = Vec::new();
    {
        let mut inner = quirks.inner();
        inner.seen.push(Seen::of(&parts));
        for (requests, quirk) in &mut inner.rules {
            if requests.take(&parts) {
                found.push(quirk.clone());
            }
        }
    }
    let mut answered = None;
    for quirk in &found {
        answered = quirk.before(&mut parts, &mut body, &registry).await;
        if answered.is_some() {
            break;
        }
    }
    let mut response = match answered {
        Some(response) => response,
        None => {
            let request = Request::from_parts(parts, body);
            registry.oneshot(request).await.unwrap_or_default()
        }
    };
    for quirk in &found {
        response = quirk.after(response).await;
    }
    response
}
