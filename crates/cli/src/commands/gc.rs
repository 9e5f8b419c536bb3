//! `gc PATH`

use tofu_oci::inspect::Checked;
use tofu_oci::maintain::GcReport;
use tofu_oci::store::layout::{GcOptions, GcRepository, Sweep, Swept};

use super::{Ending, directory, maintainer, output};
use crate::args::GcArgs;
use crate::diagnostic::{Diagnostic, Failure, chain};
use crate::document::{GcDocument, GcRepositoryEntry, SweptEntry};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{Align, Table, count, shown, size};
use crate::settings::Settings;

pub(super) fn run(args: &GcArgs, settings: &Settings) -> Result<Ending, Stop> {
    let options = GcOptions {
        grace: args.grace,
        untagged: args.untagged,
        sweep: match args.dry_run {
            true => Sweep::Count,
            false => Sweep::Remove,
        },
        ..GcOptions::at(settings.now())
    };
    let maintainer = maintainer(settings)?;
    let report = run_writing(maintainer.gc(directory(&args.path), &options))?;
    let document = document(&report, options.sweep);
    settings
        .printer
        .summary(&document, || human(&document))
        .map_err(output)?;
    let problems = report.repositories.iter();
    let problems: Vec<Diagnostic> = problems
        .filter_map(|found| found.problem.as_ref().map(Diagnostic::of_store))
        .collect();
    if !problems.is_empty() {
        return Err(Failure::from(problems).into());
    }
    Ok(match (report.is_clean(), options.sweep) {
        (false, Sweep::Count) => Ending::ToDo,
        _ => Ending::Done,
    })
}

fn document(report: &GcReport, sweep: Sweep) -> GcDocument {
    let repository = |found: &GcRepository| GcRepositoryEntry {
        repository: match report.swept {
            Checked::Layout => None,
            Checked::Layouts(_) => found.place.name.as_ref().map(ToString::to_string),
        },
        content: swept(found.content),
        leftovers: swept(found.leftovers),
        young: swept(found.young),
        untagged: found.untagged,
        problem: found.problem.as_ref().map(|error| chain(error)),
    };
    GcDocument {
        version: 1,
        path: report.path.to_string_lossy().into_owned(),
        outcome: match (report.is_clean(), sweep) {
            (true, _) => "clean",
            (false, Sweep::Count) => "planned",
            (false, Sweep::Remove) => "swept",
        },
        repositories: report.repositories.iter().map(repository).collect(),
        uploads: swept(report.uploads),
        total: swept(report.total()),
    }
}

fn swept(swept: Swept) -> SweptEntry {
    SweptEntry {
        files: swept.files,
        bytes: swept.bytes,
    }
}

fn human(document: &GcDocument) -> String {
    let mut table = Table::new(&[
        ("REPOSITORY", Align::Left),
        ("FILES", Align::Right),
        ("SIZE", Align::Right),
        ("UNTAGGED", Align::Right),
        ("LEFTOVERS", Align::Right),
        ("", Align::Left),
    ]);
    for entry in &document.repositories {
        let files = entry.content.files + entry.leftovers.files;
        if files + entry.untagged == 0 && entry.problem.is_none() {
            continue;
        }
        table.row([
            entry.repository.as_deref().unwrap_or(&document.path),
            &entry.content.files.to_string(),
            &size(entry.content.bytes),
            &entry.untagged.to_string(),
            &entry.leftovers.files.to_string(),
            entry
                .problem
                .as_ref()
                .map_or("", |_| "not finished, for the error below"),
        ]);
    }
    if document.uploads.files > 0 {
        let files = document.uploads.files.to_string();
        let uploads = size(document.uploads.bytes);
        table.row(["(uploads)", &files, &uploads, "", "", ""]);
    }
    let table = match table.is_empty() {
        true => String::new(),
        false => format!("{table}\n"),
    };
    let files = usize::try_from(document.total.files).unwrap_or(usize::MAX);
    let amount = format!("{} ({})", count(files, "file"), size(document.total.bytes));
    let place = format!(
        "{} in {}",
        count(document.repositories.len(), "repository"),
        shown(&document.path)
    );
    match document.outcome {
        "swept" => format!("{table}{place}: removed {amount}\n"),
        "planned" => format!("{table}{place}: would remove {amount}\n"),
        _ => format!("{table}{place}: nothing to remove\n"),
    }
}
