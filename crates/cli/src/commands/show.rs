//! `show REF`

use tofu_oci::inspect::{ManifestKind, ManifestProblem, Shown, ShownManifest};
use tofu_oci::types::artifact::annotation;
use tofu_oci::types::oci::Descriptor;
use tofu_oci::types::tofu::Platform;

use super::{Ending, inspector, output};
use crate::args::ShowArgs;
use crate::diagnostic::chain;
use crate::document::{EmbeddedEntry, LayerEntry, NodeEntry, ShowDocument};
use crate::interrupt::{Stop, run_reading};
use crate::printer::{Tree, Verbosity, size};
use crate::settings::Settings;

pub(super) fn run(args: &ShowArgs, settings: &Settings) -> Result<Ending, Stop> {
    let inspector = inspector(settings)?;
    let shown = run_reading(inspector.show(&args.reference))?;
    let document = document(&shown);
    let printer = &settings.printer;
    let human = || {
        let mut tree = tree(&document.root, printer.verbosity);
        tree.title(match &shown.tag {
            Some(tag) => args.reference.at_tag(tag).to_string(),
            None => document.reference.clone(),
        });
        tree.draw(printer.glyphs)
    };
    printer.result(&document, human).map_err(output)?;
    Ok(Ending::Done)
}

fn document(shown: &Shown) -> ShowDocument {
    ShowDocument {
        version: 1,
        reference: shown.address.to_string(),
        tag: shown.tag.as_ref().map(ToString::to_string),
        root: node(&shown.root),
    }
}

fn node(manifest: &ShownManifest) -> NodeEntry {
    let descriptor = &manifest.descriptor;
    NodeEntry {
        kind: kind(&manifest.kind),
        media_type: descriptor.media_type.to_string(),
        digest: descriptor.digest.to_string(),
        size: descriptor.size,
        platform: descriptor
            .platform
            .as_ref()
            .and_then(Platform::from_oci)
            .map(|platform| platform.to_string()),
        annotations: manifest.annotations.clone(),
        entry_annotations: descriptor.annotations.clone(),
        layers: manifest.layers.iter().map(layer).collect(),
        embedded: manifest
            .embedded
            .iter()
            .map(|document| EmbeddedEntry {
                kind: document.kind.name(),
                layers: document.layers.iter().map(layer).collect(),
            })
            .collect(),
        children: manifest.children.iter().map(node).collect(),
        referrers: manifest.referrers.iter().map(node).collect(),
        problem: manifest.problem.as_ref().map(problem),
    }
}

fn kind(kind: &ManifestKind) -> String {
    match kind {
        ManifestKind::Provider => "provider".to_owned(),
        ManifestKind::Target(_) => "package".to_owned(),
        ManifestKind::Module => "module".to_owned(),
        ManifestKind::Attachment(kind) => kind.name().to_owned(),
        ManifestKind::Other(Some(artifact_type)) => artifact_type.clone(),
        ManifestKind::Other(None) => "manifest".to_owned(),
    }
}

fn problem(problem: &ManifestProblem) -> String {
    match problem {
        ManifestProblem::Unreadable(error) => chain(error),
        ManifestProblem::Broken(error) => chain(error),
        ManifestProblem::Referrers(error) => {
            format!("its referrers cannot be listed: {}", chain(error))
        }
        ManifestProblem::Evidence(error) => chain(error),
    }
}

fn layer(layer: &Descriptor) -> LayerEntry {
    LayerEntry {
        filename: layer.annotations.get(annotation::TITLE).cloned(),
        media_type: layer.media_type.to_string(),
        digest: layer.digest.to_string(),
        size: layer.size,
    }
}

fn tree(node: &NodeEntry, verbosity: Verbosity) -> Tree {
    let what = match &node.platform {
        Some(platform) if node.kind == "package" => platform.clone(),
        Some(platform) => format!("{} for {platform}", node.kind),
        None => node.kind.clone(),
    };
    let mut tree = Tree::new(format_args!("{what}  {}", node.digest));
    if let Some(problem) = &node.problem {
        tree.line(format_args!("problem: {problem}"));
    }
    let all = verbosity == Verbosity::Verbose;
    for (key, value) in &node.annotations {
        tree.line(format_args!("{key} = {value}"));
    }
    for (key, value) in &node.entry_annotations {
        // What the entry repeats of the package is of interest to those who look closely.
        if all || key == annotation::PACKAGE_H1 {
            tree.line(format_args!("{key} = {value}"));
        }
    }
    for layer in &node.layers {
        tree.child(leaf(layer));
    }
    for document in &node.embedded {
        let mut below = Tree::new(format_args!("{} inside the manifest", document.kind));
        for layer in &document.layers {
            below.child(leaf(layer));
        }
        tree.child(below);
    }
    for below in node.children.iter().chain(&node.referrers) {
        tree.child(self::tree(below, verbosity));
    }
    tree
}

/// A file.
fn leaf(layer: &LayerEntry) -> Tree {
    let name = layer.filename.as_deref().unwrap_or(&layer.media_type);
    Tree::new(format_args!(
        "{name}  {}  {}",
        size(layer.size),
        layer.digest
    ))
}
