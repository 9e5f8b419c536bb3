//! Sending one zip, or only looking into it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tofu_oci_store::{Blob, GateError, PendingBlob, Put, StoreError, WritableRepository};
use tofu_oci_trust::content::Threads;
use tofu_oci_trust::{TrustError, VerifiedPackage};
use tofu_oci_types::artifact::PACKAGE_LAYER;
use tofu_oci_types::oci::Descriptor;
use tokio::sync::oneshot;

use super::gate::PackageGate;
use super::package::CheckedZip;
use super::{PublishError, Publisher, blocking};
use crate::{Outcome, Task, Work};

impl Publisher {
    /// Sends a zip through its gate. One that is there already is only looked into.
    pub(super) async fn send(
        &self,
        zip: &Arc<CheckedZip>,
        writer: &Arc<dyn WritableRepository>,
    ) -> Result<(VerifiedPackage, Put), PublishError> {
        let Some((digest, _)) = &zip.listed else {
            return self.send_examined(zip, writer).await;
        };
        let layer = zip.layer(digest.clone());
        let task = Arc::new(self.begin(zip));
        let gate = PackageGate::new(zip, &layer, &task);
        let put = writer
            .put_blob(&layer, Blob::Gated(Arc::new(gate.clone())))
            .await;
        let put = put.map_err(|error| send_failed(zip, writer, error))?;
        let Some(package) = gate.passed() else {
            drop(task);
            return Ok((self.examine(zip, Some(layer)).await?, put));
        };
        end(task, Outcome::Done).await;
        Ok((package, put))
    }

    /// Sends a zip whose digest nobody told. Whoever reads it to take the digest can look into it as well; it may
    /// be sent meanwhile, and who stores it compares the digest.
    async fn send_examined(
        &self,
        zip: &Arc<CheckedZip>,
        writer: &Arc<dyn WritableRepository>,
    ) -> Result<(VerifiedPackage, Put), PublishError> {
        let task = Arc::new(self.begin(zip));
        let (tell, told) = oneshot::channel();
        let same = Arc::clone(zip);
        let digest = async move {
            let examined = Arc::clone(&same);
            let work = move || examined.examine(None, Threads::Pipelined, None);
            let package = blocking(&same.path, work).await.map_err(GateError::from)?;
            let digest = package.digest().clone();
            // Who is gone does not need it.
            let _ = tell.send(package);
            Ok(digest)
        };
        let pending = PendingBlob {
            media_type: PACKAGE_LAYER,
            size: zip.size(),
            content: Arc::new(PackageGate::open_to(zip, &task)),
            digest: digest.boxed(),
        };
        let put = writer
            .put_pending(pending)
            .await
            .map_err(|error| send_failed(zip, writer, error))?;
        // Nothing is stored whose digest was not asked for.
        let package = told.await.map_err(|_| PublishError::Interrupted {
            path: zip.path.clone(),
        })?;
        let outcome = match put {
            Put::Present => Outcome::Unchanged,
            Put::Uploaded | Put::Mounted => Outcome::Done,
        };
        end(task, outcome).await;
        Ok((package, put))
    }

    /// Looks into a zip; it must be `layer`, where that is known.
    pub(super) async fn examine(
        &self,
        zip: &Arc<CheckedZip>,
        layer: Option<Descriptor>,
    ) -> Result<VerifiedPackage, PublishError> {
        let task = Arc::new(self.begin(zip));
        let (same, told) = (Arc::clone(zip), Arc::clone(&task));
        let work = move || same.examine(layer.as_ref(), Threads::One, Some(&told));
        let package = blocking(&zip.path, work).await?;
        end(task, Outcome::Unchanged).await;
        Ok(package)
    }

    fn begin(&self, zip: &CheckedZip) -> Task {
        let work = Work::Publish {
            filename: zip.filename.clone(),
        };
        self.progress.begin(work, Some(zip.size()))
    }
}

/// Ends a task that nobody else works on any more; a sender that was stopped may be telling it for the last time.
async fn end(mut task: Arc<Task>, outcome: Outcome) {
    loop {
        match Arc::try_unwrap(task) {
            Ok(task) => return task.end(outcome),
            Err(shared) => task = shared,
        }
        tokio::task::yield_now().await;
    }
}

/// What the gate said comes out as what it is.
pub(super) fn send_failed(
    zip: &CheckedZip,
    writer: &Arc<dyn WritableRepository>,
    error: StoreError,
) -> PublishError {
    let failed = |source| PublishError::Send {
        path: zip.path.clone(),
        place: writer.place().to_string(),
        source,
    };
    match error {
        StoreError::Gate(cause) => match cause.downcast::<TrustError>() {
            Ok(refusal) => zip.refuse(*refusal),
            Err(other) => match other.downcast::<PublishError>() {
                Ok(refused) => *refused,
                Err(other) => failed(StoreError::Gate(other)),
            },
        },
        error => failed(error),
    }
}
