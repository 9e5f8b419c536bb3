//! The tree of a file.

use std::ops::Range;
use std::sync::Arc;

/// The items between two braces, or those of a whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// In the order in which they are written; names may repeat.
    pub(crate) items: Vec<Item>,
    /// From brace to brace.
    pub(crate) span: Range<usize>,
}

/// `name = value`, `name { … }` or `name "label" { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The name and the labels; never empty.
    pub(crate) keys: Vec<Arc<Key>>,
    /// Whether an equals sign introduces the value. Never so in JSON, which does not tell arguments
    /// from blocks.
    pub(crate) equals: bool,
    /// The value.
    pub(crate) value: Value,
}

impl Item {
    /// The name.
    pub(crate) fn name(&self) -> &str {
        self.keys.first().map_or("", |key| &key.text)
    }

    /// Where the name is.
    pub(crate) fn name_span(&self) -> Range<usize> {
        self.keys
            .first()
            .map_or(self.value.span.clone(), |key| key.span.clone())
    }
}

/// A name or a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Without quotes and escapes.
    pub(crate) text: String,
    /// Where it is, quotes included.
    pub(crate) span: Range<usize>,
}

/// A value and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// What it is.
    pub(crate) kind: ValueKind,
    /// Where it is.
    pub(crate) span: Range<usize>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number as it is written: `10`, `-1`, `0x1f`, `017`.
    Number(String),
    /// Another number as it is written.
    Float(String),
    /// A string or a heredoc. JSON's `null` is the empty string.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(Object),
}
