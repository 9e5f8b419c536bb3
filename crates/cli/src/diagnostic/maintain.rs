//! Repositories that could not be put in order.

use tofu_oci::maintain::MaintainError;
use tofu_oci::store::StoreError;

use super::{Advice, Code, Diagnostic, Failure, inspect, store};

impl From<MaintainError> for Failure {
    fn from(error: MaintainError) -> Self {
        let advice = advice(&error);
        Diagnostic::of(&error, advice).into()
    }
}

impl Diagnostic {
    /// What is wrong in a repository where the rest went on.
    pub(crate) fn of_store(error: &StoreError) -> Self {
        Self::of(error, store::advice(error))
    }
}

fn advice(error: &MaintainError) -> Advice {
    match error {
        MaintainError::Inspect(error) => inspect::inspect(error),
        MaintainError::Sweep { source, .. } | MaintainError::Delete { source, .. } => {
            store::advice(source)
        }
        MaintainError::NothingNamed { .. } => {
            Advice::new(Code::Usage).hint("add :TAG or @DIGEST; `tofu-oci list REF` shows the tags")
        }
        MaintainError::Published { .. } => Advice::new(Code::VersionPublished).hint(
            "`--yes` deletes it all the same; whoever has locked it cannot install it any more",
        ),
    }
}
