//! `delete REF`

use tofu_oci::install::Writes;
use tofu_oci::maintain::{DeleteOptions, DeleteReport, Deletes, Versions};
use tofu_oci::types::oci::Descriptor;

use super::{Ending, maintainer, output};
use crate::args::DeleteArgs;
use crate::document::{DeleteDocument, RemainingEntry};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{count, shown};
use crate::settings::Settings;

pub(super) fn run(args: &DeleteArgs, settings: &Settings) -> Result<Ending, Stop> {
    let options = DeleteOptions {
        versions: match args.yes {
            true => Versions::Delete,
            false => Versions::Keep,
        },
        writes: match args.dry_run {
            true => Writes::DryRun,
            false => Writes::Execute,
        },
    };
    let maintainer = maintainer(settings)?;
    let report = run_writing(maintainer.delete(&args.reference, &options))?;
    let document = document(&report);
    settings
        .printer
        .summary(&document, || human(&document))
        .map_err(output)?;
    Ok(match report.writes {
        Writes::DryRun => Ending::ToDo,
        Writes::Execute => Ending::Done,
    })
}

fn document(report: &DeleteReport) -> DeleteDocument {
    let remaining = |manifest: &Descriptor| RemainingEntry {
        digest: manifest.digest.to_string(),
        artifact_type: manifest.artifact_type.as_ref().map(ToString::to_string),
    };
    DeleteDocument {
        version: 1,
        reference: report.address.to_string(),
        digest: report.manifest.digest.to_string(),
        deletes: match report.deletes {
            Deletes::Tag => "tag",
            Deletes::Manifest => "manifest",
        },
        outcome: match report.writes {
            Writes::DryRun => "planned",
            Writes::Execute => "deleted",
        },
        tags: report.tags.iter().map(ToString::to_string).collect(),
        children: report.children.iter().map(remaining).collect(),
        referrers: report.referrers.iter().map(remaining).collect(),
    }
}

fn human(document: &DeleteDocument) -> String {
    let verb = match document.outcome {
        "planned" => "Would delete",
        _ => "Deleted",
    };
    let mut text = format!("{verb} {}", shown(&document.reference));
    if document.deletes == "tag" {
        text.push_str(&format!(
            "\n  stays: the manifest {}\n",
            shown(&document.digest)
        ));
    } else {
        if !document.tags.is_empty() {
            text.push_str(&format!(
                " and its tags: {}",
                shown(document.tags.join(", "))
            ));
        }
        text.push('\n');
        if !document.children.is_empty() {
            let listed = count(document.children.len(), "manifest");
            text.push_str(&format!("  stays: {listed} that it lists\n"));
        }
    }
    for referrer in &document.referrers {
        let kind = referrer.artifact_type.as_deref().unwrap_or("no type");
        text.push_str(&format!(
            "  stays: {} ({}), which refers to it\n",
            shown(&referrer.digest),
            shown(kind)
        ));
    }
    text
}
