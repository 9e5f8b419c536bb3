//! `publish module PATH REF`

use tofu_oci::publish::{Latest, LatestChange, ModuleOptions, ModuleReport};
use tofu_oci::types::artifact::Profile;
use tofu_oci::types::oci::Address;

use super::publish_provider::{Shared, ending, headline, moved, outcome, plain, publisher};
use super::{Ending, output};
use crate::args::{ModuleProfile, PublishModuleArgs};
use crate::document::{ModuleDocument, PublishedModuleEntry};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{Format, Verbosity, count, shown, size};
use crate::settings::Settings;

pub(super) fn run(args: PublishModuleArgs, settings: &Settings) -> Result<Ending, Stop> {
    let shared = Shared::read(&args.shared)?;
    let options = ModuleOptions {
        source: args.source,
        version: args.version,
        created: args.shared.created,
        annotations: shared.annotations,
        profile: match args.profile {
            _ if args.shared.plain => plain(&args.shared, "--plain")?,
            ModuleProfile::Referrers | ModuleProfile::Auto => Profile::Referrers,
            ModuleProfile::Plain => plain(&args.shared, "--profile plain")?,
        },
        existing: shared.existing,
        latest: if args.no_latest {
            Latest::Leave
        } else {
            Latest::Follow
        },
        writes: shared.writes,
        ..ModuleOptions::new(&settings.scratch)
    };
    let publisher = publisher(settings, options.writes)?;
    let report = run_writing(publisher.module(&args.path, &args.reference, &options))?;
    let document = document(&report);
    let printer = &settings.printer;
    if printer.format == Format::Human && printer.verbosity == Verbosity::Quiet {
        let pinned = document
            .module
            .source
            .as_ref()
            .unwrap_or(&document.module.pinned);
        printer
            .result(&document, || format!("{}\n", shown(pinned)))
            .map_err(output)?;
        return Ok(ending(report.outcome));
    }
    printer
        .result(&document, || human(&document))
        .map_err(output)?;
    if let (Address::Directory(directory), Some(_)) = (&report.address, &document.module.source) {
        let path = directory.path.display();
        printer.note(format_args!(
            "HOST is any registry host; `tofu-oci install --module-from HOST=dir:{path}` reads its modules from this directory"
        ));
    }
    Ok(ending(report.outcome))
}

/// The `source` of a call that means exactly this package. A directory has no host, and a
/// repository without a name has no place in a source.
fn source(report: &ModuleReport) -> Option<String> {
    let name = report.address.name()?;
    let host = match &report.address {
        Address::Registry(reference) => reference.host.as_str(),
        Address::Directory(_) => "HOST",
    };
    Some(format!("oci://{host}/{name}?digest={}", report.digest))
}

fn document(report: &ModuleReport) -> ModuleDocument {
    ModuleDocument {
        version: 1,
        module: PublishedModuleEntry {
            reference: report.address.at_tag(&report.tag).to_string(),
            pinned: report.address.at_digest(&report.digest).to_string(),
            source: source(report),
            version: report.version.to_string(),
            tag: report.tag.to_string(),
            digest: report.digest.to_string(),
            outcome: outcome(report.outcome),
            replaced: report.replaced.as_ref().map(ToString::to_string),
            filename: report.filename.clone(),
            size: report.size,
            h1: report.h1.to_string(),
            files: report.files,
            latest: match report.latest {
                LatestChange::Moved => "moved",
                LatestChange::Unchanged => "unchanged",
                LatestChange::NotNewest => "not-newest",
                LatestChange::Left => "left",
                LatestChange::Failed => "failed",
            },
            bytes: report.bytes,
        },
    }
}

fn human(document: &ModuleDocument) -> String {
    let module = &document.module;
    let latest = match module.latest {
        "moved" if module.outcome == "planned" => "; it would be the latest",
        "moved" | "unchanged" => "; it is the latest",
        "not-newest" => "; the tag latest stays at another version",
        _ => "",
    };
    let source = module.source.as_ref().map_or_else(String::new, |source| {
        format!("\nsource = \"{}\"\n", shown(source))
    });
    format!(
        "{}{latest}\n  {}\n  {}: {}, {}\n  {}\n{source}",
        headline(
            module.outcome,
            &module.reference,
            module.replaced.as_deref()
        ),
        shown(&module.digest),
        shown(&module.filename),
        count(module.files, "file"),
        size(module.size),
        moved(module.outcome, module.bytes),
    )
}
