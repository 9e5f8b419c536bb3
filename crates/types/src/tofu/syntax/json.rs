//! The JSON spelling.
//!
//! JSON does not tell an argument from a block, so the reader is told which names are blocks and
//! how many labels they have ([`BlockShape`]); everything else is an argument. Each level of labels
//! and each body may be an object or a list of objects, and a name that stands twice in one object
//! is two blocks, hence a small reader of our own: general ones keep only the last, and none of them
//! says where a value stands.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tree::{Attribute, Block, Body, Expr, ExprKind, Label};
use super::{SourceProblem, SourceText};

/// A name that is a block: its labels, and the blocks inside it.
#[derive(Debug)]
pub(crate) struct BlockShape {
    pub(crate) kind: &'static str,
    pub(crate) labels: usize,
    pub(crate) nested: &'static [BlockShape],
}

/// Objects and lists inside one another beyond this are refused, so that no input can exhaust the
/// stack.
const DEPTH: usize = 64;

/// Reads a file. `None` means that nothing of it can be used; the reason is in `problems`.
pub(crate) fn read(
    text: &SourceText<'_>,
    shapes: &'static [BlockShape],
    problems: &mut Vec<SourceProblem>,
) -> Option<Body> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0).and_then(|value| {
        parser.blanks();
        if parser.at < text.text().len() {
            return Err(parser.fail("nothing may follow the value"));
        }
        Ok(value)
    });
    match value {
        Ok(value) => Some(body(&value, shapes, &mut Mistakes { text, problems })),
        Err((at, detail)) => {
            let end = at
                + text
                    .text()
                    .get(at..)
                    .and_then(|t| t.chars().next())
                    .map_or(0, char::len_utf8);
            problems.push(text.problem("Invalid JSON", detail, at..end));
            None
        }
    }
}

/// A JSON value and where it is.
#[derive(Debug)]
struct Json {
    kind: JsonKind,
    span: Range<usize>,
}

#[derive(Debug)]
enum JsonKind {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Members),
}

type Members = Vec<(Label, Json)>;

type Fail = (usize, &'static str);

struct Parser<'a> {
    text: &'a SourceText<'a>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.text().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.text().as_bytes().get(self.at).copied()
    }

    fn fail(&self, detail: &'static str) -> Fail {
        (self.at, detail)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Fail> {
        self.blanks();
        let start = self.at;
        let kind = match self.peek() {
            None => return Err(self.fail("a value is missing at the end of the file")),
            Some(_) if depth > DEPTH => return Err(self.fail("values are nested too deeply")),
            Some(b'{') => JsonKind::Object(self.object(depth)?),
            Some(b'[') => JsonKind::List(self.list(depth)?),
            Some(b'"') => JsonKind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => JsonKind::Number(self.number()?),
            Some(_) => self.word()?,
        };
        Ok(Json {
            kind,
            span: start..self.at,
        })
    }

    fn word(&mut self) -> Result<JsonKind, Fail> {
        let rest = self.rest();
        let words = [
            ("null", JsonKind::Null),
            ("true", JsonKind::Bool(true)),
            ("false", JsonKind::Bool(false)),
        ];
        let word = words.into_iter().find(|(word, _)| rest.starts_with(word));
        let (word, kind) = word.ok_or_else(|| self.fail("a value is expected"))?;
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<String, Fail> {
        let length = self
            .rest()
            .bytes()
            .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let text = self.rest().get(..length).unwrap_or_default();
        let number: serde_json::Number =
            serde_json::from_str(text).map_err(|_| self.fail("this is not a number"))?;
        self.at += length;
        Ok(super::native::number(&number.to_string()))
    }

    fn string(&mut self) -> Result<String, Fail> {
        let mut escaped = true; // the opening quote ends nothing
        let end = self.rest().bytes().position(|b| {
            let ends = b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            ends
        });
        let end = end.ok_or_else(|| self.fail("the string does not end"))?;
        let text = self.rest().get(..=end).unwrap_or_default();
        let value = serde_json::from_str(text)
            .map_err(|_| self.fail("the string has a control character or an unknown escape"))?;
        self.at += end + 1;
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Json>, Fail> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.blanks();
            if items.is_empty() && self.peek() == Some(b']') {
                break;
            }
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.fail("a comma or `]` is expected")),
            }
        }
        self.at += 1;
        Ok(items)
    }

    fn object(&mut self, depth: usize) -> Result<Members, Fail> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.blanks();
            if items.is_empty() && self.peek() == Some(b'}') {
                break;
            }
            if self.peek() != Some(b'"') {
                return Err(self.fail("a name in quotes is expected"));
            }
            let start = self.at;
            let text = self.string()?;
            let key = Label {
                text,
                span: start..self.at,
            };
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.fail("a colon is expected"));
            }
            self.at += 1;
            items.push((key, self.value(depth + 1)?));
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.fail("a comma or `}` is expected")),
            }
        }
        self.at += 1;
        Ok(items)
    }
}

/// Where mistakes of shape go.
struct Mistakes<'a> {
    text: &'a SourceText<'a>,
    problems: &'a mut Vec<SourceProblem>,
}

impl Mistakes<'_> {
    fn add(&mut self, detail: String, span: &Range<usize>) {
        self.text
            .report(self.problems, "Incorrect JSON value type", detail, span);
    }
}

/// The body that `value`, an object or a list of objects, stands for.
fn body(value: &Json, shapes: &'static [BlockShape], mistakes: &mut Mistakes<'_>) -> Body {
    let mut into = Body::default();
    let mut seen = BTreeSet::new();
    let mut objects = Vec::new();
    flatten(value, &mut objects, mistakes);
    for (key, value) in objects.into_iter().flatten() {
        if key.text == "//" {
            continue;
        }
        if let Some(shape) = shapes.iter().find(|shape| shape.kind == key.text) {
            let mut open = OpenBlock {
                shape,
                start: key.span.clone(),
                labels: Vec::new(),
            };
            open.close(&mut into, value, mistakes);
        } else if seen.insert(&key.text) {
            into.attributes.push(Attribute {
                name: key.text.clone(),
                name_span: key.span.clone(),
                value: expr(value),
            });
        } else {
            let detail = format!("{:?} is set twice in the same place", key.text);
            let summary = "Duplicate attribute definition";
            mistakes
                .text
                .report(mistakes.problems, summary, detail, &key.span);
        }
    }
    into
}

/// The objects of an object or a list of objects.
fn flatten<'j>(value: &'j Json, into: &mut Vec<&'j Members>, mistakes: &mut Mistakes<'_>) {
    match &value.kind {
        JsonKind::List(items) => items.iter().for_each(|item| flatten(item, into, mistakes)),
        JsonKind::Object(items) => into.push(items),
        _ => mistakes.add("an object is expected here".to_owned(), &value.span),
    }
}

/// A block of which the labels are being read.
struct OpenBlock {
    shape: &'static BlockShape,
    start: Range<usize>,
    labels: Vec<Label>,
}

impl OpenBlock {
    /// Adds every block `value` stands for.
    fn close(&mut self, into: &mut Body, value: &Json, mistakes: &mut Mistakes<'_>) {
        match &value.kind {
            JsonKind::Null => {}
            JsonKind::List(items) => {
                items
                    .iter()
                    .for_each(|item| self.close(into, item, mistakes));
            }
            JsonKind::Object(items) if self.labels.len() < self.shape.labels => {
                for (key, value) in items {
                    self.labels.push(key.clone());
                    self.close(into, value, mistakes);
                    self.labels.pop();
                }
            }
            JsonKind::Object(_) => {
                let body = body(value, self.shape.nested, mistakes);
                let header = self.labels.last().map_or(&self.start, |label| &label.span);
                into.blocks.push(Block {
                    kind: self.shape.kind.to_owned(),
                    header: header.clone(),
                    labels: self.labels.clone(),
                    body,
                });
            }
            _ => mistakes.add("an object is expected here".to_owned(), &value.span),
        }
    }
}

fn expr(from: &Json) -> Expr {
    let kind = match &from.kind {
        JsonKind::Null => ExprKind::Null,
        JsonKind::Bool(value) => ExprKind::Bool(*value),
        JsonKind::Number(text) => ExprKind::Number(text.clone()),
        JsonKind::Text(text) => ExprKind::JsonText(text.clone()),
        JsonKind::List(items) => ExprKind::List(items.iter().map(expr).collect()),
        JsonKind::Object(items) => ExprKind::Object(
            items
                .iter()
                .map(|(key, value)| {
                    let key = Expr {
                        kind: ExprKind::Text(key.text.clone()),
                        span: key.span.clone(),
                    };
                    (key, expr(value))
                })
                .collect(),
        ),
    };
    Expr {
        kind,
        span: from.span.clone(),
    }
}
