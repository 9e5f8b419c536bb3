//! The source of an install that was not told where providers are.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tofu_oci::source::{Release, Source, SourceError, VersionList};
use tofu_oci::types::tofu::{Platform, ProviderAddr, Version};
use tofu_oci::types::{Noun, ParseError};

use crate::diagnostic::{Code, Diagnostic, Failure};
use crate::interrupt::Stop;

/// Has nothing, and remembers what it was asked for. Whoever needs no provider, or has all of them,
/// never asks.
#[derive(Debug, Default)]
pub(super) struct NoSource {
    asked: Mutex<BTreeSet<ProviderAddr>>,
}

impl NoSource {
    fn unmapped(&self, provider: &ProviderAddr) -> SourceError {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(provider.clone());
        SourceError::Unmappable {
            provider: provider.clone(),
            source: ParseError::new(Noun::RepositoryTemplate, "", "none is given"),
        }
    }

    /// What stopped an install, with one explanation in place of one failure for each provider.
    pub(super) fn explain(&self, stop: Stop) -> Stop {
        match (stop, self.diagnostic("the configuration")) {
            (Stop::Failed(failure), Some(diagnostic)) => Stop::Failed(failure.instead(diagnostic)),
            (stop, _) => stop,
        }
    }

    /// The explanation, where it was asked for anything.
    pub(super) fn unmapped_failure(&self) -> Option<Failure> {
        Some(self.diagnostic("the lock file")?.into())
    }

    fn diagnostic(&self, whose: &str) -> Option<Diagnostic> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_empty() {
            return None;
        }
        let needed: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let mut diagnostic = Diagnostic::new(
            Code::ProviderUnmapped,
            format!("{whose} needs providers, and nothing says where they are"),
        )
        .hint(
            "say where with `--from`, such as --from 'oci.example.com/{namespace}/{type}', \
             or with an oci_mirror block in the CLI configuration; `tofu-oci cli-config` prints one",
        );
        diagnostic
            .causes
            .push(format!("{} cannot be found", needed.join(", ")));
        Some(diagnostic)
    }
}

#[async_trait]
impl Source for NoSource {
    /// What is locked and installed needs no source, so nothing is wrong yet.
    fn distinguish(&self, _: &[ProviderAddr]) -> Result<(), SourceError> {
        Ok(())
    }

    async fn versions(&self, provider: &ProviderAddr) -> Result<VersionList, SourceError> {
        Err(self.unmapped(provider))
    }

    async fn release(
        &self,
        provider: &ProviderAddr,
        _: &Version,
        _: &[Platform],
    ) -> Result<Release, SourceError> {
        Err(self.unmapped(provider))
    }
}
