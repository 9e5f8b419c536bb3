//! The tree both spellings are read into. Spans are byte ranges of the text it was read from.

use std::ops::Range;

/// What stands between the braces of a block, or the whole file.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Block>,
}

impl Body {
    /// The attribute `name`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// The blocks of kind `kind`, in the order of the file.
    pub(crate) fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |b| b.kind == kind)
    }
}

/// `name = value`
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) name_span: Range<usize>,
    pub(crate) value: Expr,
}

/// `kind "label" { … }`
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) labels: Vec<Label>,
    /// From the kind to the last label.
    pub(crate) header: Range<usize>,
    pub(crate) body: Body,
}

impl Block {
    /// The text of the label at `index`, counted from zero.
    pub(crate) fn label(&self, index: usize) -> Option<&Label> {
        self.labels.get(index)
    }
}

/// A label of a block.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// An expression.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Range<usize>,
}

/// What an expression is. Operations, conditionals, splats and the like are told apart only by
/// name: nothing here computes them.
#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Null,
    Bool(bool),
    /// The number as it prints in canonical decimal.
    Number(String),
    /// A string without interpolation.
    Text(String),
    /// A string of the JSON spelling: literal text, template or reference, depending on its place.
    JsonText(String),
    /// A string with interpolation.
    Template(Vec<Part>),
    List(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// `local.name`, `aws.west[0]`
    Reference(Vec<Step>),
    /// A call of the function of this name (`provider::NAME::f` for a provider's).
    Call(String),
    /// Anything else: what it is, with an article.
    Other(&'static str),
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(String),
    Value(Expr),
}

/// A step of a reference. The first one is always a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// `name` or `.name`
    Name(String),
    /// `["key"]`
    Key(String),
    /// `[3]` or `.3`
    Index(String),
    /// `[anything else]`, or a splat
    Dynamic,
}

impl Expr {
    /// The text of a string that is literal in both spellings: what may not be computed at all,
    /// such as the values of `required_providers`.
    pub(crate) fn literal_text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Text(text) | ExprKind::JsonText(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, ExprKind::Null)
    }

    /// The steps of a reference, where only a reference makes sense: the JSON spelling and old
    /// native files write it as a string.
    pub(crate) fn reference(&self) -> Option<Vec<Step>> {
        match &self.kind {
            ExprKind::Reference(steps) => Some(steps.clone()),
            // Only a name is expected here, so the keywords are names too.
            ExprKind::Null => Some(vec![Step::Name("null".to_owned())]),
            ExprKind::Bool(value) => Some(vec![Step::Name(value.to_string())]),
            ExprKind::Text(text) | ExprKind::JsonText(text) => super::native::reference(text),
            _ => None,
        }
    }
}

/// The reference as one would write it.
pub(crate) fn spell(steps: &[Step]) -> String {
    let mut text = String::new();
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Name(name) if at == 0 => text.push_str(name),
            Step::Name(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Key(key) => text.push_str(&format!("[{key:?}]")),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Dynamic => text.push_str("[…]"),
        }
    }
    text
}
