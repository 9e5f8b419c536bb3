//! Reading through a gate: blocking work, one piece ahead.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::task::JoinHandle;

use crate::blob::{OpenBlob, ReadBlob};
use crate::blocking::BATCH;
use crate::error::{Result, StoreError};

/// Reads through a gate. While the caller stores one batch the next is read, and a batch is handed out only
/// when the one after it was allowed: a gate that refuses at the end still holds the end back.
pub(crate) struct Gate {
    state: State,
    held: Option<Bytes>,
}

enum State {
    Closed(Arc<dyn OpenBlob>),
    Reading(JoinHandle<Batch>),
    Ended,
}

type Batch = Result<(Box<dyn ReadBlob>, Bytes)>;

impl Gate {
    pub(crate) fn new(gate: Arc<dyn OpenBlob>) -> Self {
        Self {
            state: State::Closed(gate),
            held: None,
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let job = match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(self.held.take()),
                State::Reading(job) => job,
                State::Closed(gate) => tokio::task::spawn_blocking(move || {
                    batch(gate.open().map_err(StoreError::Gate)?)
                }),
            };
            let (reader, bytes) = match job.await {
                Ok(batch) => match batch {
                    Ok(batch) => batch,
                    Err(error) => {
                        self.held = None;
                        return Err(error);
                    }
                },
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Err(StoreError::Stopped),
                },
            };
            if bytes.is_empty() {
                continue;
            }
            self.state = State::Reading(tokio::task::spawn_blocking(move || batch(reader)));
            if let Some(ready) = self.held.replace(bytes) {
                return Ok(Some(ready));
            }
        }
    }
}

/// The next batch; empty at the end.
fn batch(mut reader: Box<dyn ReadBlob>) -> Batch {
    let mut next = || reader.next().map_err(StoreError::Gate);
    let first = loop {
        match next()? {
            None => return Ok((reader, Bytes::new())),
            Some(piece) if piece.is_empty() => {}
            Some(piece) => break piece,
        }
    };
    if first.len() >= BATCH {
        return Ok((reader, first));
    }
    let mut all = BytesMut::with_capacity(BATCH + first.len());
    all.extend_from_slice(&first);
    while all.len() < BATCH {
        match next()? {
            Some(piece) => all.extend_from_slice(&piece),
            None => break,
        }
    }
    Ok((reader, all.freeze()))
}
