//! The native spelling.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::scan::{Scanner, Token, TokenKind};
use super::{DEPTH, Item, Key, Mistake, Object, Value, ValueKind};

/// Reads a whole file.
pub(super) fn read(text: &str) -> Result<Object, Mistake> {
    let mut scanner = Scanner::new(text);
    let next = scanner.next()?;
    let mut parser = Parser { scanner, next };
    let items = parser.items(&TokenKind::End, 0)?;
    Ok(Object {
        items,
        span: 0..text.len(),
    })
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    /// The word that was not taken yet.
    next: Token,
}

impl Parser<'_> {
    fn take(&mut self) -> Result<Token, Mistake> {
        let next = self.scanner.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn fail<T>(&self, detail: &'static str) -> Result<T, Mistake> {
        Err(Mistake::new(self.next.span.start, detail))
    }

    /// The items before `end`, which is left to be taken. Each may have a comma behind it.
    fn items(&mut self, end: &TokenKind, depth: usize) -> Result<Vec<Item>, Mistake> {
        let mut items = Vec::new();
        let mut names = BTreeSet::new();
        while self.next.kind != *end {
            if self.next.kind == TokenKind::End {
                return self.fail("the file ends, and a brace is not closed");
            }
            let item = self.item(depth)?;
            // `a` and `"a"` are two names here, though arguments are told apart by their value.
            if item.equals {
                for key in &item.keys {
                    let quoted = key.span.len() != key.text.len();
                    if !names.insert((key.text.clone(), quoted)) {
                        return Err(Mistake::new(
                            key.span.start,
                            "this argument is set twice; each can be set once",
                        ));
                    }
                }
            }
            items.push(item);
            if self.next.kind == TokenKind::Comma {
                self.take()?;
            }
        }
        Ok(items)
    }

    fn item(&mut self, depth: usize) -> Result<Item, Mistake> {
        let mut keys = Vec::new();
        loop {
            let text = match &self.next.kind {
                TokenKind::Name(text) | TokenKind::Quoted(text) => text.clone(),
                // The words of values are names where a name is expected.
                TokenKind::Equals | TokenKind::OpenBrace if !keys.is_empty() => break,
                TokenKind::Equals | TokenKind::OpenBrace => {
                    return self.fail("a name is missing before this");
                }
                _ if keys.is_empty() => {
                    return self.fail("the name of an argument or a block is expected");
                }
                _ => return self.fail("`=` or `{` is expected behind a name"),
            };
            let span = self.take()?.span;
            keys.push(Arc::new(Key { text, span }));
        }
        let equals = self.next.kind == TokenKind::Equals;
        if equals {
            if keys.len() > 1 {
                return self.fail("an argument has one name; a block with labels has no `=`");
            }
            self.take()?;
        }
        let value = self.value(depth + 1)?;
        Ok(Item {
            keys,
            equals,
            value,
        })
    }

    fn value(&mut self, depth: usize) -> Result<Value, Mistake> {
        if depth > DEPTH {
            return self.fail("values are nested too deeply");
        }
        let start = self.next.span.clone();
        let kind = match self.next.kind.clone() {
            TokenKind::Bool(value) => ValueKind::Bool(value),
            TokenKind::Number(text) => ValueKind::Number(text),
            TokenKind::Float(text) => ValueKind::Float(text),
            TokenKind::Quoted(text) | TokenKind::Heredoc(text) => ValueKind::Text(text),
            TokenKind::OpenBrace => return self.object(depth),
            TokenKind::OpenBracket => return self.list(depth),
            TokenKind::Name(_) => {
                return self.fail("a value is expected; text is written in double quotes");
            }
            TokenKind::End => return self.fail("the file ends where a value is expected"),
            TokenKind::Equals
            | TokenKind::Comma
            | TokenKind::CloseBrace
            | TokenKind::CloseBracket => return self.fail("a value is expected"),
        };
        self.take()?;
        Ok(Value { kind, span: start })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Mistake> {
        let start = self.take()?.span.start;
        let items = self.items(&TokenKind::CloseBrace, depth)?;
        let span = start..self.take()?.span.end;
        Ok(Value {
            kind: ValueKind::Object(Object {
                items,
                span: span.clone(),
            }),
            span,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Mistake> {
        let start = self.take()?.span.start;
        let mut values = Vec::new();
        let mut comma = true;
        loop {
            match self.next.kind {
                TokenKind::CloseBracket => break,
                TokenKind::Comma => {
                    self.take()?;
                    comma = true;
                }
                TokenKind::End => return self.fail("the file ends, and a bracket is not closed"),
                _ if !comma => return self.fail("a comma or `]` is expected"),
                _ => {
                    values.push(self.value(depth + 1)?);
                    comma = false;
                }
            }
        }
        let span = start..self.take()?.span.end;
        Ok(Value {
            kind: ValueKind::List(values),
            span,
        })
    }
}
