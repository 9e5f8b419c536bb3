//! What can be run while things fail.

use async_trait::async_trait;
use tofu_oci::source::Connect;
use tofu_oci::store::Files;

use crate::world::World;

/// Where the registry of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    /// In a directory, which the operation itself reads and writes.
    Directory,
    /// Behind a server.
    Server,
}

/// What an operation works with.
pub(crate) struct Means {
    /// How it reaches files; they may fail.
    pub(crate) files: Files,
    /// How it reaches repositories; those in directories by the same files.
    pub(crate) connect: Connect,
    /// Host and port of the server, where there is one.
    pub(crate) host: Option<String>,
}

impl Means {
    /// The address of a repository of the world's registry.
    pub(crate) fn address(&self, world: &World, name: &str) -> String {
        match &self.host {
            Some(host) => format!("{host}/{name}"),
            None => format!("dir:{}//{name}", world.registry().display()),
        }
    }
}

/// One command.
#[async_trait(?Send)]
pub(crate) trait Operation: Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Where the registry can be.
    fn through(&self) -> &'static [Through] {
        &[Through::Directory, Through::Server]
    }

    /// Makes what is there before, without faults.
    async fn prepare(&self, world: &World);

    /// Runs it once. The text of an error is for people.
    async fn run(&self, world: &World, means: &Means) -> Result<(), String>;

    /// Parts of the world of which each is as before or as after, never half: paths of files, and of directories with
    /// a slash at the end, below the world.
    fn units(&self) -> Vec<String> {
        Vec::new()
    }

    /// What is checked beside what holds for all.
    fn check(&self, _world: &World) {}
}

/// The text of an error and its causes.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(": {source}"));
        next = source.source();
    }
    text
}
