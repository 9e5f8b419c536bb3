//! The embedded registry over the world's directory, as a process that can be killed and started again.

use std::sync::Arc;
use std::time::Duration;

use tofu_oci::source::Connect;
use tofu_oci::store::layout::{Access, LayoutStorage};
use tofu_oci::store::remote::{Remote, RemoteOptions, Retries, Timeouts};
use tofu_oci::store::{Files, StoreError};
use tofu_oci_gateway::Distribution;
use tofu_oci_testkit::{Quirks, Registry};

use crate::world::World;

/// Starts the registry. Its files may fail, and `quirks` are around it.
pub(crate) fn serve(world: &World, files: &Files, quirks: &Quirks) -> Result<Registry, StoreError> {
    let storage = LayoutStorage::directory(&world.registry(), files, Access::Write)?;
    let router = Distribution::new(Arc::new(storage)).router();
    Ok(Registry::serving(quirks.around(router)))
}

/// How long a client waits for one that says nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    /// As users have it.
    Usual,
    /// So little that a line which went dead does not hold up a test.
    Short,
}

/// A client of registries that does not wait long before it tries again.
pub(crate) fn connect(files: &Files, patience: Patience) -> Connect {
    let timeouts = match patience {
        Patience::Usual => Timeouts::default(),
        Patience::Short => Timeouts {
            idle: Duration::from_millis(400),
            ..Timeouts::default()
        },
    };
    let retries = Retries {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(2),
        ..Retries::default()
    };
    let options = RemoteOptions {
        timeouts,
        retries,
        ..RemoteOptions::default()
    };
    Connect::new(files.clone()).with_remote(Remote::new(options))
}
