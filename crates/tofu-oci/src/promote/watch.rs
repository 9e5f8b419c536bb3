//! From what a copy does to what a user sees: one piece of work for each file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tofu_oci_store::{CopyEvent, Put, Reporter};
use tofu_oci_types::artifact::annotation;
use tofu_oci_types::oci::{Descriptor, Digest};

use crate::{Outcome, Progress, Task, Warning, Work};

/// Tells `progress` about blobs that are files. Configurations and the like are not worth a line.
pub(super) fn reporter(progress: &Progress) -> Reporter {
    let progress = progress.clone();
    let tasks: Mutex<HashMap<Digest, Task>> = Mutex::default();
    Arc::new(move |event| {
        // A panic elsewhere leaves the map whole.
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            CopyEvent::BlobStarted(blob) => {
                if let Some(what) = title(blob) {
                    let task = progress.begin(Work::Copy { what }, Some(blob.size));
                    tasks.insert(blob.digest.clone(), task);
                }
            }
            CopyEvent::BlobRead(blob, bytes) => {
                if let Some(task) = tasks.get(&blob.digest) {
                    task.advance(*bytes);
                }
            }
            CopyEvent::BlobDone(blob, put) => {
                if let Some(task) = tasks.remove(&blob.digest) {
                    task.end(match put {
                        Put::Uploaded | Put::Mounted => Outcome::Done,
                        Put::Present => Outcome::Unchanged,
                    });
                }
            }
            CopyEvent::ReferrerPassedOver { referrer, reason } => {
                let problem = format!(
                    "{referrer} is listed beside what is copied, and is no manifest that can be read: {reason}"
                );
                progress.warn(Warning::EvidencePassedOver { problem });
            }
            CopyEvent::Planned { .. } | CopyEvent::ManifestDone(..) => {}
        }
    })
}

fn title(blob: &Descriptor) -> Option<String> {
    blob.annotations.get(annotation::TITLE).cloned()
}
