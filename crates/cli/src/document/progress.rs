use serde::Serialize;
use tofu_oci::{Outcome, TaskId};

use super::{Document, Field};

/// How a piece of work stands, on one line of standard error.
#[derive(Debug, Serialize)]
pub(crate) struct ProgressDocument {
    pub(crate) version: u8,
    pub(crate) progress: ProgressFields,
}

/// How a piece of work stands.
#[derive(Debug, Serialize)]
pub(crate) struct ProgressFields {
    pub(crate) task: TaskId,
    pub(crate) state: ProgressState,
    pub(crate) work: &'static str,
    pub(crate) what: String,
    pub(crate) bytes: u64,
    pub(crate) total: Option<u64>,
    pub(crate) seconds: f64,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProgressState {
    /// It begins.
    Begin,
    /// Bytes moved.
    Advance,
    /// It is done.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// It failed.
    Failed,
}

impl From<Outcome> for ProgressState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Unchanged => Self::Unchanged,
            Outcome::Failed => Self::Failed,
        }
    }
}

impl Document for ProgressDocument {
    const COMMAND: &'static str = "progress";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        (
            "progress",
            "object",
            "how a piece of work stands; none with `-q` or `--dry-run`",
        ),
        (
            "progress.task",
            "number",
            "number of the piece of work in this run",
        ),
        (
            "progress.state",
            "string",
            "`begin`; `advance` while bytes move, at most one a second for each piece; then one of `done`, `unchanged` where there was nothing to do, and `failed`",
        ),
        (
            "progress.work",
            "string",
            "`publish`, `install-provider`, `install-module`, `copy` of a blob, or `pull` of a file",
        ),
        (
            "progress.what",
            "string",
            "the file, blob, provider package or module, as people read it",
        ),
        (
            "progress.bytes",
            "number",
            "how many bytes it went through so far",
        ),
        (
            "progress.total",
            "number|null",
            "how many there are, where that is known; fewer are gone through where the other side has some",
        ),
        (
            "progress.seconds",
            "number",
            "time since it began, in seconds",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            progress: ProgressFields {
                task: 0,
                state: ProgressState::Done,
                work: "publish",
                what: "terraform-provider-demo_1.2.3_linux_amd64.zip".to_owned(),
                bytes: 1_742_080,
                total: Some(1_742_080),
                seconds: 0.042,
            },
        }
    }
}
