//! Flags about signatures, for whoever judges them.

use std::time::UNIX_EPOCH;

use tofu_oci::store::Files;
use tofu_oci::types::artifact::Timestamp;
use tofu_oci::verify::{Judge, Signatures, TrustedKeys};

use crate::args::SignatureArgs;
use crate::diagnostic::Failure;
use crate::settings::Settings;

impl SignatureArgs {
    /// Whether anything is asked for.
    pub(super) fn ask(&self) -> bool {
        self.require_signature || !self.trusted_key.is_empty()
    }

    /// Who judges signatures.
    pub(super) fn judge(&self, settings: &Settings) -> Result<Judge, Failure> {
        let trusted = TrustedKeys::load(&Files::new(), &self.trusted_key)?;
        let signatures = match self.require_signature {
            true => Signatures::Required,
            false => Signatures::Optional,
        };
        Ok(Judge::new(trusted, signatures, now(settings)))
    }
}

/// The time, as signatures have it.
pub(super) fn now(settings: &Settings) -> Option<Timestamp> {
    let since = settings.now().duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_unix(since.as_secs().try_into().ok()?)
}
