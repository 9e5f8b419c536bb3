//! HCL 1, the language of CLI configurations: read into a tree whose nodes know where they stand.
//!
//! ```text
//! bytes ─► first character `{` ─┬─ no  ─► native::read ────────────────► Object
//!                               └─ yes ─► json::read ─► flatten::object ─► Object
//! ```
//!
//! Only the content tells the two spellings apart, never the name of the file. In the JSON spelling
//! objects in objects turn into labels, and a name that stands twice is two items: both as the
//! clients have it, and both the reason why this is not a JSON value.
//!
//! A mistake is shown with as much of its line as cannot hold a secret: see [`Source`].

mod flatten;
mod json;
mod native;
mod quoted;
mod scan;
mod source;
mod tree;

#[cfg(test)]
mod tests;

use crate::tofu::syntax::SourceProblem;

pub(crate) use source::Source;
pub(crate) use tree::{Item, Key, Object, Value, ValueKind};

/// The largest file, in bytes: a thousand times what people write.
const LIMIT: usize = 1 << 20;

/// Objects and lists inside one another beyond this are refused, so that no input can exhaust the
/// stack, and none can make many long label paths of a short file.
const DEPTH: usize = 32;

/// How a file is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `name = value`, `name "label" { … }`.
    Native,
    /// JSON.
    Json,
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    /// Its text.
    pub(crate) source: Source<'a>,
    /// What it says.
    pub(crate) root: Object,
    /// How it is spelled.
    pub(crate) spelling: Spelling,
}

/// Reads `bytes`, the file `file`.
///
/// # Errors
///
/// The first mistake. What stands behind it is not looked at: without a tree there is nothing to
/// go on with.
pub(crate) fn read<'a>(file: &str, bytes: &'a [u8]) -> Result<Document<'a>, Box<SourceProblem>> {
    let source = Source::new(file, bytes)?;
    let text = source.text();
    let spelling = if text.trim_start().starts_with('{') {
        Spelling::Json
    } else {
        Spelling::Native
    };
    let root = match spelling {
        Spelling::Native => native::read(text),
        Spelling::Json => json::read(text).map(flatten::object),
    };
    match root {
        Ok(root) => Ok(Document {
            source,
            root,
            spelling,
        }),
        Err(mistake) => Err(Box::new(source.mistake(&mistake, spelling))),
    }
}

/// What is wrong with the text, and where. Says nothing of what the text holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    at: usize,
    detail: std::borrow::Cow<'static, str>,
}

impl Mistake {
    fn new(at: usize, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self {
            at,
            detail: detail.into(),
        }
    }
}
