//! A configuration file, read into its tree.

use std::borrow::Cow;
use std::ops::Range;

use super::{ConfigFile, FileRole, FileSyntax};
use crate::tofu::syntax::json::BlockShape;
use crate::tofu::syntax::tree::{Block, Body, Expr};
use crate::tofu::syntax::{SourceProblem, SourceRange, SourceText, json, native};

/// The blocks of a configuration file that are looked at, for the JSON spelling.
const SHAPES: &[BlockShape] = &[
    shape("terraform", 0, &[shape("required_providers", 0, &[])]),
    shape("provider", 1, &[]),
    shape("resource", 2, &[]),
    shape("data", 2, &[]),
    shape("ephemeral", 2, &[]),
    shape("check", 1, &[shape("data", 2, &[])]),
    shape("import", 0, &[]),
    shape("module", 1, &[]),
    shape("locals", 0, &[]),
    shape("variable", 1, &[]),
];

const fn shape(kind: &'static str, labels: usize, nested: &'static [BlockShape]) -> BlockShape {
    BlockShape {
        kind,
        labels,
        nested,
    }
}

/// A file and its tree.
#[derive(Debug)]
pub(super) struct ParsedFile<'a> {
    pub(super) text: SourceText<'a>,
    pub(super) body: Body,
    pub(super) role: FileRole,
    pub(super) tofu_only: bool,
}

impl<'a> ParsedFile<'a> {
    /// Reads a file. Where that fails, the reason is in `findings`.
    pub(super) fn read(
        file: &ConfigFile,
        module_path: &str,
        bytes: &'a [u8],
        findings: &mut Findings,
    ) -> Option<Self> {
        // People look for the file from where they stand, which is the root module.
        let shown = match module_path {
            "." | "" => file.name.clone(),
            path => format!("{}/{}", path.trim_end_matches('/'), file.name),
        };
        let text = match SourceText::new(&shown, bytes) {
            Ok(text) => text,
            Err(problem) => {
                findings.problems.push(*problem);
                return None;
            }
        };
        let body = match file.syntax {
            FileSyntax::Native => native::read(&text, &mut findings.problems),
            FileSyntax::Json => json::read(&text, SHAPES, &mut findings.problems),
        }?;
        Some(Self {
            text,
            body,
            role: file.role,
            tofu_only: file.tofu_only,
        })
    }

    pub(super) fn range(&self, span: &Range<usize>) -> SourceRange {
        self.text.range(span)
    }
}

/// What was found wrong, or worth a warning, while a module is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<SourceProblem>,
    pub(super) warnings: Vec<SourceProblem>,
}

impl Findings {
    /// Adds a problem at `span` of `file`.
    pub(super) fn problem(
        &mut self,
        file: &ParsedFile<'_>,
        span: &Range<usize>,
        summary: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) {
        file.text.report(&mut self.problems, summary, detail, span);
    }

    /// Adds a warning at `span` of `file`.
    pub(super) fn warning(
        &mut self,
        file: &ParsedFile<'_>,
        span: &Range<usize>,
        summary: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) {
        file.text.report(&mut self.warnings, summary, detail, span);
    }

    /// The labels of a block that takes `N` of them, or a problem.
    pub(super) fn labels<'b, const N: usize>(
        &mut self,
        file: &ParsedFile<'_>,
        block: &'b Block,
    ) -> Option<[&'b str; N]> {
        if let Some(extra) = block.label(N) {
            let detail = format!("a {:?} block takes no more than {N} of them", block.kind);
            self.problem(file, &extra.span, "Extraneous label", detail);
            return None;
        }
        let labels: Vec<&str> = block
            .labels
            .iter()
            .map(|label| label.text.as_str())
            .collect();
        let labels: Option<[&str; N]> = labels.try_into().ok();
        if labels.is_none() {
            let detail = format!("a {:?} block takes {N} of them", block.kind);
            self.problem(file, &block.header, "Missing label", detail);
        }
        labels
    }
}

/// An expression and the file it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located<'a> {
    pub(super) file: &'a ParsedFile<'a>,
    pub(super) expr: &'a Expr,
}
