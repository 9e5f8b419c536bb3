//! Where blobs were put lately: the first place to look for one whose repository nobody named.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tofu_oci_types::oci::{Digest, RepositoryName};

/// How many blobs are remembered.
const REMEMBERED: usize = 16_384;

/// Repositories by the blobs that were put into them. A hint: it may be gone again. A clone shares the memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent(Arc<Mutex<HashMap<Digest, RepositoryName>>>);

impl Recent {
    pub(super) fn put(&self, digest: &Digest, name: &RepositoryName) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= REMEMBERED {
            // Forgetting costs a search.
            places.clear();
        }
        places.insert(digest.clone(), name.clone());
    }

    pub(super) fn get(&self, digest: &Digest) -> Option<RepositoryName> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(digest).cloned()
    }
}
