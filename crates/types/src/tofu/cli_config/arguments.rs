//! Arguments and blocks of a file, by name and type.
//!
//! The types are those of the clients' decoder: a number may stand where text is expected and
//! numeric text where a number is; `true` and `false` have no quotes; a list is a list. Names of
//! arguments match without regard to case, and unknown ones are skipped.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::Variables;
use crate::tofu::Hostname;
use crate::tofu::hcl1::{Item, Key, Object, Source, Spelling, Value, ValueKind};
use crate::tofu::syntax::SourceProblem;

/// What a file is read with.
pub(super) struct Context<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) spelling: Spelling,
    /// The registry of source addresses that name none.
    pub(super) default_host: &'a Hostname,
    pub(super) variables: &'a Variables,
    /// The directory of the file.
    pub(super) directory: &'a Path,
    pub(super) problems: Vec<SourceProblem>,
}

impl Context<'_> {
    /// A problem with something of which only its name may be shown.
    pub(super) fn report(
        &mut self,
        summary: &'static str,
        detail: impl Into<std::borrow::Cow<'static, str>>,
        span: &Range<usize>,
    ) {
        self.report_showing(summary, detail, span, span);
    }

    /// A problem at `span`, of whose line `shown` can be shown.
    pub(super) fn report_showing(
        &mut self,
        summary: &'static str,
        detail: impl Into<std::borrow::Cow<'static, str>>,
        span: &Range<usize>,
        shown: &Range<usize>,
    ) {
        let problem = self
            .source
            .problem(summary, detail, span.clone(), shown.clone());
        self.problems.push(problem);
    }
}

/// An item below a name: its labels that are left, and its value.
#[derive(Debug, Clone)]
pub(super) struct Member<'a> {
    pub(super) keys: &'a [Arc<Key>],
    pub(super) value: &'a Value,
}

impl<'a> Member<'a> {
    fn of(item: &'a Item) -> Self {
        Self {
            keys: &item.keys,
            value: &item.value,
        }
    }

    /// The first label, and the member below it.
    pub(super) fn split(&self) -> Option<(&'a Key, Self)> {
        let (first, keys) = self.keys.split_first()?;
        Some((
            first,
            Self {
                keys,
                value: self.value,
            },
        ))
    }
}

/// The members of an object.
pub(super) fn members(object: &Object) -> Vec<Member<'_>> {
    object.items.iter().map(Member::of).collect()
}

/// Whether the values of a block may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Showing {
    /// They are no secrets.
    Values,
    /// They may be.
    Names,
}

/// The inside of a block.
pub(super) struct Body<'a> {
    pub(super) members: Vec<Member<'a>>,
    /// What problems of the block are called.
    pub(super) summary: &'static str,
    pub(super) showing: Showing,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    /// The value.
    pub(super) span: Range<usize>,
    /// What of its line may be shown.
    pub(super) shown: Range<usize>,
}

impl<'a> Body<'a> {
    pub(super) fn new(object: &'a Object, summary: &'static str, showing: Showing) -> Self {
        Self {
            members: members(object),
            summary,
            showing,
        }
    }

    /// The values that `name` has, in order.
    fn named(&self, name: &str) -> impl Iterator<Item = (Member<'a>, Range<usize>)> + use<'a, '_> {
        let name = name.to_owned();
        let showing = self.showing;
        self.members.iter().filter_map(move |member| {
            let (key, below) = member.split()?;
            let shown = match showing {
                Showing::Values => key.span.start..below.value.span.end,
                Showing::Names => key.span.clone(),
            };
            folded(&key.text, &name).then_some((below, shown))
        })
    }

    fn read<T>(
        &self,
        context: &mut Context<'_>,
        name: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<Found<T>> {
        let mut last = None;
        for (member, shown) in self.named(name) {
            let value = member.value;
            match read(value).filter(|_| member.keys.is_empty()) {
                Some(read) => {
                    last = Some(Found {
                        value: read,
                        span: value.span.clone(),
                        shown,
                    });
                }
                None => context.report_showing(
                    self.summary,
                    format!("{name:?} must be {expected}"),
                    &shown,
                    &shown,
                ),
            }
        }
        last
    }

    /// The text that `name` is set to.
    pub(super) fn text(&self, context: &mut Context<'_>, name: &str) -> Option<Found<String>> {
        self.read(context, name, "text", text)
    }

    /// The truth value that `name` is set to.
    pub(super) fn flag(&self, context: &mut Context<'_>, name: &str) -> Option<Found<bool>> {
        let expected = "true or false, without quotes";
        self.read(context, name, expected, |value| match value.kind {
            ValueKind::Bool(value) => Some(value),
            _ => None,
        })
    }

    /// The number that `name` is set to.
    pub(super) fn count(&self, context: &mut Context<'_>, name: &str) -> Option<Found<u32>> {
        let expected = "a whole number that is not negative";
        self.read(context, name, expected, |value| match &value.kind {
            ValueKind::Number(text) | ValueKind::Text(text) => integer(text),
            _ => None,
        })
    }

    /// The texts that the lists of `name` hold; `None` where there is no list.
    pub(super) fn texts(
        &self,
        context: &mut Context<'_>,
        name: &str,
    ) -> Option<Vec<Found<String>>> {
        let mut texts: Option<Vec<Found<String>>> = None;
        for (member, shown) in self.named(name) {
            let list = match &member.value.kind {
                ValueKind::List(list) if member.keys.is_empty() => list.as_slice(),
                _ => {
                    let detail = format!("{name:?} must be a list of texts");
                    context.report_showing(self.summary, detail, &shown, &shown);
                    continue;
                }
            };
            let texts = texts.get_or_insert_default();
            for entry in list {
                let shown = match self.showing {
                    Showing::Values => shown.start..entry.span.end,
                    Showing::Names => shown.clone(),
                };
                match text(entry) {
                    Some(value) => texts.push(Found {
                        value,
                        span: entry.span.clone(),
                        shown,
                    }),
                    None => context.report_showing(
                        self.summary,
                        format!("the entries of {name:?} must be texts"),
                        &entry.span,
                        &shown,
                    ),
                }
            }
        }
        texts
    }
}

/// The members of the blocks or objects that are called `name`, each with the labels that it has
/// below that name. What is no object is reported.
pub(super) fn below<'a>(
    context: &mut Context<'_>,
    all: &[Member<'a>],
    name: &str,
    summary: &'static str,
) -> Vec<Member<'a>> {
    let mut found = Vec::new();
    for member in all {
        let Some((key, rest)) = member.split() else {
            continue;
        };
        if !folded(&key.text, name) {
            continue;
        }
        match &rest.value.kind {
            _ if !rest.keys.is_empty() => found.push(rest),
            ValueKind::Object(object) => found.extend(members(object)),
            _ => context.report(summary, format!("{name:?} must be a block"), &key.span),
        }
    }
    found
}

/// What stands in the block with the label `label`. Where that is no block, it is reported.
pub(super) fn inside<'a>(
    context: &mut Context<'_>,
    summary: &'static str,
    label: &Key,
    member: &Member<'a>,
) -> Vec<Member<'a>> {
    match &member.value.kind {
        _ if !member.keys.is_empty() => vec![member.clone()],
        ValueKind::Object(object) => members(object),
        _ => {
            context.report(summary, "a block must follow the label", &label.span);
            Vec::new()
        }
    }
}

/// Whether two names are one to the clients.
pub(super) fn folded(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

/// The text that a value is, or can be taken for.
pub(super) fn text(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::Text(text) | ValueKind::Number(text) => Some(text.clone()),
        _ => None,
    }
}

/// A number as Go writes them: decimal, `0x1f`, `0o17` or `017`, `0b11`.
fn integer(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (digits.get(2..)?, 16),
        [b'0', b'o' | b'O', ..] => (digits.get(2..)?, 8),
        [b'0', b'b' | b'B', ..] => (digits.get(2..)?, 2),
        [b'0', _, ..] => (digits.get(1..)?, 8),
        _ => (digits, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}
