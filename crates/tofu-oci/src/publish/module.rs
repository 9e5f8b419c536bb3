//! Publishing a module.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tofu_oci_store::{Blob, Put, StoreError, TagRule, WritableRepository};
use tofu_oci_trust::Expected;
use tofu_oci_trust::content::{Examine, NullSink, examine};
use tofu_oci_trust::zip::{Archive, ZipLimits};
use tofu_oci_trust::{TrustError, VerifiedPackage};
use tofu_oci_types::artifact::{
    MODULE_PACKAGE, ModuleArtifact, ModuleDraft, ModuleManifest, PACKAGE_LAYER, Timestamp,
};
use tofu_oci_types::oci::{Address, Descriptor, Manifest, Tag};
use tofu_oci_types::tofu::Version;

use super::destination::Destination;
use super::module_files::{find, is_configuration, read_error};
use super::module_tags::stage;
use super::module_zip::{MeasuredModule, Spool, Tree};
use super::package::CheckedZip;
use super::repair::Lost;
use super::{
    Existing, LatestChange, ModuleOptions, ModuleReport, PublishError, PublishOutcome, Publisher,
    blocking, version_tag,
};
use crate::{Outcome, Warning, Work};

/// A module that can be published, before anything was written.
pub(super) struct ModulePlan {
    path: PathBuf,
    pub(super) version: Version,
    pub(super) tag: Tag,
    filename: String,
    content: Content,
}

/// Where the zip comes from.
enum Content {
    /// It is there.
    Zip(Arc<CheckedZip>),
    /// It is made of files.
    Directory(Arc<MeasuredModule>),
}

/// What the zip is.
struct Packed {
    layer: Descriptor,
    tree: Tree,
    created: Option<Timestamp>,
    put: Option<Put>,
}

impl Publisher {
    /// Reads the module's files, or the structure of its zip.
    pub(super) async fn plan_module(
        &self,
        path: &Path,
        address: &Address,
        options: &ModuleOptions,
    ) -> Result<ModulePlan, PublishError> {
        let tagged = version_tag::tagged(address)?;
        let version = options
            .version
            .clone()
            .or(tagged)
            .ok_or(PublishError::NoVersion)?;
        let tag = version_tag::tag_of(&version, address)?;
        let name = address.name().and_then(|name| name.components().last());
        let filename = format!("{}-{version}.zip", name.unwrap_or("module"));
        let this = self.clone();
        let (place, named, created) = (path.to_owned(), filename.clone(), options.created);
        let work = move || this.read_module(&place, &named, created);
        Ok(ModulePlan {
            content: blocking(path, work).await?,
            path: path.to_owned(),
            version,
            tag,
            filename,
        })
    }

    fn read_module(
        &self,
        path: &Path,
        filename: &str,
        created: Option<Timestamp>,
    ) -> Result<Content, PublishError> {
        let failed = |source| read_error(path, source);
        let real = self.files.canonicalize(path).map_err(failed)?;
        let metadata = self.files.metadata(&real).map_err(failed)?;
        if metadata.is_some_and(|metadata| metadata.is_dir()) {
            let found = find(&self.files, path, &self.progress)?;
            let measured = MeasuredModule::measure(&self.files, found, created)?;
            return Ok(Content::Directory(Arc::new(measured)));
        }
        let zip = CheckedZip::open(&self.files, path, filename)?;
        zip.warn_structure(&self.progress);
        let entries = zip.archive.entries();
        if entries.iter().all(tofu_oci_trust::zip::Entry::is_dir) {
            return Err(PublishError::EmptyModule {
                path: path.to_owned(),
            });
        }
        if !entries.iter().any(|entry| is_configuration(entry.name())) {
            self.progress.warn(Warning::Package {
                filename: filename.to_owned(),
                problem: "the module has no configuration file in its root".to_owned(),
            });
        }
        Ok(Content::Zip(Arc::new(zip)))
    }

    /// Sends the zip, or only looks into it, and gives the tags.
    pub(super) async fn execute_module(
        &self,
        plan: ModulePlan,
        to: &Destination,
        options: &ModuleOptions,
    ) -> Result<ModuleReport, PublishError> {
        let existing = to.head(&plan.tag).await?;
        let absent = existing.is_none();
        let mut versions = Vec::new();
        if absent {
            versions = to.versions().await?;
            version_tag::refuse_twin(to, &plan.version, &versions)?;
            version_tag::refuse_mixed(to, &MODULE_PACKAGE, None, &versions).await?;
        }
        let writer = to.writer().filter(|_| absent);
        let mut packed = self.pack(&plan, writer, options).await?;
        let manifest = ModuleArtifact::write(&draft(&plan, &packed, options)).manifest;
        let replaced = existing.filter(|old| old.digest != *manifest.digest());
        if replaced.is_some() {
            // The same digest is the same kind of thing, and needs no look.
            version_tag::refuse_mixed(to, &MODULE_PACKAGE, Some(&plan.tag), &versions).await?;
        }
        let (root, replaced) = match replaced {
            None => (manifest, None),
            Some(old) if options.existing == Existing::Replace => (manifest, Some(old)),
            Some(old) => {
                let kept = self.same_module(&plan, &packed.tree, to, options).await?;
                match kept {
                    Some(kept) => (kept, None),
                    None => {
                        return Err(PublishError::VersionExists {
                            place: to.place(),
                            tag: plan.tag,
                            existing: old.digest,
                            new: manifest.digest().clone(),
                        });
                    }
                }
            }
        };
        let new = absent || replaced.is_some();
        if let (Some(_), Some(writer)) = (&replaced, to.writer()) {
            packed.put = Some(
                self.send_module(&plan, &packed.layer, (writer, false), options)
                    .await?,
            );
        }
        let lost = match new {
            true => Lost::default(),
            false => {
                let read = options.existing == Existing::Replace;
                to.lost(std::slice::from_ref(&root), read).await?
            }
        };
        self.repair_module(&plan, (&root, &lost), &mut packed, to, options)
            .await?;
        let rule = match &replaced {
            Some(old) => TagRule::Move {
                from: old.digest.clone(),
            },
            None => TagRule::Create,
        };
        let (copied, latest) = self.give_tags(&plan, (&root, rule), to, options).await?;
        if (new || !lost.is_empty()) && copied.is_some() {
            to.read_back(&plan.tag, &root).await?;
        }
        let moved = latest == LatestChange::Moved;
        let outcome = match &copied {
            _ if !new && !moved && lost.is_empty() => PublishOutcome::Unchanged,
            None => PublishOutcome::Planned,
            Some(_) if new => PublishOutcome::Published,
            Some(_) => PublishOutcome::Completed,
        };
        let bytes = match &copied {
            Some(report) => {
                let sent = packed.put == Some(Put::Uploaded);
                report.bytes_sent() + if sent { packed.layer.size } else { 0 }
            }
            None if !new => lost.bytes(),
            None if !to.has(&packed.layer).await? => packed.layer.size,
            None => 0,
        };
        Ok(ModuleReport {
            address: to.address.clone(),
            version: plan.version,
            tag: plan.tag,
            digest: root.digest().clone(),
            outcome,
            replaced: replaced.map(|old| old.digest),
            filename: plan.filename,
            size: packed.layer.size,
            h1: packed.tree.h1,
            files: packed.tree.files,
            latest,
            bytes,
        })
    }

    /// What the zip is; it is sent where there is somewhere to send it.
    async fn pack(
        &self,
        plan: &ModulePlan,
        writer: Option<&Arc<dyn WritableRepository>>,
        options: &ModuleOptions,
    ) -> Result<Packed, PublishError> {
        match &plan.content {
            Content::Zip(zip) => {
                let (package, put) = match writer {
                    Some(writer) => {
                        let (package, put) = self.send(zip, writer).await?;
                        (package, Some(put))
                    }
                    None => (self.examine(zip, None).await?, None),
                };
                Ok(Packed {
                    layer: zip.layer(package.digest().clone()),
                    tree: Tree::of(&package),
                    created: options.created.or_else(|| zip.created()),
                    put,
                })
            }
            Content::Directory(module) => {
                let (files, same) = (self.files.clone(), Arc::clone(module));
                let (digest, size) = blocking(&plan.path, move || same.digest(&files)).await?;
                let layer = Descriptor::new(PACKAGE_LAYER, digest, size);
                let put = match writer {
                    Some(writer) => {
                        let to = (writer, false);
                        Some(self.send_module(plan, &layer, to, options).await?)
                    }
                    None => None,
                };
                Ok(Packed {
                    layer,
                    tree: module.tree(),
                    created: options.created,
                    put,
                })
            }
        }
    }

    /// Sends again what was lost of a version that is there.
    async fn repair_module(
        &self,
        plan: &ModulePlan,
        (root, lost): (&Manifest, &Lost),
        packed: &mut Packed,
        to: &Destination,
        options: &ModuleOptions,
    ) -> Result<(), PublishError> {
        let Some(writer) = to.writer().filter(|_| !lost.is_empty()) else {
            return Ok(());
        };
        let mut rest = Lost {
            manifests: lost.manifests.clone(),
            blobs: lost.blobs.clone(),
        };
        if rest.blobs.remove(&packed.layer.digest).is_some() {
            let sent = self.send_module(plan, &packed.layer, (writer, true), options);
            packed.put = Some(sent.await?);
        }
        let manifests = std::slice::from_ref(root);
        let repaired = to.repair(stage(root), manifests, &plan.tag, &rest).await;
        repaired.map_err(|error| to.explain(error, &plan.tag, root.digest()))?;
        Ok(())
    }

    /// Sends the zip, whose digest is all that is left to check; with `lost`, also where something
    /// is in its place.
    async fn send_module(
        &self,
        plan: &ModulePlan,
        layer: &Descriptor,
        (writer, lost): (&Arc<dyn WritableRepository>, bool),
        options: &ModuleOptions,
    ) -> Result<Put, PublishError> {
        let failed = |source| PublishError::Send {
            path: plan.path.clone(),
            place: writer.place().to_string(),
            source,
        };
        if !lost && writer.has(layer).await.map_err(failed)? {
            return Ok(Put::Present);
        }
        let work = Work::Publish {
            filename: plan.filename.clone(),
        };
        let task = self.progress.begin(work, Some(layer.size));
        let (file, _spool) = match &plan.content {
            Content::Zip(zip) => (Arc::clone(&zip.file), None),
            Content::Directory(module) => {
                let (files, same) = (self.files.clone(), Arc::clone(module));
                let scratch = options.scratch.clone();
                let work = move || same.spool(&files, &scratch);
                let spool = blocking(&plan.path, work).await?;
                let file = spool.file().ok_or_else(|| PublishError::Interrupted {
                    path: plan.path.clone(),
                })?;
                (file, Some(spool))
            }
        };
        let range = 0..layer.size;
        let content = Blob::File { file, range };
        let put = match lost {
            true => writer.replace_blob(layer, content).await,
            false => writer.put_blob(layer, content).await,
        };
        let put = put.map_err(failed)?;
        task.advance(layer.size);
        task.end(Outcome::Done);
        Ok(put)
    }

    /// The manifest that the tag has, where it is the same module packed another way.
    async fn same_module(
        &self,
        plan: &ModulePlan,
        tree: &Tree,
        to: &Destination,
        options: &ModuleOptions,
    ) -> Result<Option<Manifest>, PublishError> {
        let Some(reader) = to.reader() else {
            return Ok(None);
        };
        let manifest = reader.manifest(&plan.tag.clone().into()).await;
        let manifest = manifest.map_err(|error| to.failed(error))?;
        let Ok(module) = ModuleManifest::read(&manifest) else {
            return Ok(None);
        };
        let fetched = self.fetch(&module.package, to, options).await?;
        let Some((file, _spool)) = fetched else {
            return Ok(None);
        };
        let layer = module.package.clone();
        let work = move || look_into(file.file(), &layer);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(package)) => Ok((Tree::of(&package) == *tree).then_some(manifest)),
            // What is there is no package that anybody could use: it is not the same.
            _ => Ok(None),
        }
    }

    /// The blob as a file.
    async fn fetch(
        &self,
        layer: &Descriptor,
        to: &Destination,
        options: &ModuleOptions,
    ) -> Result<Option<(Arc<fs_err::File>, Option<Spool>)>, PublishError> {
        let Some(reader) = to.reader() else {
            return Ok(None);
        };
        let failed = |error: StoreError| to.failed(error);
        let mut part = match reader.blob_part(layer, 0..layer.size).await {
            Ok(part) => part,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if let Some((file, range)) = part.as_file()
            && range.start == 0
        {
            return Ok(Some((Arc::clone(file), None)));
        }
        let scratch = |source| PublishError::Scratch {
            path: options.scratch.clone(),
            source,
        };
        let mode = tofu_oci_store::files::FileMode::Private;
        let created = self
            .files
            .create_temporary(&options.scratch, "module.zip", mode);
        let mut writer = created.map_err(scratch)?;
        let spool = Spool::new(&self.files, writer.path().to_owned());
        while let Some(chunk) = part.next().await.map_err(failed)? {
            let work = tokio::task::spawn_blocking(move || {
                let written = writer.write_all(&chunk);
                written.map(|()| writer)
            });
            writer = work
                .await
                .map_err(|e| scratch(e.into()))?
                .map_err(scratch)?;
        }
        let spool = spool.filled(writer.into_file());
        Ok(spool.file().map(|file| (file, Some(spool))))
    }
}

fn draft(plan: &ModulePlan, packed: &Packed, options: &ModuleOptions) -> ModuleDraft {
    ModuleDraft {
        version: Some(plan.version.clone()),
        source: options.source.clone(),
        filename: plan.filename.clone(),
        digest: packed.layer.digest.clone(),
        size: packed.layer.size,
        created: packed.created,
        annotations: options.annotations.clone(),
        profile: options.profile,
    }
}

/// Proves that a file is the blob `layer`, and what is in it. Blocks.
fn look_into(file: &std::fs::File, layer: &Descriptor) -> Result<VerifiedPackage, TrustError> {
    let archive = Arc::new(Archive::read(file, layer.size, &ZipLimits::default())?);
    let examined = examine(file, &archive, Box::new(NullSink), Examine::default())?;
    VerifiedPackage::verify(examined, &Expected::layer(layer))
}
