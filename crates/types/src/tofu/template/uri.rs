//! Templates with `{namespace}`: RFC 6570, level 1, without its escaping.

use std::collections::BTreeSet;

use super::{TemplateVariable, Values};

#[derive(Clone)]
enum Piece {
    Literal(String),
    Variable(TemplateVariable),
}

#[derive(Clone)]
pub(super) struct Template(Vec<Piece>);

impl Template {
    pub(super) fn read(text: &str) -> Result<(Self, BTreeSet<TemplateVariable>), String> {
        // A path may have any character; what is sent to a registry may not.
        if !text.starts_with("dir:") {
            check_percent(text)?;
        }
        let mut pieces = Vec::new();
        let mut variables = BTreeSet::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            push_literal(&mut pieces, literal)?;
            let (expression, after) = after
                .split_once('}')
                .ok_or("unclosed URI template expression")?;
            let variable = variable(expression)?;
            variables.insert(variable);
            pieces.push(Piece::Variable(variable));
            rest = after;
        }
        push_literal(&mut pieces, rest)?;
        Ok((Self(pieces), variables))
    }

    /// The same as an HCL string template. Literals of this kind have neither `${` nor `%{`.
    pub(super) fn to_hcl(&self) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Variable(variable) => format!("${{{variable}}}"),
        });
        pieces.collect()
    }

    pub(super) fn evaluate(&self, values: &Values<'_>) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text.as_str(),
                Piece::Variable(variable) => values.get(*variable),
            })
            .collect()
    }
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &str) -> Result<(), String> {
    if literal.contains('}') {
        return Err("a closing brace has no opening one".into());
    }
    pieces.push(Piece::Literal(literal.to_owned()));
    Ok(())
}

fn variable(expression: &str) -> Result<TemplateVariable, String> {
    let only = "only plain variables are supported";
    match expression.chars().next() {
        None => return Err("variable name is missing between the braces".into()),
        Some(c @ ('+' | '#')) => {
            return Err(format!(
                "level 2 template expression operator {c:?} not allowed; {only}"
            ));
        }
        Some(c @ ('.' | '/' | ';' | '?' | '&')) => {
            return Err(format!(
                "level 3 template expression operator {c:?} not allowed; {only}"
            ));
        }
        Some(c @ ('=' | ',' | '!' | '@' | '|')) => {
            return Err(format!(
                "reserved template expression operator {c:?} not allowed"
            ));
        }
        Some(_) => {}
    }
    for c in expression.chars() {
        match c {
            ':' | '*' => return Err(format!("level 4 modifier {c:?} not allowed; {only}")),
            c if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') => {}
            c => return Err(format!("invalid symbol {c:?} in variable name")),
        }
    }
    TemplateVariable::named(expression)
}

fn check_percent(text: &str) -> Result<(), String> {
    for after in text.split('%').skip(1) {
        let mut digits = after.bytes().take(2).filter(u8::is_ascii_hexdigit);
        if digits.by_ref().count() < 2 {
            return Err("invalid percent-encoded character".into());
        }
    }
    Ok(())
}
