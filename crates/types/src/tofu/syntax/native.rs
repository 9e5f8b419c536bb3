//! The native spelling, HCL 2.
//!
//! The parser is `hcl-edit`; it stops at the first mistake, limits nesting to 64 and chains of
//! operators to 128. It accepts a raw line end inside a quoted string, which OpenTofu refuses:
//! that check is made here.

use std::ops::Range;

use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator};
use hcl_edit::structure::{self as hcl, Structure};
use hcl_edit::template::{Element, StringTemplate};
use hcl_edit::visit::{self, Visit};
use hcl_edit::{Decorated, Span};

use super::tree::{Attribute, Block, Body, Expr, ExprKind, Label, Part, Step};
use super::{SourceProblem, SourceText};

/// Reads a file. `None` means that nothing of it can be used; the reason is in `problems`.
pub(crate) fn read(text: &SourceText<'_>, problems: &mut Vec<SourceProblem>) -> Option<Body> {
    let parsed = match hcl_edit::parser::parse_body(text.text()) {
        Ok(parsed) => parsed,
        Err(error) => {
            problems.push(syntax_problem(text, &error));
            return None;
        }
    };
    let mut quoted = LineEnds { text, found: None };
    quoted.visit_body(&parsed);
    if let Some(at) = quoted.found {
        let detail = "quoted strings may not be split over lines; write `\\n`, or use a heredoc";
        problems.push(text.problem("Invalid multi-line string", detail, at));
        return None;
    }
    Some(body(&parsed))
}

fn syntax_problem(text: &SourceText<'_>, error: &hcl_edit::parser::Error) -> SourceProblem {
    let at = error.location().offset();
    let rest = text.slice(&(at..text.text().len()));
    let message = error.message();
    // The parser's words for a second definition do not say what is wrong first.
    if message.contains("found redefined") {
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            .collect();
        let detail = format!("{name:?} is set twice in the same place");
        return text.problem("Attribute redefined", detail, at..at + name.len());
    }
    // At the end of the file the parser goes back to where the unfinished part begins.
    let message = match message {
        "unexpected token" => "an unexpected character, or something that is not complete",
        message => message,
    };
    let end = at + rest.chars().next().map_or(0, char::len_utf8);
    text.problem("Invalid syntax", message.to_owned(), at..end)
}

/// Looks for a raw line end inside quoted strings.
struct LineEnds<'a> {
    text: &'a SourceText<'a>,
    found: Option<Range<usize>>,
}

impl LineEnds<'_> {
    fn check(&mut self, span: Option<Range<usize>>) {
        let Some(span) = span.filter(|_| self.found.is_none()) else {
            return;
        };
        if let Some(at) = self.text.slice(&span).find('\n') {
            self.found = Some(span.start..span.start + at);
        }
    }
}

impl Visit for LineEnds<'_> {
    fn visit_string(&mut self, node: &Decorated<String>) {
        self.check(node.span());
    }

    fn visit_string_template(&mut self, node: &StringTemplate) {
        for element in node {
            match element {
                Element::Literal(literal) => self.check(literal.span()),
                other => self.visit_element(other),
            }
        }
    }

    fn visit_expr(&mut self, node: &Expression) {
        if self.found.is_none() {
            visit::visit_expr(self, node);
        }
    }
}

fn body(from: &hcl::Body) -> Body {
    let mut into = Body::default();
    for structure in from {
        match structure {
            Structure::Attribute(attribute) => into.attributes.push(Attribute {
                name: attribute.key.as_str().to_owned(),
                name_span: span_of(&attribute.key),
                value: expr(&attribute.value),
            }),
            Structure::Block(block) => into.blocks.push(self::block(block)),
        }
    }
    into
}

fn block(from: &hcl::Block) -> Block {
    let labels: Vec<Label> = from.labels.iter().map(label).collect();
    let start = span_of(&from.ident);
    let end = labels.last().map_or(start.end, |label| label.span.end);
    Block {
        kind: from.ident.as_str().to_owned(),
        labels,
        header: start.start..end,
        body: body(&from.body),
    }
}

fn label(from: &hcl::BlockLabel) -> Label {
    Label {
        text: from.as_str().to_owned(),
        span: match from {
            hcl::BlockLabel::Ident(ident) => span_of(ident),
            hcl::BlockLabel::String(text) => span_of(text),
        },
    }
}

fn span_of(node: &impl Span) -> Range<usize> {
    node.span().unwrap_or_default()
}

/// The tree of an expression. Recursion is bounded by the parser's nesting limit.
fn expr(from: &Expression) -> Expr {
    let kind = match from {
        Expression::Null(_) => ExprKind::Null,
        Expression::Bool(value) => ExprKind::Bool(*value.value()),
        Expression::Number(value) => ExprKind::Number(number(&value.value().to_string())),
        Expression::String(value) => ExprKind::Text(value.value().clone()),
        Expression::Array(items) => ExprKind::List(items.iter().map(expr).collect()),
        Expression::Object(items) => ExprKind::Object(
            items
                .iter()
                .map(|(key, value)| (object_key(key), expr(value.expr())))
                .collect(),
        ),
        Expression::StringTemplate(template) => template_kind(template.iter()),
        Expression::HeredocTemplate(heredoc) => template_kind(heredoc.template.iter()),
        Expression::Parenthesis(inner) => return expr(inner.inner()),
        Expression::Variable(name) => ExprKind::Reference(vec![Step::Name(name.to_string())]),
        Expression::Traversal(traversal) => reference_kind(traversal),
        Expression::FuncCall(call) => ExprKind::Call(function_name(&call.name)),
        Expression::Conditional(_) => ExprKind::Other("a conditional"),
        Expression::UnaryOp(_) | Expression::BinaryOp(_) => ExprKind::Other("an operation"),
        Expression::ForExpr(_) => ExprKind::Other("a `for` expression"),
    };
    Expr {
        kind,
        span: span_of(from),
    }
}

/// Decimal text of a number: `2.0` is `2`, as in OpenTofu.
pub(super) fn number(text: &str) -> String {
    text.strip_suffix(".0").unwrap_or(text).to_owned()
}

fn object_key(from: &ObjectKey) -> Expr {
    match from {
        ObjectKey::Ident(name) => Expr {
            kind: ExprKind::Text(name.to_string()),
            span: span_of(from),
        },
        ObjectKey::Expression(key) => expr(key),
    }
}

fn function_name(name: &hcl_edit::expr::FuncName) -> String {
    let mut text = String::new();
    for part in &name.namespace {
        text.push_str(part.as_str());
        text.push_str("::");
    }
    text.push_str(name.name.as_str());
    text
}

fn template_kind<'a>(elements: impl Iterator<Item = &'a Element>) -> ExprKind {
    let mut parts = Vec::new();
    for element in elements {
        match element {
            Element::Literal(text) => parts.push(Part::Text(text.value().clone())),
            Element::Interpolation(value)
                if value.strip.strip_start() || value.strip.strip_end() =>
            {
                return ExprKind::Other("a template with `~`");
            }
            Element::Interpolation(value) => parts.push(Part::Value(expr(&value.expr))),
            Element::Directive(_) => return ExprKind::Other("a template directive"),
        }
    }
    match parts.as_slice() {
        [] => ExprKind::Text(String::new()),
        [Part::Text(text)] => ExprKind::Text(text.clone()),
        _ => ExprKind::Template(parts),
    }
}

fn reference_kind(traversal: &hcl_edit::expr::Traversal) -> ExprKind {
    let root = match &traversal.expr {
        Expression::Variable(name) => name.to_string(),
        Expression::FuncCall(call) => return ExprKind::Call(function_name(&call.name)),
        _ => return ExprKind::Other("a part of a computed value"),
    };
    let steps = traversal.operators.iter().map(|op| match op.value() {
        TraversalOperator::GetAttr(name) => Step::Name(name.to_string()),
        TraversalOperator::LegacyIndex(at) => Step::Index(at.value().to_string()),
        TraversalOperator::Index(Expression::String(key)) => Step::Key(key.value().clone()),
        TraversalOperator::Index(Expression::Number(at)) => {
            Step::Index(number(&at.value().to_string()))
        }
        TraversalOperator::Index(_)
        | TraversalOperator::AttrSplat(_)
        | TraversalOperator::FullSplat(_) => Step::Dynamic,
    });
    ExprKind::Reference(std::iter::once(Step::Name(root)).chain(steps).collect())
}

/// The reference that `text` spells, such as `aws.west`.
pub(super) fn reference(text: &str) -> Option<Vec<Step>> {
    let parsed = hcl_edit::parser::parse_expr(text).ok()?;
    match expr(&parsed).kind {
        ExprKind::Reference(steps) => Some(steps),
        _ => None,
    }
}

/// The template that a string of the JSON spelling is. Every node gets `span`, because escapes
/// keep the places inside it from being known.
pub(crate) fn template(text: &str, span: &Range<usize>) -> Result<Expr, String> {
    let parsed =
        hcl_edit::parser::parse_template(text).map_err(|error| error.message().to_owned())?;
    let mut whole = Expr {
        kind: template_kind(parsed.iter()),
        span: span.clone(),
    };
    place(&mut whole, span);
    Ok(whole)
}

/// Sets the span of an expression and of all below it.
fn place(expr: &mut Expr, span: &Range<usize>) {
    expr.span = span.clone();
    match &mut expr.kind {
        ExprKind::List(items) => items.iter_mut().for_each(|item| place(item, span)),
        ExprKind::Object(items) => items.iter_mut().for_each(|(key, value)| {
            place(key, span);
            place(value, span);
        }),
        ExprKind::Template(parts) => parts.iter_mut().for_each(|part| {
            if let Part::Value(value) = part {
                place(value, span);
            }
        }),
        _ => {}
    }
}
