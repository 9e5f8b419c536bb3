//! Referrers, derived from what `index.json` reaches.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tofu_oci_types::oci::{Descriptor, Digest, MediaType};

use super::Shared;
use super::graph::Node;
use super::loaded::Repo;
use crate::error::{Damage, Result, StoreError};

impl Shared {
    /// The manifests whose subject is `subject`, sorted by digest. An entry's hint says where not to look;
    /// what is found is what the manifests themselves say.
    pub(super) fn referrers(
        &self,
        repo: &Repo,
        subject: &Digest,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        let Some(index) = self.load(repo)? else {
            return Ok(Vec::new());
        };
        let mut found = BTreeMap::new();
        for root in index.referring(subject) {
            let mut look = || {
                if root.subjects.is_none() && !self.hint(repo, &root.descriptor)?.contains(subject)
                {
                    return Ok(());
                }
                let visit = |_: &Descriptor, node: &Node| {
                    if let Some((referred, referrer)) = &node.referrer
                        && referred == subject
                    {
                        found.insert(referrer.digest.clone(), referrer.clone());
                    }
                    ControlFlow::<()>::Continue(())
                };
                self.below(repo, &root.descriptor, visit).map(drop)
            };
            match look() {
                // Its bytes are as somebody put them, and no manifest: it refers to nothing. `fsck` names it.
                Err(StoreError::Damaged {
                    damage: Damage::Manifest(_),
                    ..
                }) => {}
                looked => looked?,
            }
        }
        let found = found.into_values();
        Ok(found
            .filter(|found| kind.is_none() || found.artifact_type.as_ref() == kind)
            .collect())
    }
}
