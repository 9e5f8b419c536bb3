//! Templates with `${namespace}`: HCL string templates.
//!
//! Only what can choose a text is allowed: conditionals, comparisons, logic, literals and indexing.
//! Functions do not exist in OpenTofu's templates either. Arithmetic and `for` are refused because
//! there is no number and no list to use them on, and their evaluation is not bounded by the
//! length of the template.

use std::collections::BTreeSet;
use std::str::FromStr;

use hcl::eval::{Context, Evaluate};
use hcl::expr::{
    BinaryOperator, Expression, ObjectKey, Operation, TraversalOperator, UnaryOperator,
};
use hcl::template::{Directive, Element};

use super::{TemplateVariable, Values};

#[derive(Clone)]
pub(super) struct Template(hcl::Template);

impl Template {
    pub(super) fn read(text: &str) -> Result<(Self, BTreeSet<TemplateVariable>), String> {
        let template = parse(hcl::Template::from_str(text))?;
        let mut variables = BTreeSet::new();
        check_template(&template, &mut variables)?;
        Ok((Self(template), variables))
    }

    pub(super) fn evaluate(&self, values: &Values<'_>) -> Result<String, String> {
        let mut context = Context::new();
        for (variable, value) in &values.values {
            context.declare_var(hcl::Identifier::unchecked(variable.as_str()), *value);
        }
        self.0
            .evaluate(&context)
            .map_err(|error| format!("it cannot be evaluated: {}", error.kind()))
    }
}

/// The parser's message, on one line.
fn parse<T>(result: Result<T, hcl::Error>) -> Result<T, String> {
    result.map_err(|error| match error {
        hcl::Error::Parse(error) => format!(
            "line {}, column {}: {}",
            error.location().line(),
            error.location().column(),
            error.message()
        ),
        other => other.to_string(),
    })
}

type Variables = BTreeSet<TemplateVariable>;

fn check_template(template: &hcl::Template, variables: &mut Variables) -> Result<(), String> {
    for element in template.elements() {
        match element {
            Element::Literal(_) => {}
            Element::Interpolation(interpolation) => check(&interpolation.expr, variables)?,
            Element::Directive(directive) => match directive.as_ref() {
                Directive::If(directive) => {
                    check(&directive.cond_expr, variables)?;
                    check_template(&directive.true_template, variables)?;
                    if let Some(template) = &directive.false_template {
                        check_template(template, variables)?;
                    }
                }
                Directive::For(_) => return Err(unsupported("for")),
            },
        }
    }
    Ok(())
}

/// Collects the variables of an expression and refuses what is not allowed. The recursion ends
/// where the parser's limit of nesting ends.
fn check(expression: &Expression, variables: &mut Variables) -> Result<(), String> {
    match expression {
        Expression::Null | Expression::Bool(_) | Expression::Number(_) | Expression::String(_) => {}
        Expression::Array(items) => {
            for item in items {
                check(item, variables)?;
            }
        }
        Expression::Object(object) => {
            for (key, value) in object {
                if let ObjectKey::Expression(key) = key {
                    check(key, variables)?;
                }
                check(value, variables)?;
            }
        }
        Expression::TemplateExpr(template) => {
            check_template(&parse(hcl::Template::from_expr(template))?, variables)?;
        }
        Expression::Variable(variable) => {
            variables.insert(TemplateVariable::named(variable.as_str())?);
        }
        Expression::Traversal(traversal) => {
            check(&traversal.expr, variables)?;
            for operator in &traversal.operators {
                if let TraversalOperator::Index(index) = operator {
                    check(index, variables)?;
                }
            }
        }
        Expression::FuncCall(call) => {
            return Err(format!("function calls not allowed: {}", call.name));
        }
        Expression::Parenthesis(inner) => check(inner, variables)?,
        Expression::Conditional(conditional) => {
            check(&conditional.cond_expr, variables)?;
            check(&conditional.true_expr, variables)?;
            check(&conditional.false_expr, variables)?;
        }
        Expression::Operation(operation) => check_operation(operation, variables)?,
        Expression::ForExpr(_) => return Err(unsupported("for")),
        _ => return Err("it has an expression of an unknown kind".into()),
    }
    Ok(())
}

fn check_operation(operation: &Operation, variables: &mut Variables) -> Result<(), String> {
    match operation {
        Operation::Unary(unary) => match unary.operator {
            UnaryOperator::Not => check(&unary.expr, variables),
            operator => Err(unsupported(operator.as_str())),
        },
        Operation::Binary(binary) => match binary.operator {
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Mul
            | BinaryOperator::Div
            | BinaryOperator::Mod => Err(unsupported(binary.operator.as_str())),
            _ => {
                check(&binary.lhs_expr, variables)?;
                check(&binary.rhs_expr, variables)
            }
        },
    }
}

fn unsupported(what: &str) -> String {
    format!("{what:?} is not supported in a template: its symbols are neither numbers nor lists")
}
