//! `copy SRC DST`

use tofu_oci::install::Writes;
use tofu_oci::promote::{Amount, Extent, PromoteOptions, PromoteOutcome, PromoteReport, Promoter};
use tofu_oci::publish::Existing;
use tofu_oci::store::{Files, Referrers};

use super::{Ending, output, progress};
use crate::args::CopyArgs;
use crate::document::{AmountEntry, CopiedEntry, CopyDocument};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{count, shown, size};
use crate::settings::Settings;

pub(super) fn run(args: &CopyArgs, settings: &Settings) -> Result<Ending, Stop> {
    let options = PromoteOptions {
        extent: match args.all_tags {
            true => Extent::AllTags,
            false => Extent::Named,
        },
        referrers: match args.no_referrers {
            true => Referrers::None,
            false => Referrers::All,
        },
        existing: match args.force {
            true => Existing::Replace,
            false => Existing::Keep,
        },
        writes: match args.dry_run {
            true => Writes::DryRun,
            false => Writes::Execute,
        },
        jobs: Some(settings.jobs),
    };
    let promoter = Promoter {
        connect: settings.connect(&Files::new())?,
        progress: progress(settings, options.writes),
    };
    let report = run_writing(promoter.promote(&args.source, &args.destination, &options))?;
    let document = document(&report);
    settings
        .printer
        .summary(&document, || human(&document))
        .map_err(output)?;
    Ok(match report.outcome {
        PromoteOutcome::Planned => Ending::ToDo,
        PromoteOutcome::Copied | PromoteOutcome::Unchanged => Ending::Done,
    })
}

fn document(report: &PromoteReport) -> CopyDocument {
    let amount = |amount: Amount| AmountEntry {
        blobs: amount.blobs,
        bytes: amount.bytes,
    };
    CopyDocument {
        version: 1,
        source: report.source.to_string(),
        destination: report.destination.to_string(),
        outcome: match report.outcome {
            PromoteOutcome::Copied => "copied",
            PromoteOutcome::Unchanged => "unchanged",
            PromoteOutcome::Planned => "planned",
        },
        copied: report
            .roots
            .iter()
            .map(|(digest, tag)| CopiedEntry {
                digest: digest.to_string(),
                tag: tag.as_ref().map(ToString::to_string),
            })
            .collect(),
        manifests: report.manifests,
        sent: amount(report.sent),
        mounted: amount(report.mounted),
        present: amount(report.present),
    }
}

fn human(document: &CopyDocument) -> String {
    let place = format!(
        "{} to {}",
        shown(&document.source),
        shown(&document.destination)
    );
    let mut text = match document.outcome {
        "copied" => format!("Copied {place}\n"),
        "planned" => format!("Would copy {place}\n"),
        _ => format!("Unchanged: {} has it all\n", shown(&document.destination)),
    };
    for root in &document.copied {
        let tag = root.tag.as_deref().unwrap_or("no tag");
        text.push_str(&format!("  {}  {}\n", shown(&root.digest), shown(tag)));
    }
    if document.outcome != "unchanged" {
        let amount = |amount: &AmountEntry| {
            format!("{} ({})", count(amount.blobs, "blob"), size(amount.bytes))
        };
        let sent = match document.outcome {
            "planned" => "to send",
            _ => "sent",
        };
        text.push_str(&format!(
            "\n{}; {sent}: {}, mounted: {}, there already: {}\n",
            count(document.manifests, "manifest"),
            amount(&document.sent),
            amount(&document.mounted),
            amount(&document.present)
        ));
    }
    text
}
