//! The JSON spelling: what the clients' own reader takes, which is not quite JSON. Escapes are
//! Go's, so there is no `\/` and there are no surrogate pairs; a comma may stand behind the last
//! entry; `null` is the empty string.

use std::sync::Arc;

use super::{DEPTH, Item, Key, Mistake, Object, Spelling, Value, ValueKind, quoted};

/// Reads a whole file.
pub(super) fn read(text: &str) -> Result<Object, Mistake> {
    let mut parser = Parser { text, at: 0 };
    parser.blanks();
    if parser.peek() != Some(b'{') {
        return parser.fail("the file is no JSON object");
    }
    let root = parser.object(0)?;
    parser.blanks();
    if parser.at < text.len() {
        return parser.fail("nothing may follow the closing brace");
    }
    Ok(root)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fail<T>(&self, detail: &'static str) -> Result<T, Mistake> {
        Err(Mistake::new(self.at, detail))
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Whether the object or list ends here; else what is before the next entry is skipped.
    fn ends(&mut self, close: u8, first: bool) -> Result<bool, Mistake> {
        self.blanks();
        if !first && self.peek() == Some(b',') {
            self.at += 1;
            self.blanks();
        } else if !first && self.peek() != Some(close) {
            return self.fail("a comma or the closing bracket is expected");
        }
        let ends = self.peek() == Some(close);
        if ends {
            self.at += 1;
        }
        Ok(ends)
    }

    fn object(&mut self, depth: usize) -> Result<Object, Mistake> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        while !self.ends(b'}', items.is_empty())? {
            if self.peek() != Some(b'"') {
                return self.fail("a name in double quotes is expected");
            }
            let span = self.at;
            let text = self.string()?;
            let key = Arc::new(Key {
                text,
                span: span..self.at,
            });
            self.blanks();
            if self.peek() != Some(b':') {
                return self.fail("a colon is expected");
            }
            self.at += 1;
            items.push(Item {
                keys: vec![key],
                equals: false,
                value: self.value(depth + 1)?,
            });
        }
        Ok(Object {
            items,
            span: start..self.at,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, Mistake> {
        self.at += 1;
        let mut values = Vec::new();
        while !self.ends(b']', values.is_empty())? {
            values.push(self.value(depth + 1)?);
        }
        Ok(values)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Mistake> {
        self.blanks();
        let start = self.at;
        let kind = match self.peek() {
            None => return self.fail("the file ends where a value is expected"),
            Some(_) if depth > DEPTH => return self.fail("values are nested too deeply"),
            Some(b'{') => ValueKind::Object(self.object(depth)?),
            Some(b'[') => ValueKind::List(self.list(depth)?),
            Some(b'"') => ValueKind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Value {
            kind,
            span: start..self.at,
        })
    }

    fn string(&mut self) -> Result<String, Mistake> {
        let (value, end) = quoted::read(self.text, self.at, Spelling::Json)?;
        self.at = end;
        Ok(value)
    }

    fn word(&mut self) -> Result<ValueKind, Mistake> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let kind = match rest.get(..length) {
            Some("true") => ValueKind::Bool(true),
            Some("false") => ValueKind::Bool(false),
            Some("null") => ValueKind::Text(String::new()),
            _ => return self.fail("a value is expected"),
        };
        self.at += length;
        Ok(kind)
    }

    fn number(&mut self) -> Result<ValueKind, Mistake> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '+' | '.'))
            .unwrap_or(rest.len());
        let text = rest.get(..length).unwrap_or_default();
        if serde_json::from_str::<serde_json::Number>(text).is_err() {
            return self.fail("this is not a number");
        }
        self.at += length;
        Ok(if text.contains(['.', 'e', 'E']) {
            ValueKind::Float(text.to_owned())
        } else {
            ValueKind::Number(text.to_owned())
        })
    }
}
