//! Values that are known without running anything.

use std::collections::BTreeMap;

use crate::tofu::syntax::tree::Step;

/// A value that could be computed from the configuration alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaticValue {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, in canonical decimal.
    Number(String),
    /// A string.
    Text(String),
    /// A list or tuple.
    List(Vec<StaticValue>),
    /// A map or object.
    Object(BTreeMap<String, StaticValue>),
}

impl StaticValue {
    /// The value as text inside a template; lists, objects and `null` have none.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(text) | Self::Text(text) => Some(text.clone()),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// How much computing the value costs, in steps of the computation: values that hold others
    /// many times over must not grow without bound.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 1,
            Self::Number(text) | Self::Text(text) => 1 + text.len() / 64,
            Self::List(items) => items.iter().map(Self::weight).sum::<usize>() + 1,
            Self::Object(items) => items.values().map(Self::weight).sum::<usize>() + 1,
        }
    }

    /// What one step of a reference leads to.
    pub(super) fn step(self, step: &Step) -> Option<Self> {
        match (self, step) {
            (Self::Object(mut object), Step::Name(key) | Step::Key(key) | Step::Index(key)) => {
                object.remove(key)
            }
            (Self::List(mut items), Step::Index(at) | Step::Key(at)) => {
                let at: usize = at.parse().ok()?;
                (at < items.len()).then(|| items.swap_remove(at))
            }
            _ => None,
        }
    }
}

impl From<&str> for StaticValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// What a module call gives to an input variable of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallArgument {
    /// A value known from the configuration alone.
    Static(StaticValue),
    /// A value that is known only while the configuration runs.
    Dynamic,
}
