//! What an operation says while it runs. Nothing is asked back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tofu_oci_types::tofu::{Platform, ProviderAddr, Version};

use crate::Warning;

/// The number of a piece of work, unique within one [`Progress`].
pub type TaskId = u64;

/// What an operation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A piece of work begins.
    Begin {
        /// Its number.
        task: TaskId,
        /// What it is.
        work: Work,
        /// How many bytes it will go through, where that is known.
        bytes: Option<u64>,
    },
    /// It went through some more bytes.
    Advance {
        /// Its number.
        task: TaskId,
        /// How many more.
        bytes: u64,
    },
    /// It ended.
    End {
        /// Its number.
        task: TaskId,
        /// How.
        outcome: Outcome,
    },
    /// Something that the user should know.
    Warning(Warning),
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// A file is checked and put into a repository.
    Publish {
        /// The file.
        filename: String,
    },
    /// A provider is fetched, verified and unpacked.
    InstallProvider {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// The platform.
        platform: Platform,
    },
    /// A module package is fetched, verified and unpacked.
    InstallModule {
        /// The path of the call: `network.subnets`.
        path: String,
        /// The source.
        source: String,
    },
    /// A blob goes from one repository to another.
    Copy {
        /// The file that it is, or its digest.
        what: String,
    },
    /// A file is written back from a repository.
    Pull {
        /// The file.
        filename: String,
    },
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish { filename } | Self::Pull { filename } => f.write_str(filename),
            Self::Copy { what } => f.write_str(what),
            Self::InstallProvider {
                provider,
                version,
                platform,
            } => write!(f, "{} {version} {platform}", provider.for_display()),
            Self::InstallModule { path, source } => write!(f, "module {path} ({source})"),
        }
    }
}

/// How a piece of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// It failed; the error is the operation's result.
    Failed,
}

/// Whoever listens.
pub trait Reporter: Send + Sync {
    /// Takes an event. Called from several threads.
    fn event(&self, event: &Event);
}

/// Hands events to a reporter and numbers the work. A clone numbers on.
#[derive(Clone, Default)]
pub struct Progress {
    reporter: Option<Arc<dyn Reporter>>,
    next: Arc<AtomicU64>,
}

impl Progress {
    /// Events go to `reporter`.
    pub fn new(reporter: Arc<dyn Reporter>) -> Self {
        Self {
            reporter: Some(reporter),
            next: Arc::default(),
        }
    }

    /// Says that something deserves attention.
    pub fn warn(&self, warning: Warning) {
        self.say(&Event::Warning(warning));
    }

    /// Begins a piece of work. It has failed unless it is [`Task::end`]ed.
    pub fn begin(&self, work: Work, bytes: Option<u64>) -> Task {
        let task = self.next.fetch_add(1, Ordering::Relaxed);
        self.say(&Event::Begin { task, work, bytes });
        Task {
            progress: self.clone(),
            task,
            ended: false,
        }
    }

    fn say(&self, event: &Event) {
        if let Some(reporter) = &self.reporter {
            reporter.event(event);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// A piece of work that goes on.
#[derive(Debug)]
pub struct Task {
    progress: Progress,
    task: TaskId,
    ended: bool,
}

impl Task {
    /// It went through `bytes` more.
    pub fn advance(&self, bytes: u64) {
        self.progress.say(&Event::Advance {
            task: self.task,
            bytes,
        });
    }

    /// It ended.
    pub fn end(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    fn finish(&mut self, outcome: Outcome) {
        if !self.ended {
            self.ended = true;
            self.progress.say(&Event::End {
                task: self.task,
                outcome,
            });
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.finish(Outcome::Failed);
    }
}
