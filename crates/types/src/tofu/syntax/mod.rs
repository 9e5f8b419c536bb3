//! The two spellings of OpenTofu's configuration language, read into one tree.
//!
//! ```text
//! bytes ─► SourceText ─┬─ native::read ─► Body   (HCL 2, by hcl-edit)
//!                      └─ json::read ───► Body   (JSON, shaped by what a block may hold)
//! ```
//!
//! The tree knows nothing of providers or modules; every node knows where it stands in its file,
//! so that a mistake found later can still show the line. The tree is never printed back: documents
//! are written by their own writers.

pub(crate) mod json;
pub(crate) mod native;
mod problem;
mod text;
pub(crate) mod tree;

pub use problem::{Excerpt, SourceProblem, describe};
pub(crate) use text::SourceText;
pub use text::{Position, SourceRange};

#[cfg(test)]
mod tests;
