//! The words of the native spelling.

use std::ops::Range;

use super::{Mistake, Spelling, quoted};

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

/// A word, or the end of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    End,
    Name(String),
    Bool(bool),
    Number(String),
    Float(String),
    Quoted(String),
    Heredoc(String),
    Equals,
    Comma,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
}

/// Reads words from a text.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Result<Token, Mistake> {
        self.skip()?;
        let start = self.at;
        let kind = match self.peek() {
            None => TokenKind::End,
            Some('"') => {
                let (value, end) = quoted::read(self.text, start, Spelling::Native)?;
                self.at = end;
                TokenKind::Quoted(value)
            }
            Some('<') => self.heredoc()?,
            Some(c) if is_letter(c) => self.name(),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '.') => self.number()?,
            Some(c) => {
                self.at += c.len_utf8();
                match c {
                    '=' => TokenKind::Equals,
                    ',' => TokenKind::Comma,
                    '{' => TokenKind::OpenBrace,
                    '}' => TokenKind::CloseBrace,
                    '[' => TokenKind::OpenBracket,
                    ']' => TokenKind::CloseBracket,
                    _ => return Err(Mistake::new(start, "this character is not allowed here")),
                }
            }
        };
        Ok(Token {
            kind,
            span: start..self.at,
        })
    }

    /// Skips blanks and comments.
    fn skip(&mut self) -> Result<(), Mistake> {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let length = comment
                    .find("*/")
                    .ok_or_else(|| Mistake::new(self.at, "the comment does not end"))?;
                self.at += length + "/**/".len();
            } else {
                return Ok(());
            }
        }
    }

    fn name(&mut self) -> TokenKind {
        let name = self.take_while(|c| is_letter(c) || is_digit(c) || matches!(c, '-' | '.'));
        match name {
            "true" => TokenKind::Bool(true),
            "false" => TokenKind::Bool(false),
            name => TokenKind::Name(name.to_owned()),
        }
    }

    fn number(&mut self) -> Result<TokenKind, Mistake> {
        let start = self.at;
        let refuse = |detail: &'static str| Mistake::new(start, detail);
        if self.peek() == Some('-') {
            self.at += 1;
        }
        let whole = self.rest();
        if whole.starts_with("0x") || whole.starts_with("0X") {
            self.at += 2;
            if self.take_while(|c| c.is_ascii_hexdigit()).is_empty() {
                return Err(refuse("the hexadecimal number has no digits"));
            }
            return Ok(TokenKind::Number(self.since(start)));
        }
        let whole = self.take_while(|c| c.is_ascii_digit());
        let fraction = self.peek() == Some('.');
        if fraction {
            self.at += 1;
            let digits = self.take_while(|c| c.is_ascii_digit());
            if whole.is_empty() && digits.is_empty() {
                return Err(refuse("this character is not allowed here"));
            }
        } else if whole.is_empty() {
            return Err(refuse("a digit must follow the minus sign"));
        }
        let exponent = matches!(self.peek(), Some('e' | 'E'));
        if exponent {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            if self.take_while(|c| c.is_ascii_digit()).is_empty() {
                return Err(refuse("the exponent has no digits"));
            }
        }
        if fraction || exponent {
            return Ok(TokenKind::Float(self.since(start)));
        }
        if whole.starts_with('0') && whole.contains(['8', '9']) {
            return Err(refuse("a number that begins with 0 is octal"));
        }
        Ok(TokenKind::Number(self.since(start)))
    }

    fn since(&self, start: usize) -> String {
        self.text.get(start..self.at).unwrap_or_default().to_owned()
    }

    /// `<<NAME` or `<<-NAME`, lines, and a line with NAME alone. With the dash, what stands before
    /// the last NAME is taken from the beginning of every line, if all of them have it.
    fn heredoc(&mut self) -> Result<TokenKind, Mistake> {
        let start = self.at;
        let refuse = |detail: &'static str| Mistake::new(start, detail);
        let opening = self
            .rest()
            .strip_prefix("<<")
            .ok_or_else(|| refuse("a heredoc begins with <<"))?;
        let indented = opening.starts_with('-');
        self.at += if indented { 3 } else { 2 };
        let marker = self.take_while(|c| is_letter(c) || is_digit(c));
        if marker.is_empty() {
            return Err(refuse("a name must follow the << of a heredoc"));
        }
        let body = self
            .rest()
            .strip_prefix('\n')
            .or_else(|| self.rest().strip_prefix("\r\n"))
            .ok_or_else(|| refuse("nothing may follow the name of a heredoc on its line"))?;
        self.at = self.text.len() - body.len();
        let mut lines: Vec<&str> = Vec::new();
        loop {
            let Some((line, _)) = self.rest().split_once('\n') else {
                return Err(refuse(
                    "the heredoc does not end: its name must stand on a line of its own",
                ));
            };
            self.at += line.len() + 1;
            let line = line.strip_suffix('\r').unwrap_or(line);
            let end = line.trim_end_matches('\r');
            match end.strip_suffix(marker) {
                Some(margin) if margin.chars().all(|c| c.is_ascii_whitespace()) => {
                    return Ok(TokenKind::Heredoc(joined(&lines, margin, indented)));
                }
                _ => lines.push(line),
            }
        }
    }
}

/// The text of a heredoc whose last line begins with `margin`.
fn joined(lines: &[&str], margin: &str, indented: bool) -> String {
    let strip = indented && lines.iter().all(|line| line.starts_with(margin));
    let mut text: String = lines
        .iter()
        .map(|line| {
            let line = if strip {
                line.strip_prefix(margin).unwrap_or(line)
            } else {
                line
            };
            format!("{line}\n")
        })
        .collect();
    // Without the dash, the blanks before the last name belong to the text.
    if !indented {
        text.push_str(margin);
    }
    text
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())
}
