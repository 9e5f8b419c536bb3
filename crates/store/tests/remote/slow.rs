//! Content that comes slowly, on its way into a registry.

use std::sync::{Arc, Mutex, mpsc};

use bytes::Bytes;
use tofu_oci_store::{Blob, GateError, OpenBlob, ReadBlob, WritableRepository};
use tofu_oci_types::oci::Descriptor;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::bench::*;
use crate::support::*;

/// Content of which every piece is asked for, and waited for.
struct Awaited {
    left: Bytes,
    asks: UnboundedSender<()>,
    may: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl OpenBlob for Awaited {
    fn open(&self) -> Result<Box<dyn ReadBlob>, GateError> {
        Ok(Box::new(Self {
            left: self.left.clone(),
            asks: self.asks.clone(),
            may: Arc::clone(&self.may),
        }))
    }
}

impl ReadBlob for Awaited {
    fn next(&mut self) -> Result<Option<Bytes>, GateError> {
        self.asks.send(())?;
        self.may.lock().unwrap().recv()?;
        let piece = self.left.split_to(self.left.len().min(2000));
        Ok((!piece.is_empty()).then_some(piece))
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_longer_than_a_registry_may_be_silent() {
    let bench = Bench::new();
    let left = Bytes::from(noise(20_000));
    let blob = Descriptor::of(ZIP, &left);
    let (asks, mut asked) = unbounded_channel();
    let (go, may) = mpsc::channel();
    let may = Arc::new(Mutex::new(may));
    let content = Blob::Gated(Arc::new(Awaited { left, asks, may }));
    // Time passes only where it is told to, as long as something is worked on.
    let (end, ended) = mpsc::channel::<()>();
    let working = tokio::task::spawn_blocking(move || ended.recv());
    let repo = bench.impatient_repository();
    let slowly = async {
        let mut pieces = 0;
        while let Some(()) = asked.recv().await {
            tokio::time::advance(IDLE / 3).await;
            // It may have been given up.
            let _ = go.send(());
            pieces += 1;
        }
        pieces
    };
    let (put, pieces) = tokio::join!(repo.put_blob(&blob, content), slowly);
    put.unwrap();
    assert!(pieces >= 10, "{pieces}");
    assert_eq!(bench.count("PUT", ""), 1);
    drop(end);
    assert!(working.await.unwrap().is_err());
}
