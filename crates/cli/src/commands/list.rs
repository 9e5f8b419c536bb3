//! `list REF`

use tofu_oci::inspect::{Contents, DirectoryListing, Listing, RepositoryListing, TagNote};

use super::{Ending, inspector, output};
use crate::args::ListArgs;
use crate::diagnostic::chain;
use crate::document::{
    ListDocument, RepositoriesDocument, RepositoryEntry, TagEntry, VersionEntry,
};
use crate::interrupt::{Stop, run_reading};
use crate::printer::{Align, Table, size};
use crate::settings::Settings;

/// How many hex digits of a digest are shown where it is not the point.
const SHORT: usize = "sha256:".len() + 12;

pub(super) fn run(args: &ListArgs, settings: &Settings) -> Result<Ending, Stop> {
    let inspector = inspector(settings)?;
    let printer = &settings.printer;
    match run_reading(inspector.list(&args.reference))? {
        Listing::Repository(listing) => {
            let document = repository(&listing);
            printer.result(&document, || versions(&document))
        }
        Listing::Directory(listing) => {
            let document = directory(&listing);
            printer.result(&document, || repositories(&document))
        }
    }
    .map_err(output)?;
    Ok(Ending::Done)
}

fn repository(listing: &RepositoryListing) -> ListDocument {
    let version = |version: &tofu_oci::inspect::ListedVersion| {
        let (kind, problem) = match &version.contents {
            Contents::Provider { .. } => ("provider", None),
            Contents::Module => ("module", None),
            Contents::Other(_) => ("other", None),
            Contents::Broken(error) => ("broken", Some(chain(error))),
            Contents::Unreadable(error) => ("unreadable", Some(chain(error))),
        };
        let platforms = match &version.contents {
            Contents::Provider { platforms } => platforms.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        VersionEntry {
            version: version.version.to_string(),
            tag: version.tag.to_string(),
            digest: version.digest.to_string(),
            kind,
            platforms,
            size: version.size,
            created: version.created.map(|created| created.to_string()),
            problem,
        }
    };
    let tag = |tag: &tofu_oci::inspect::ListedTag| {
        let (note, version) = match &tag.note {
            TagNote::Plain => ("plain", None),
            TagNote::Misleading(version) => ("misleading", Some(version.to_string())),
            TagNote::Invisible(version) => ("invisible", Some(version.to_string())),
        };
        TagEntry {
            tag: tag.tag.to_string(),
            digest: tag.digest.as_ref().map(ToString::to_string),
            note,
            version,
        }
    };
    ListDocument {
        version: 1,
        repository: listing.address.to_string(),
        versions: listing.versions.iter().map(version).collect(),
        tags: listing.tags.iter().map(tag).collect(),
    }
}

fn directory(listing: &DirectoryListing) -> RepositoriesDocument {
    let repository = |repository: &tofu_oci::inspect::ListedRepository| {
        let (versions, other_tags, problem) = match &repository.tags {
            Ok((versions, others)) => (versions.as_slice(), *others, None),
            Err(error) => (&[][..], 0, Some(chain(error))),
        };
        RepositoryEntry {
            name: repository.name.to_string(),
            reference: repository.address.to_string(),
            versions: versions.iter().map(ToString::to_string).collect(),
            other_tags,
            problem,
        }
    };
    RepositoriesDocument {
        version: 1,
        directory: listing.path.to_string_lossy().into_owned(),
        repositories: listing.repositories.iter().map(repository).collect(),
    }
}

fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

fn versions(document: &ListDocument) -> String {
    let mut versions = Table::new(&[
        ("VERSION", Align::Left),
        ("KIND", Align::Left),
        ("PLATFORMS", Align::Left),
        ("SIZE", Align::Right),
        ("CREATED", Align::Left),
        ("DIGEST", Align::Left),
        ("", Align::Left),
    ]);
    for entry in &document.versions {
        versions.row([
            entry.version.as_str(),
            entry.kind,
            &entry.platforms.join(", "),
            &entry.size.map(size).unwrap_or_default(),
            entry.created.as_deref().unwrap_or_default(),
            short(&entry.digest),
            entry.problem.as_deref().unwrap_or_default(),
        ]);
    }
    let mut tags = Table::new(&[
        ("TAG", Align::Left),
        ("DIGEST", Align::Left),
        ("", Align::Left),
    ]);
    for entry in &document.tags {
        let digest = entry.digest.as_deref().unwrap_or_default();
        let same = document
            .versions
            .iter()
            .find(|version| version.digest == digest);
        let note = match (entry.note, same) {
            ("plain", Some(version)) => format!("is {}", version.version),
            ("plain", None) => String::new(),
            (note, _) => note.to_owned(),
        };
        tags.row([entry.tag.as_str(), short(digest), &note]);
    }
    match (versions.is_empty(), tags.is_empty()) {
        (true, true) => "there are no tags\n".to_owned(),
        (false, true) => versions.to_string(),
        (true, false) => tags.to_string(),
        (false, false) => format!("{versions}\n{tags}"),
    }
}

fn repositories(document: &RepositoriesDocument) -> String {
    let mut table = Table::new(&[
        ("REPOSITORY", Align::Left),
        ("VERSIONS", Align::Right),
        ("NEWEST", Align::Left),
        ("OTHER TAGS", Align::Right),
        ("", Align::Left),
    ]);
    for entry in &document.repositories {
        table.row([
            entry.name.as_str(),
            &entry.versions.len().to_string(),
            entry.versions.last().map_or("", String::as_str),
            &entry.other_tags.to_string(),
            entry.problem.as_deref().unwrap_or_default(),
        ]);
    }
    table.to_string()
}
