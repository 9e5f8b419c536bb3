//! `fsck PATH`

use std::path::Path;

use tofu_oci::inspect::{Checked, FsckReport};
use tofu_oci::store::layout::{Finding, Severity};

use super::{Ending, directory, inspector, output};
use crate::args::FsckArgs;
use crate::diagnostic::{Code, Diagnostic, Failure};
use crate::document::{FindingEntry, FsckDocument};
use crate::interrupt::{Stop, run_reading};
use crate::printer::{Align, Table, count, shown};
use crate::settings::Settings;

pub(super) fn run(args: &FsckArgs, settings: &Settings) -> Result<Ending, Stop> {
    let inspector = inspector(settings)?;
    let report = run_reading(inspector.fsck(directory(&args.path)))?;
    let document = document(&report);
    settings
        .printer
        .result(&document, || human(&document))
        .map_err(output)?;
    if document.damaged {
        let message = format!("{} is damaged", document.path);
        let diagnostic = Diagnostic::new(Code::DamageFound, message)
            .hint("restore the files from a copy, or publish what they belong to again");
        return Err(Failure::from(diagnostic).into());
    }
    Ok(Ending::Done)
}

fn document(report: &FsckReport) -> FsckDocument {
    // Files are found under the directory's real path.
    let root = report.path.canonicalize().unwrap_or_default();
    let below = |file: &Path| file.strip_prefix(&root).unwrap_or(file).to_owned();
    let finding = |finding: &Finding| FindingEntry {
        repository: match report.checked {
            Checked::Layout => None,
            Checked::Layouts(_) => finding.place.name.as_ref().map(ToString::to_string),
        },
        file: below(&finding.file).to_string_lossy().into_owned(),
        severity: match finding.problem.severity() {
            Severity::Error => "error",
            Severity::Information => "information",
        },
        problem: finding.problem.to_string(),
    };
    FsckDocument {
        version: 1,
        path: report.path.to_string_lossy().into_owned(),
        repositories: match report.checked {
            Checked::Layout => 1,
            Checked::Layouts(number) => number,
        },
        damaged: report.is_damaged(),
        findings: report.findings.iter().map(finding).collect(),
    }
}

fn human(document: &FsckDocument) -> String {
    let mut table = Table::new(&[
        ("SEVERITY", Align::Left),
        ("FILE", Align::Left),
        ("FINDING", Align::Left),
    ]);
    for entry in &document.findings {
        table.row([entry.severity, &entry.file, &entry.problem]);
    }
    let errors = document
        .findings
        .iter()
        .filter(|entry| entry.severity == "error")
        .count();
    let table = if table.is_empty() {
        String::new()
    } else {
        format!("{table}\n")
    };
    format!(
        "{table}{} in {} checked: {}\n",
        count(document.repositories, "repository"),
        shown(&document.path),
        match errors {
            0 => "nothing is damaged".to_owned(),
            errors => count(errors, "error"),
        }
    )
}
